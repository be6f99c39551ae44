"""Hash images: their exact pixels, and the look of the image and its crops."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

FEATURELESS: Final = 0
"""The hash of an image without structure, whose bits would depend on noise alone. No other image has this hash."""

NUM_VIEWS: Final = 35
"""Number of hashes in `Fingerprint.views`: the mirrored image, 9 crops of 15/16 and 25 crops of 7/8 of the sides."""

_CROPS: Final = ((15 / 16, 3), (7 / 8, 5))  # share of the sides, number of places along each side
_SIDE_PX: Final = 32
_THUMBNAIL_PX: Final = 64
_LOW_FREQUENCIES: Final = 8
_LEAST_CONTRAST: Final = 3.0  # standard deviation of the small gray image, 8-bit levels

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Hashes of one image.

    Attributes:
        digest: Hash of shape and pixels, 32 hexadecimal digits; equal only for equal pixels.
        phash: Perceptual hash, 64 bits of which few differ between an image and its compressed or resized copy; or
            `FEATURELESS`.
        views: Perceptual hashes of the mirrored image and of the crops, `NUM_VIEWS` in this order.
    """

    digest: str
    phash: int
    views: tuple[int, ...]


def fingerprint(rgb_u8: npt.NDArray[np.uint8]) -> Fingerprint:
    """Hash the pixels with BLAKE2b and the look with perceptual hashes.

    The perceptual hash records which of the 8 x 8 lowest frequencies of the 32 x 32 gray image lie above their median,
    row by row, with the constant first (pHash's DCT variant, Zauner 2010; the bits of the ImageHash library's `phash`).
    Two independent photos differ in 32 of the 64 bits on average.

    Args:
        rgb_u8: RGB uint8 (H, W, 3).
    """
    pixels = hashlib.blake2b(repr(rgb_u8.shape).encode(), digest_size=16)
    pixels.update(np.ascontiguousarray(rgb_u8).data)
    gray = cv2.cvtColor(rgb_u8, cv2.COLOR_RGB2GRAY)
    small = _shrink(gray, _SIDE_PX)
    if small.std() < _LEAST_CONTRAST:
        return Fingerprint(pixels.hexdigest(), FEATURELESS, (FEATURELESS,) * NUM_VIEWS)
    low = cv2.dct(small)[:_LOW_FREQUENCIES, :_LOW_FREQUENCIES]
    mirrored = np.asarray(low * np.where(np.arange(_LOW_FREQUENCIES) % 2, -1, 1), np.float32)  # negate odd frequencies
    views = np.asarray(np.concatenate([mirrored[None], _transform_crops(_shrink(gray, _THUMBNAIL_PX))]), np.float32)
    return Fingerprint(pixels.hexdigest(), _pack(np.asarray(low, np.float32)[None])[0], tuple(_pack(views)))


def _shrink(gray: cv2.typing.MatLike, side_px: int) -> Floats:
    return np.asarray(cv2.resize(gray, (side_px, side_px), interpolation=cv2.INTER_AREA), np.float32)


def _pack(low: Floats) -> list[int]:
    """Pack into 64 bits which coefficients of each row of (n, 8, 8) lie above the median of its 64."""
    flat = low.reshape(len(low), -1)
    bits = flat > np.median(flat, axis=1, keepdims=True)
    return [int(value) for value in np.packbits(bits, axis=1).view(">u8")[:, 0]]


def _transform_crops(thumbnail: Floats) -> Floats:
    """Compute the low frequencies (n, 8, 8) of all crops; one matrix product per side crops, reduces and transforms."""
    parts = []
    for operators in _crop_operators():
        num = len(operators)
        rows = operators.reshape(num * _LOW_FREQUENCIES, -1)
        both = (rows @ thumbnail @ rows.T).reshape(num, _LOW_FREQUENCIES, num, _LOW_FREQUENCIES)
        parts.append(both.transpose(0, 2, 1, 3).reshape(num * num, _LOW_FREQUENCIES, _LOW_FREQUENCIES))
    return np.concatenate(parts)


@lru_cache(maxsize=1)
def _crop_operators() -> list[Floats]:
    """Build the operators (places, 8, 64) of each crop size, from a thumbnail's side to a crop's low frequencies."""
    frequencies = cv2.dct(np.eye(_SIDE_PX, dtype=np.float32), flags=cv2.DCT_ROWS).T[:_LOW_FREQUENCIES]  # (8, 32)
    found = []
    for share, num in _CROPS:
        side = share * _THUMBNAIL_PX
        starts = np.linspace(0, _THUMBNAIL_PX - side, num)
        found.append(np.stack([frequencies @ _average(start, side) for start in starts]).astype(np.float32))
    return found


def _average(start: float, side: float) -> npt.NDArray[np.float64]:
    """Compute the weights (32, 64) of a thumbnail's pixels in the 32 equal parts of `side` pixels from `start` on."""
    edges = start + side * np.arange(_SIDE_PX + 1) / _SIDE_PX
    pixels = np.arange(_THUMBNAIL_PX)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.asarray(np.clip(covered, 0, None) * _SIDE_PX / side)
