"""Blur and JPEG (Wang et al. 2020)."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from fakeid.images.augmentations.flip import flip
from fakeid.images.codecs import jpeg

_PROBABILITY: Final = 0.5
_MAX_SIGMA_PX: Final = 3.0
_QUALITIES: Final = (30, 100)


def jpeg_blur(rgb_u8: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Blur one half of the images and compress one half, each drawn on its own.

    After "CNN-generated images are surprisingly easy to spot... for now" (Wang et al. 2020), their `Blur+JPEG (0.5)`:
    a Gaussian blur with probability 0.5, its sigma uniform up to 3 px; JPEG with probability 0.5, its quality uniform
    over the integers from 30 to 100; a horizontal flip with probability 0.5. Before the flip they cut 224 of 256 px out
    at random, which is left to `crop`; half of their JPEGs are written by Pillow, all of ours by OpenCV.

    Args:
        rgb_u8: RGB uint8 (H, W, 3).
        rng: Of this one image.

    Returns:
        RGB uint8 (H, W, 3).
    """
    if rng.random() < _PROBABILITY:
        rgb_u8 = _blur(rgb_u8, rng.uniform(0, _MAX_SIGMA_PX))
    if rng.random() < _PROBABILITY:
        rgb_u8 = jpeg(rgb_u8, int(rng.integers(*_QUALITIES, endpoint=True)))
    return flip(rgb_u8, rng)


def _blur(rgb_u8: npt.NDArray[np.uint8], sigma_px: float) -> npt.NDArray[np.uint8]:
    # In float, because OpenCV's 8-bit filter has 8-bit weights; OpenCV takes a sigma of 0 for another question.
    blurred = cv2.GaussianBlur(rgb_u8.astype(np.float32), (0, 0), max(sigma_px, 0.01), borderType=cv2.BORDER_REFLECT)
    return np.clip(np.rint(blurred), 0, 255).astype(np.uint8)
