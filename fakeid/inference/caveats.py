"""List how an image differs from a detector's training images, which can make its verdict less reliable than stated."""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from fakeid.images.file_facts import FileFacts, TrainedFiles
from fakeid.images.resampling import measure_resampling
from fakeid.inference.prediction import Caveat

Image = npt.NDArray[np.uint8]

_JPEG: Final = "JPEG"
_WEBP: Final = "WEBP"
_FEWEST_PX: Final = 32  # the spectrum of a smaller image says nothing
_SPREADS: Final = 4.0
"""The limit in standard deviations above the mean of the training reals. Of 2,000 LSUN bedrooms compared with
themselves, 1 % exceed it unchanged, 14 % reduced to 0.75, and 60 % and 85 % enlarged by 1.3 and 1.7 (bilinear)."""

_THUMBNAIL_STEP: Final = 8  # pixels; usually enough to find color without checking the whole image


def list_caveats(
    rgb_u8: Image, facts: FileFacts | None, *, image_px: int, resized: bool, files: TrainedFiles | None
) -> Iterator[Caveat]:
    """List how an image differs from those that a detector was trained on.

    Args:
        rgb_u8: Image as it was read, RGB uint8 (H, W, 3).
        facts: Facts about its file; None for pixels without a file.
        image_px: Side of the training images, in pixels.
        resized: Whether images are resized to that side, as in training.
        files: How the training images were stored; None if it is not known.

    Yields:
        Caveats; none for an image like those of the training.
    """
    height, width = rgb_u8.shape[:2]
    if min(height, width) < image_px:
        yield Caveat("size", f"{width} x {height} px; trained at {image_px} px")
    elif resized and (height, width) != (image_px, image_px):
        yield Caveat("size", f"resized to {image_px} x {image_px} px, as in training, which weakens traces")
    if _is_gray(rgb_u8):
        yield Caveat("color", "gray; trained on color")
    if files is not None:
        if facts is not None:
            yield from _list_codecs(facts, files)
        yield from _list_resampling(rgb_u8, image_px, files)


def _list_codecs(facts: FileFacts, files: TrainedFiles) -> Iterator[Caveat]:
    known, quality = files.jpeg_quality, facts.jpeg_quality
    if facts.container == _WEBP:
        if not files.webp:
            yield Caveat("codec", "WebP; trained on other formats")
    elif facts.container != _JPEG:
        if not files.lossless:
            lossy = ("JPEG and WebP" if known else "WebP") if files.webp else _JPEG
            yield Caveat("codec", f"{facts.container}; trained on {lossy} only")
    elif known is None:
        name = _JPEG if quality is None else f"{_JPEG} {quality}"
        yield Caveat("codec", f"{name}; trained on images that were never JPEG")
    elif quality is not None and (quality < known[0] or (quality > known[1] and not files.lossless)):
        # A JPEG of higher quality than in training lies between those JPEGs and images that were never JPEG.
        yield Caveat("codec", f"{_JPEG} {quality}; trained on JPEG {known[0]} to {known[1]}")


def _list_resampling(rgb_u8: Image, image_px: int, files: TrainedFiles) -> Iterator[Caveat]:
    if files.resampling is None or min(rgb_u8.shape[:2]) < _FEWEST_PX:
        return
    # Crop to the size of the images in the audit, because a larger image has a higher peak.
    top, left = (max(0, side - image_px) // 2 for side in rgb_u8.shape[:2])
    center = np.ascontiguousarray(rgb_u8[top : top + image_px, left : left + image_px])
    peak = measure_resampling(cv2.cvtColor(center, cv2.COLOR_RGB2GRAY).astype(np.float32))
    mean, std = files.resampling
    if peak > mean + _SPREADS * std:
        told = f"looks resampled: a spectral peak of {peak:.0f}; training photos have {mean:.0f} +- {std:.0f}"
        yield Caveat("resampling", told)


def _is_gray(rgb_u8: Image) -> bool:
    for step in (_THUMBNAIL_STEP, 1):
        some = rgb_u8[::step, ::step]
        if (some != some[..., :1]).any():
            return False
    return True
