"""Words and sizes that all modules share: labels, splits, categories, and the sides of what is cut out of images."""

import re
from typing import Final

REAL: Final = 0
FAKE: Final = 1
LABEL_NAMES: Final = ("real", "fake")

CLASS_SUFFIX: Final = re.compile(r"(?<=.)[_-](real|fake)(_[AB])?$", re.IGNORECASE)
"""What the names of a photo and its translation differ by, at the end and without the file's ending."""

CAMERA: Final = "camera"
"""The `generator` of every real image."""

TRAIN: Final = "train"
VAL: Final = "val"
TEST: Final = "test"
SPLITS: Final = (TRAIN, VAL, TEST)

OWN_TEST_SET: Final = "test"
"""The test set of images that a run keeps from its own data; others have names of their own."""

LSUN_CATEGORIES: Final = (
    "cat",
    "church_outdoor",
    "train",
    "airplane",
    "bus",
    "cow",
    "bridge",
    "bedroom",
    "classroom",
    "restaurant",
    "sheep",
)
"""The seed paper's categories in the order in which they are added; the last is held out (Lee & Park 2021)."""

LSUN_SCENES: Final = (
    "bedroom",
    "bridge",
    "church_outdoor",
    "classroom",
    "conference_room",
    "dining_room",
    "kitchen",
    "living_room",
    "restaurant",
    "tower",
)
"""LSUN's scene categories, published as `NAME_train_lmdb` and `NAME_val_lmdb` (Yu et al. 2015)."""

LSUN_OBJECTS: Final = (
    "airplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "dining_table",
    "dog",
    "horse",
    "motorbike",
    "person",
    "potted_plant",
    "sheep",
    "sofa",
    "train",
    "tv-monitor",
)
"""LSUN's object categories, published as one database `NAME` each."""

DEMO_CATEGORIES: Final = (
    "leaves",
    "bricks",
    "waves",
    "clouds",
    "pebbles",
    "tartan",
    "mountains",
    "wood",
    "flowers",
    "skyline",
    "coral",
)

UPSAMPLING_BLOCKS: Final = ("transposed_conv", "nearest_conv", "bilinear_conv", "pixel_shuffle")
"""As in DCGAN and CycleGAN, in ProGAN, in StyleGAN, and in super-resolution networks."""

HELD_OUT_BLOCK: Final = "transposed_fir"
"""As in StyleGAN2: a transposed convolution, then a fixed low-pass filter. No built-in training image has met it."""


SMALLEST_PX: Final = 33
"""What is left of it behind the high-pass filter still fills the network."""


def compute_window_px(image_px: int) -> int:
    """Compute the side of a window of 7/8, which is 224 of 256 px, as in Wang et al. 2020."""
    return image_px * 7 // 8


def compute_patch_px(image_px: int) -> int:
    """Compute the side of a patch, of which two fit beside each other."""
    return image_px // 2


def compute_trained_px(image_px: int, augmentation: str) -> int:
    """Compute the side of what the network sees of an image in training: `crop` and `safe` cut windows out."""
    return compute_window_px(image_px) if augmentation in ("crop", "safe") else image_px


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
