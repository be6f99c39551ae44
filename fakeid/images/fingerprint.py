"""What identifies an image: its exact pixels, and what it looks like."""

import hashlib
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

FEATURELESS: Final = 0
"""The `phash` of an image without structure, where noise alone would decide the bits. No other image has it."""

_SIDE_PX: Final = 32
_LOW_FREQUENCIES: Final = 8
_LEAST_CONTRAST: Final = 3.0  # standard deviation of the small gray image, 8-bit levels


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Two hashes of one image.

    Attributes:
        digest: 32 hexadecimal digits of shape and pixels: equal for equal pixels only.
        phash: 64 bits of which few differ between an image and its compressed or resized copy, or `FEATURELESS`.
    """

    digest: str
    phash: int


def fingerprint(rgb_u8: npt.NDArray[np.uint8]) -> Fingerprint:
    """Hash the pixels with BLAKE2b and the look with a perceptual hash.

    The perceptual hash says which of the 8 x 8 lowest frequencies of the 32 x 32 gray image lie above their median,
    the constant first, in rows (pHash's DCT variant, Zauner 2010; the bits of the ImageHash library's `phash`). Two
    independent photos differ in 32 of the 64 bits on average.

    Args:
        rgb_u8: RGB uint8 (H, W, 3).
    """
    pixels = hashlib.blake2b(repr(rgb_u8.shape).encode(), digest_size=16)
    pixels.update(np.ascontiguousarray(rgb_u8).data)
    return Fingerprint(pixels.hexdigest(), _hash_look(rgb_u8))


def _hash_look(rgb_u8: npt.NDArray[np.uint8]) -> int:
    gray = cv2.cvtColor(rgb_u8, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(gray, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    if small.std() < _LEAST_CONTRAST:
        return FEATURELESS
    low = cv2.dct(small)[:_LOW_FREQUENCIES, :_LOW_FREQUENCIES]
    return int.from_bytes(np.packbits(low > np.median(low)).tobytes(), "big")
