"""A photo and its copy through a decoder, alike in content, brightness, contrast and sharpness.

A detector must not learn that copies are darker, softer or smoother than photos: GANs that it meets later are not. What
is left to tell the two apart is the trace of the decoder, which repeats with the period of its up-sampling.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from scipy import fft

Image = npt.NDArray[np.uint8]
Levels = npt.NDArray[np.float32]

Decoder = Callable[[Levels, int], Levels]
"""Reconstructs an image, float32 (H, W, 3) in 8-bit levels on both sides; the number seeds what it draws."""

_CONTENT_SIGMA_PX: Final = (1.5, 4.0)  # coarser than this, a copy is the photo itself
_TRACE_SHARE: Final = (0.3, 1.0)  # of the copy's own detail; the rest is the photo's
_MOST_RINGS: Final = 96
_SHARPENED: Final = 0.3  # of all copies; in the other pairs the photo is softened
_SOFTENING: Final = (0.1, 6.0)  # bounds of gains
_SHARPENING: Final = (0.5, 2.0)  # more would make noise of what is no trace
_FLOOR: Final = 1e-3  # of the power spectrum, against 0 / 0 in flat images


class Pair(NamedTuple):
    """RGB uint8 (H, W, 3), both."""

    real: Image
    fake: Image


def make_pair(photo: Image, decode: Decoder, rng: np.random.Generator) -> Pair:
    """Copy a photo through a decoder, and make both equally sharp.

    The copy keeps the photo's own coarse content, and a random share of its fine detail. Its power spectrum, averaged
    over rings of equal frequency, is then made that of the photo in three of ten pairs; in the others the photo's is
    made that of the copy: a filter that looks the same in all directions can add or remove blur, but no period.

    Args:
        photo: RGB uint8 (H, W, 3).
        decode: Of a generator.
        rng: Of this pair.
    """
    levels = photo.astype(np.float32)
    sigma_px, share, sharpen = rng.uniform(*_CONTENT_SIGMA_PX), rng.uniform(*_TRACE_SHARE), rng.random() < _SHARPENED
    decoded = decode(levels, int(rng.integers(2**31)))
    copy = decoded + cv2.GaussianBlur(levels - decoded, (0, 0), sigma_px)
    copy = levels + np.float32(share) * (copy - levels)
    if sharpen:
        return Pair(photo, _round(match_sharpness(copy, levels, _SHARPENING)))
    return Pair(_round(match_sharpness(levels, copy, _SOFTENING)), _round(copy))


def match_sharpness(levels: Levels, wanted: Levels, bounds: tuple[float, float]) -> Levels:
    """Filter an image so that its power on each ring of frequencies is that of another image of its size.

    Args:
        levels: Float32 (H, W, 3) in 8-bit levels.
        wanted: Likewise.
        bounds: Of the gains, so that what is not there at all is not invented.

    Returns:
        Float32 (H, W, 3), of the image's own mean color.
    """
    mean = levels.mean((0, 1))
    places, sizes = _find_rings(*levels.shape[:2])
    # A cosine transform takes the image as mirrored at each border, so that no seam adds power at all frequencies.
    spectrum, goal = (fft.dctn(each - each.mean((0, 1)), axes=(0, 1), norm="ortho") for each in (levels, wanted))
    spectrum[0, 0] = goal[0, 0] = 0  # what rounding left of the mean
    gains = np.sqrt(_average_rings(goal, places, sizes) / _average_rings(spectrum, places, sizes))
    gains = np.clip(gains, *bounds)
    gains[0] = gains[1]
    gains = np.convolve(np.pad(gains, 1, mode="edge"), (0.25, 0.5, 0.25), "valid")
    smooth = np.interp(places, np.arange(len(gains)), gains).astype(np.float32)[..., None]
    return np.asarray(fft.idctn(spectrum * smooth, axes=(0, 1), norm="ortho") + mean, np.float32)


@lru_cache(maxsize=4)
def _find_rings(height: int, width: int) -> tuple[Levels, npt.NDArray[np.int64]]:
    """Find on which ring each coefficient of a transform lies, as a fraction, and how many lie on each.

    None lies on ring 0, where the mean alone would be; small images have fewer rings, so that no other is empty.
    """
    radius = np.hypot(*np.meshgrid(np.arange(height) / height, np.arange(width) / width, indexing="ij"))
    num_rings = min(_MOST_RINGS, height, width)
    places = np.clip(radius / np.sqrt(2) * (num_rings - 1), 1, num_rings - 1)
    return places.astype(np.float32), np.bincount(np.rint(places).astype(np.int64).ravel(), minlength=num_rings)


def _average_rings(spectrum: Levels, places: Levels, sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    power = np.square(spectrum).sum(2)
    totals = np.bincount(np.rint(places).astype(np.int64).ravel(), weights=power.ravel(), minlength=len(sizes))
    return np.asarray(totals / np.maximum(sizes, 1) + _FLOOR)


def _round(levels: Levels) -> Image:
    return np.asarray(np.clip(np.rint(levels), 0, 255), np.uint8)
