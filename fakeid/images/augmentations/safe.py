"""Crop, flip, rotation, color jitter and random mask (Li et al. 2024)."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from fakeid.images.augmentations.crop import crop
from fakeid.images.augmentations.flip import flip

_MAX_DEGREES: Final = 180.0
_FACTORS: Final = (0.5, 1.5)  # of brightness, contrast and saturation
_MASK_PROBABILITY: Final = 0.5
_MAX_MASKED: Final = 0.75  # of all patches
_PATCH_PX: Final = 16

_GRAY: Final = np.array([0.299, 0.587, 0.114], np.float32)

_Image = npt.NDArray[np.uint8]
_Levels = npt.NDArray[np.float32]


def safe(rgb_u8: _Image, rng: np.random.Generator) -> _Image:
    """Change everything about an image but its small-scale correlations.

    After "Improving synthetic image detection towards generalization: an image transformation perspective" (Li et al.
    2024, "SAFE", arXiv 2408.06741) with the numbers of its published code: a random window instead of a resized image;
    a horizontal flip with probability 0.5; a rotation about the center by an angle uniform in +-180 degrees, to the
    nearest pixel, so that no value is interpolated, with black corners; brightness, contrast and saturation times
    factors uniform in [0.5, 1.5], in random order; with probability 0.5 up to 0.75 of all patches of 16 x 16 px black.

    Ours: windows of 7/8 at any size, where theirs are of 256 px; patches are counted in whole ones, so that some stay
    at any size; colors are rounded once, after all three factors.

    Args:
        rgb_u8: RGB uint8 (H, W, 3).
        rng: Of this one image.

    Returns:
        RGB uint8 (H', W', 3), the same size for all images of a size.
    """
    rgb_u8 = _rotate(flip(crop(rgb_u8, rng), rng), rng.uniform(-_MAX_DEGREES, _MAX_DEGREES))
    rgb_u8 = _jitter(rgb_u8, rng)
    if rng.random() < _MASK_PROBABILITY:
        _mask(rgb_u8, rng)
    return rgb_u8


def _rotate(rgb_u8: _Image, degrees: float) -> _Image:
    height, width = rgb_u8.shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    return np.asarray(
        cv2.warpAffine(np.ascontiguousarray(rgb_u8), turn, (width, height), flags=cv2.INTER_NEAREST), np.uint8
    )


def _jitter(rgb_u8: _Image, rng: np.random.Generator) -> _Image:
    """As torchvision's `ColorJitter`: away from black, from the mean gray and from each pixel's gray, or towards it."""
    levels = rgb_u8.astype(np.float32)
    for kind in rng.permutation(3):
        factor = np.float32(rng.uniform(*_FACTORS))
        levels = np.clip(factor * levels + (1 - factor) * _find_anchor(levels, int(kind)), 0, 255)
    return np.rint(levels).astype(np.uint8)


def _find_anchor(levels: _Levels, kind: int) -> _Levels | np.float32:
    """What brightness (0), contrast (1) and saturation (2) move away from."""
    if kind == 0:
        return np.float32(0)
    gray = levels @ _GRAY  # (H, W)
    return np.float32(gray.mean()) if kind == 1 else gray[..., None]


def _mask(rgb_u8: _Image, rng: np.random.Generator) -> None:
    """Blacken patches of a grid from the upper left corner, in place."""
    rows, columns = (side // _PATCH_PX for side in rgb_u8.shape[:2])
    num_masked = int(rng.uniform(0, _MAX_MASKED) * rows * columns)
    for patch in rng.permutation(rows * columns)[:num_masked]:
        top, left = (int(place) * _PATCH_PX for place in divmod(patch, columns))
        rgb_u8[top : top + _PATCH_PX, left : left + _PATCH_PX] = 0
