"""The words that every module shares: labels, splits and the seed paper's categories."""

from typing import Final

REAL: Final = 0
FAKE: Final = 1
LABEL_NAMES: Final = ("real", "fake")

CAMERA: Final = "camera"
"""The `generator` of every real image."""

TRAIN: Final = "train"
VAL: Final = "val"
TEST: Final = "test"
SPLITS: Final = (TRAIN, VAL, TEST)

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
