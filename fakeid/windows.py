"""The sides of what is cut out of images, in training and in the test."""

from typing import Final

SMALLEST_PX: Final = 33
"""What is left of it behind the high-pass filter still fills the network."""


def compute_window_px(image_px: int) -> int:
    """Side of a window of 7/8, which is 224 of 256 px, as in Wang et al. 2020."""
    return image_px * 7 // 8


def compute_patch_px(image_px: int) -> int:
    """Side of a patch, of which two fit beside each other."""
    return image_px // 2


def list_windows(image_px: int, augmentation: str, views: str) -> dict[str, int]:
    """Side of what the network sees beside whole images, by the option that has it cut out.

    Args:
        image_px: Side of the images.
        augmentation: See `fakeid.images.augmentations.augment`.
        views: See `fakeid.models.views`.
    """
    sides = {
        f"augment={augmentation}": compute_window_px(image_px) if augmentation in ("crop", "safe") else None,
        f"protocol.views={views}": {"crops": compute_window_px(image_px), "patches": compute_patch_px(image_px)}.get(
            views
        ),
    }
    return {option: side for option, side in sides.items() if side is not None}
