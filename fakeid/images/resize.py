"""Bring images of any size to squares of one size."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from fakeid.errors import BadImageError, ConfigError

_MIN_SIDE_PX: Final = 8
"""Shortest side for resizing; below it, nearly every pixel of the result would be invented."""


def prepare_image(
    rgb_u8: npt.NDArray[np.uint8], image_px: int, prep: str, *, name: str = "an image"
) -> npt.NDArray[np.uint8]:
    """Bring one image to the size that the detector is trained on.

    Args:
        rgb_u8: RGB uint8 (H, W, 3).
        image_px: Side of the result, in pixels.
        prep: How other sizes are prepared.
            `crop`: take the central square of native pixels; nothing is resampled, so every trace stays.
            `squash`: resize to the square by area interpolation, ignoring the aspect ratio (Lee & Park 2021).
            `center_crop`: resize the largest central square with Lanczos (ProGAN's dataset tool; Karras et al. 2018).
        name: Name of the image in errors.

    Returns:
        RGB uint8 (image_px, image_px, 3), contiguous.

    Raises:
        BadImageError: The image is too small for `prep`.
        ConfigError: The `prep` is unknown.
    """
    height, width = rgb_u8.shape[:2]
    side = min(height, width)
    if prep == "crop":
        if side < image_px:
            raise BadImageError(
                f"{name} is {width} x {height} px, too small to crop data.image_px={image_px} from it: set "
                f"data.image_px to at most the shortest side of all images, or resize with data.prep=squash"
            )
        return _crop_center(rgb_u8, image_px)
    if prep not in ("squash", "center_crop"):
        raise ConfigError(f"data.prep must be crop, squash or center_crop, got {prep!r}")
    if side < _MIN_SIDE_PX:
        raise BadImageError(
            f"{name} is {width} x {height} px, too small to resize: each side must have at least {_MIN_SIDE_PX} px; "
            f"remove it, or set data.on_bad_image=skip"
        )
    if prep == "squash":
        squashed = cv2.resize(rgb_u8, (image_px, image_px), interpolation=cv2.INTER_AREA)
        return np.asarray(squashed, np.uint8)
    # Pillow, because OpenCV's Lanczos has a fixed support and aliases when an image shrinks.
    square = Image.fromarray(_crop_center(rgb_u8, side))
    return np.array(square.resize((image_px, image_px), Image.Resampling.LANCZOS))


def _crop_center(rgb_u8: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    top, left = ((size - side) // 2 for size in rgb_u8.shape[:2])
    return np.ascontiguousarray(rgb_u8[top : top + side, left : left + side])
