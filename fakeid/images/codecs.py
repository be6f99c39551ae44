"""Send images through lossy codecs: encode and decode them again."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from fakeid.errors import BadImageError, ConfigError

# Down to 50, because LSUN stores quality 75, and a second JPEG hides a first one only if it is often the coarser one.
# On 1,000 LSUN photos, half of which had a first JPEG of 75, 85, 90 or 95, both of the audit's probes stayed below 0.6
# with 50-80 and with 50-90, not with 50-95 or 40-80. 50-90 is the finer of the two: JPEG also weakens the trace of a
# generator.
SHARED_QUALITIES: Final = (50, 90)
"""Lowest and highest JPEG quality of `data.codec=shared`, unless `data.codec_quality` sets others."""

# Longest sides in pixels; libjpeg's limit is slightly below JPEG's own 65535.
_MAX_JPEG_PX: Final = 65500
_MAX_WEBP_PX: Final = 16383


def jpeg(rgb_u8: npt.NDArray[np.uint8], quality: int) -> npt.NDArray[np.uint8]:
    """Compress an image as JPEG (4:2:0, OpenCV's default) and decode it again.

    Args:
        rgb_u8: RGB uint8 (H, W, 3).
        quality: Quality on libjpeg's scale, in [1, 100].

    Returns:
        RGB uint8 (H, W, 3).

    Raises:
        ConfigError: The quality is out of range.
        BadImageError: A side is longer than libjpeg can write.
    """
    return _round_trip(rgb_u8, "JPEG", quality, cv2.IMWRITE_JPEG_QUALITY, _MAX_JPEG_PX)


def webp(rgb_u8: npt.NDArray[np.uint8], quality: int) -> npt.NDArray[np.uint8]:
    """Compress an image as lossy WebP (libwebp's default effort; always 4:2:0) and decode it again.

    Args:
        rgb_u8: RGB uint8 (H, W, 3).
        quality: Quality on libwebp's scale, in [1, 100]; 100 is still lossy.

    Returns:
        RGB uint8 (H, W, 3).

    Raises:
        ConfigError: The quality is out of range.
        BadImageError: A side is longer than the format allows.
    """
    return _round_trip(rgb_u8, "WebP", quality, cv2.IMWRITE_WEBP_QUALITY, _MAX_WEBP_PX)


def shared_codec(
    rgb_u8: npt.NDArray[np.uint8], seed: int, qualities: tuple[int, int] = SHARED_QUALITIES
) -> npt.NDArray[np.uint8]:
    """Send an image through JPEG at a random quality, for `data.codec=shared`.

    Applied to both classes, this gives photos and fakes the same last codec, so that the file's history says less
    about the class. The quality is uniform over the integers of the range.

    Args:
        rgb_u8: RGB uint8 (H, W, 3).
        seed: Seed of this image's quality, at least 0.
        qualities: Lowest and highest quality, in [1, 100].

    Returns:
        RGB uint8 (H, W, 3).
    """
    low, high = qualities
    return jpeg(rgb_u8, int(np.random.default_rng(seed).integers(low, high, endpoint=True)))


def _round_trip(
    rgb_u8: npt.NDArray[np.uint8], codec: str, quality: int, quality_flag: int, max_px: int
) -> npt.NDArray[np.uint8]:
    if not 1 <= quality <= 100:
        raise ConfigError(f"the {codec} quality must be in [1, 100], got {quality}")
    height, width = rgb_u8.shape[:2]
    if max(height, width) > max_px:
        raise BadImageError(
            f"{codec} holds images of up to {max_px} px a side, got {width} x {height} px: resize the image or leave "
            f"{codec} out"
        )
    bgr = cv2.cvtColor(rgb_u8, cv2.COLOR_RGB2BGR)
    _, file = cv2.imencode(f".{codec.lower()}", bgr, [quality_flag, quality])
    decoded = cv2.imdecode(file, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)
