"""Make pairs of a photo and its copy through a decoder, alike in content, brightness, contrast and sharpness.

A detector must not learn that copies are darker, softer or smoother than photos, because the images of real GANs are
not. The only remaining difference is the trace of the decoder, which repeats with the period of its up-sampling.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from scipy import fft

from fakeid.config.choices import Alignment
from fakeid.data.simulate.damage import damage
from fakeid.images.levels import round_levels

Image = npt.NDArray[np.uint8]
Levels = npt.NDArray[np.float32]

Decoder = Callable[[Levels, int], Levels]
"""A function that reconstructs an image, float32 (H, W, 3) in 8-bit levels; the int seeds its random draws."""

_CONTENT_SIGMA_PX: Final = (1.5, 4.0)  # detail coarser than this is the photo's own
_TRACE_SHARE: Final = (0.5, 1.0)  # share of the fine detail that is the copy's; the rest is the photo's
_NEARBY: Final = 1 / 40  # of all frequencies
_SHARPENED: Final = 0.3  # share of pairs with a sharpened copy; in the others the photo is softened
_SOFTENING: Final = (0.1, 6.0)  # bounds of the gains
_SHARPENING: Final = (0.5, 2.0)  # wider bounds would amplify noise that is no trace
_GRAINY: Final = 0.5  # share of photos that get noise where the copy has more fine detail
_DETAIL_SIGMA_PX: Final = 1.0
_GRAIN_SIGMA_PX: Final = 4.0
_FLOOR: Final = 1e-3  # of power, against 0 / 0 in flat images
# Rows: luma, and two color differences; orthonormal, so that the transpose is the inverse.
_LUMA_AND_CHROMA: Final = np.array(
    [[1 / 3**0.5] * 3, [1 / 2**0.5, 0, -1 / 2**0.5], [1 / 6**0.5, -2 / 6**0.5, 1 / 6**0.5]], np.float32
)


class Pair(NamedTuple):
    """A photo and its copy, both RGB uint8 (H, W, 3)."""

    real: Image
    fake: Image


def make_pair(
    photo: Image,
    decode: Decoder,
    rng: np.random.Generator,
    alignment: Alignment = Alignment.full,
    damaged_share: float = 0.0,
) -> Pair:
    """Copy a photo through a decoder, and make both equally sharp.

    The copy keeps the photo's coarse content and a random share of its fine detail. In three of ten pairs, a filter
    then gives the copy the photo's power around each frequency; in the others, it gives the photo the power of the
    copy. Such a filter adds or removes blur, but no period. Half of the photos get noise where the copy has more
    detail.

    Args:
        photo: RGB uint8 (H, W, 3).
        decode: Decoder of a generator.
        rng: Generator of this pair's random draws.
        alignment: What is matched: `copies` never changes the photo, `none` matches nothing.
        damaged_share: Share of the photos that are damaged, with `full` alignment: half of them before they are copied,
            and half instead of being adjusted. Softness and noise then occur in both classes, and more often in photos:
            neither must pass for the trace of a generator.
    """
    if damaged_share and rng.random() < damaged_share / 2:
        photo, damaged_share = damage(photo, rng), 0.0
    levels = photo.astype(np.float32)
    sigma_px, share, sharpen = rng.uniform(*_CONTENT_SIGMA_PX), rng.uniform(*_TRACE_SHARE), rng.random() < _SHARPENED
    decoded = decode(levels, int(rng.integers(2**31)))
    copy = decoded + cv2.GaussianBlur(levels - decoded, (0, 0), sigma_px)
    copy = levels + np.float32(share) * (copy - levels)
    if alignment is Alignment.none:
        real, fake = levels, copy
    elif sharpen or alignment is Alignment.copies:
        real, fake = levels, match_sharpness(copy, levels, _SHARPENING)
    else:
        real, fake = match_sharpness(levels, copy, _SOFTENING), copy
    if alignment is Alignment.full:
        if damaged_share and rng.random() < damaged_share / (2 - damaged_share):  # as many as before the copy
            return Pair(damage(photo, rng), round_levels(fake))
        if rng.random() < _GRAINY:
            real = add_grain(real, fake, rng)
    return Pair(round_levels(real), round_levels(fake))


def add_grain(levels: Levels, wanted: Levels, rng: np.random.Generator) -> Levels:
    """Add noise where an image has less fine detail than another, until both have the same local amount.

    A decoder leaves its trace everywhere, while the fine detail of a photo lies in its textures: detail in smooth
    places must not by itself mark a copy. The noise has the colors of the other image's detail, and its power around
    each frequency.

    Args:
        levels: Image that gets the noise, float32 (H, W, 3) in 8-bit levels.
        wanted: Image with the wanted detail, float32 (H, W, 3) in 8-bit levels.
        rng: Generator of this pair's random draws.
    """
    detail, goal = (each - cv2.GaussianBlur(each, (0, 0), _DETAIL_SIGMA_PX) for each in (levels, wanted))
    colors = np.linalg.cholesky(np.cov(goal.reshape(-1, 3).T) + _FLOOR * np.eye(3)).astype(np.float32)
    noise = match_sharpness(rng.standard_normal(levels.shape, np.float32) @ colors.T, goal, (0, np.inf))
    energy, missing = _measure_energy(noise), _measure_energy(goal) - _measure_energy(detail)
    return np.asarray(levels + noise * np.sqrt(np.maximum(missing, 0) / (energy + _FLOOR))[..., None], np.float32)


def _measure_energy(levels: Levels) -> Levels:
    return np.asarray(cv2.GaussianBlur(np.square(levels).mean(2), (0, 0), _GRAIN_SIGMA_PX), np.float32)


def match_sharpness(levels: Levels, wanted: Levels, bounds: tuple[float, float]) -> Levels:
    """Filter an image so that luma and chroma each have the power of another image around each frequency.

    The power is averaged over nearby frequencies, so that the filter also matches directions, but not narrow peaks.

    Args:
        levels: Image to filter, float32 (H, W, 3) in 8-bit levels.
        wanted: Image with the wanted power, float32 (H, W, 3) in 8-bit levels.
        bounds: Bounds of the gains, so that the filter does not invent what is missing altogether.

    Returns:
        Float32 (H, W, 3), with the mean color of `levels`.
    """
    mean = levels.mean((0, 1))
    # The cosine transform mirrors the image at each border, so no seam adds power at all frequencies.
    spectrum, goal = (
        fft.dctn((each - each.mean((0, 1))) @ _LUMA_AND_CHROMA.T, axes=(0, 1), norm="ortho")
        for each in (levels, wanted)
    )
    gains = np.clip(np.sqrt(_smooth_power(goal) / _smooth_power(spectrum)), *bounds)
    return np.asarray(fft.idctn(spectrum * gains, axes=(0, 1), norm="ortho") @ _LUMA_AND_CHROMA + mean, np.float32)


def _smooth_power(spectrum: Levels) -> Levels:
    """Average the power around each frequency, weighted because it falls steeply from the lowest frequencies."""
    power = np.square(spectrum) * _weigh_frequencies(*spectrum.shape[:2])
    sigmas = [_NEARBY * side for side in spectrum.shape[1::-1]]
    smooth = cv2.GaussianBlur(power, (0, 0), sigmas[0], sigmaY=sigmas[1], borderType=cv2.BORDER_REFLECT)
    return np.asarray(smooth + _FLOOR * _NEARBY**2, np.float32)


@lru_cache(maxsize=4)
def _weigh_frequencies(height: int, width: int) -> Levels:
    """Compute weights float32 (H, W, 1), the squared frequencies; that of the mean is 0."""
    squares = np.add.outer((np.arange(height) / height) ** 2, (np.arange(width) / width) ** 2)
    return squares.astype(np.float32)[..., None]
