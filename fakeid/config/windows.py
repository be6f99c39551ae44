"""Sides of what the network sees of an image: windows and patches that training and test cut out."""

from typing import Final

SMALLEST_PX: Final = 33
"""What is left of it behind the high-pass filter still fills the network."""


def compute_window_px(image_px: int) -> int:
    """Compute the side of a window of 7/8, which is 224 of 256 px, as in Wang et al. 2020."""
    return image_px * 7 // 8


def compute_patch_px(image_px: int) -> int:
    """Compute the side of a patch, of which two fit beside each other."""
    return image_px // 2


def compute_trained_px(image_px: int, augmentation: str) -> int:
    """Compute the side of what the network sees of an image in training: some augmentations cut windows out."""
    sides = {"crop": compute_window_px(image_px), "safe": compute_window_px(image_px), "history": image_px // 2}
    return sides.get(augmentation, image_px)


def compute_center_px(image_px: int, augmentation: str) -> int | None:
    """Compute the side of the middle that validation and test see by default; None: they see the whole image.

    Behind `history` windows are smaller to save time, and what is tested has every size.
    """
    trained_px = compute_trained_px(image_px, augmentation)
    return None if trained_px == image_px or augmentation == "history" else trained_px


def compute_tested_px(image_px: int, views: str, center_px: int | None) -> int:
    """Compute the side of what the network sees of an image in the test; see `fakeid.models.detector.average_views`."""
    sides = {"crops": compute_window_px(image_px), "patches": compute_patch_px(image_px)}
    return sides.get(views, min(center_px or image_px, image_px))


def list_windows(image_px: int, augmentation: str, views: str) -> dict[str, int]:
    """List the sides of what is cut out of images in training and test, by the option that has it cut out.

    Args:
        image_px: Side of the images.
        augmentation: See `fakeid.images.augment`.
        views: See `fakeid.models.detector`.
    """
    sides = {
        f"augment={augmentation}": compute_trained_px(image_px, augmentation),
        f"protocol.views={views}": compute_tested_px(image_px, views, None),
    }
    return {option: side for option, side in sides.items() if side != image_px}
