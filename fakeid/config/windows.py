"""Compute the sides of the windows and patches that training and test cut out of images."""

from typing import Final

SMALLEST_PX: Final = 33
"""Smallest side in pixels that, after the high-pass filter, is still large enough for the network."""


def compute_window_px(image_px: int) -> int:
    """Compute the side of a window, 7/8 of the image's, such as 224 of 256 px in Wang et al. 2020."""
    return image_px * 7 // 8


def compute_patch_px(image_px: int) -> int:
    """Compute the side of a patch, half of the image's."""
    return image_px // 2


def compute_trained_px(image_px: int, augmentation: str) -> int:
    """Compute the side of the network's input in training; some augmentations cut windows out of images."""
    sides = {"crop": compute_window_px(image_px), "safe": compute_window_px(image_px), "history": image_px // 2}
    return sides.get(augmentation, image_px)


def compute_center_px(image_px: int, augmentation: str) -> int | None:
    """Compute the side of the central square that validation and test use by default; None for the whole image.

    The windows of `history` are smaller only to save time, and tested images have any size, so it uses whole images.
    """
    trained_px = compute_trained_px(image_px, augmentation)
    return None if trained_px == image_px or augmentation == "history" else trained_px


def compute_tested_px(image_px: int, views: str, center_px: int | None) -> int:
    """Compute the side of the network's input in the test; see `fakeid.models.detector.average_views`."""
    sides = {"crops": compute_window_px(image_px), "patches": compute_patch_px(image_px)}
    return sides.get(views, min(center_px or image_px, image_px))


def list_windows(image_px: int, augmentation: str, views: str) -> dict[str, int]:
    """List the sides in pixels of windows cut out in training and test, by the option that cuts them.

    Args:
        image_px: Side of the images in pixels.
        augmentation: Name of the augmentation; see `fakeid.images.augment`.
        views: Name of the views; see `fakeid.models.detector`.
    """
    sides = {
        f"augment={augmentation}": compute_trained_px(image_px, augmentation),
        f"protocol.views={views}": compute_tested_px(image_px, views, None),
    }
    return {option: side for option, side in sides.items() if side != image_px}
