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
_MARGIN_PX: Final = 32  # mirrored at each border, against the seam of the Fourier transform
_NUM_RINGS: Final = 96
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
        Float32 (H, W, 3).
    """
    height, width = levels.shape[:2]
    places, sizes = _find_rings(height + 2 * _MARGIN_PX, width + 2 * _MARGIN_PX)
    spectrum = _transform(levels)
    gains = np.sqrt(_average_rings(_transform(wanted), places, sizes) / _average_rings(spectrum, places, sizes))
    gains = np.clip(gains, *bounds)
    gains = np.convolve(np.pad(gains, 1, mode="edge"), (0.25, 0.5, 0.25), "valid")
    smooth = np.interp(places, np.arange(_NUM_RINGS), gains).astype(np.float32)[..., None]
    filtered = fft.irfft2(spectrum * smooth, s=(height + 2 * _MARGIN_PX, width + 2 * _MARGIN_PX), axes=(0, 1))
    return np.asarray(filtered[_MARGIN_PX:-_MARGIN_PX, _MARGIN_PX:-_MARGIN_PX], np.float32)


def _transform(levels: Levels) -> npt.NDArray[np.complex64]:
    """Transform an image with mirrored borders: (H + 2 M, (W + 2 M) // 2 + 1, 3)."""
    padded = cv2.copyMakeBorder(levels, *(4 * (_MARGIN_PX,)), cv2.BORDER_REFLECT_101)
    return np.asarray(fft.rfft2(padded, axes=(0, 1)), np.complex64)


@lru_cache(maxsize=4)
def _find_rings(height: int, width: int) -> tuple[Levels, npt.NDArray[np.int64]]:
    """Find on which ring each coefficient of a transform lies, as a fraction, and how many lie on each."""
    radius = np.hypot(*np.meshgrid(fft.fftfreq(height), fft.rfftfreq(width), indexing="ij"))
    places = radius / np.sqrt(0.5) * (_NUM_RINGS - 1)
    sizes = np.bincount(np.rint(places).astype(np.int64).ravel(), minlength=_NUM_RINGS)
    return places.astype(np.float32), sizes


def _average_rings(
    spectrum: npt.NDArray[np.complex64], places: Levels, sizes: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    power = (spectrum.real**2 + spectrum.imag**2).sum(2)
    totals = np.bincount(np.rint(places).astype(np.int64).ravel(), weights=power.ravel(), minlength=_NUM_RINGS)
    return np.asarray(totals / np.maximum(sizes, 1) + _FLOOR)


def _round(levels: Levels) -> Image:
    return np.asarray(np.clip(np.rint(levels), 0, 255), np.uint8)
