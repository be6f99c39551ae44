"""Damage photos without any generator: blur, noise, reduction and enlargement."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import PIL.Image

from fakeid.images.levels import round_levels

Image = npt.NDArray[np.uint8]

REDUCING: Final = (PIL.Image.Resampling.BILINEAR, PIL.Image.Resampling.BICUBIC, PIL.Image.Resampling.LANCZOS)
"""Only Pillow's kernels: OpenCV's do not smooth when they reduce, and leave periodic traces."""

ENLARGING: Final = (*REDUCING, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)  # OpenCV's cubic kernel overshoots more

_BY_WHOLE_FACTOR: Final = 0.6
_WHOLE_FACTORS: Final = (2, 2, 4)
_NOISY: Final = 0.2  # share of the damaged photos
_BLURRED: Final = 0.4  # likewise
_NOISE_LEVELS: Final = (2.0, 10.0)
_SIGMAS_PX: Final = (0.7, 4.0)
_FACTORS: Final = (1.3, 4.0)


def draw_factor(between: tuple[float, float], rng: np.random.Generator) -> float:
    """Draw the enlargement factor of a photo: 2 or 4 in three cases of five.

    A photo that is enlarged by a whole factor repeats with the period of a generator.

    Args:
        between: Bounds of the uniformly drawn factor in the other cases.
        rng: Generator of this photo's random draws.
    """
    if rng.random() < _BY_WHOLE_FACTOR:
        return _WHOLE_FACTORS[int(rng.integers(len(_WHOLE_FACTORS)))]
    return float(rng.uniform(*between))


def resize(photo: Image, size: tuple[int, int], kernels: tuple[int, ...], rng: np.random.Generator) -> Image:
    """Resize a photo with a randomly drawn kernel.

    Args:
        photo: RGB uint8 (H, W, 3).
        size: Width and height of the result, in pixels.
        kernels: The kernels to draw from, `REDUCING` or `ENLARGING`.
        rng: Generator of this photo's random draws.

    Returns:
        RGB uint8 (height, width, 3).
    """
    kernel = kernels[int(rng.integers(len(kernels)))]
    if isinstance(kernel, PIL.Image.Resampling):
        return np.asarray(PIL.Image.fromarray(photo).resize(size, kernel), np.uint8)
    return np.asarray(cv2.resize(photo, size, interpolation=kernel), np.uint8)


def damage(photo: Image, rng: np.random.Generator) -> Image:
    """Add noise to a photo, blur it, or reduce it and enlarge it again.

    Of five photos, one gets noise of 2 to 10 levels, two get a Gaussian blur of 0.7 to 4 px, and two are reduced by a
    factor of up to four and enlarged by one of five kernels. The ranges are ours.

    Args:
        photo: RGB uint8 (H, W, 3).
        rng: Generator of this photo's random draws.

    Returns:
        RGB uint8 (H, W, 3).
    """
    kind, levels = rng.random(), photo.astype(np.float32)
    if kind < _NOISY:
        return round_levels(
            levels + np.float32(rng.uniform(*_NOISE_LEVELS)) * rng.standard_normal(photo.shape, np.float32)
        )
    if kind < _NOISY + _BLURRED:
        return round_levels(cv2.GaussianBlur(levels, (0, 0), float(np.exp(rng.uniform(*np.log(_SIGMAS_PX))))))
    factor = draw_factor(_FACTORS, rng)
    height, width = photo.shape[:2]
    small = (max(1, round(width / factor)), max(1, round(height / factor)))
    return resize(
        np.asarray(cv2.resize(photo, small, interpolation=cv2.INTER_AREA), np.uint8), (width, height), ENLARGING, rng
    )
