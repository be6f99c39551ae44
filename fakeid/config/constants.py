"""Define the names that all modules share: labels, splits, categories and generator families."""

import re
from typing import Final

REAL: Final = 0
FAKE: Final = 1
LABEL_NAMES: Final = ("real", "fake")

CLASS_SUFFIX: Final = re.compile(r"(?<=.)[_-](real|fake)(_[AB])?$", re.IGNORECASE)
"""Suffix of a file's stem by which the names of a photo and its translation differ."""

CAMERA: Final = "camera"
"""Value of `generator` for every real image."""

TRAIN: Final = "train"
VAL: Final = "val"
TEST: Final = "test"
SPLITS: Final = (TRAIN, VAL, TEST)

OWN_TEST_SET: Final = "test"
"""Name of the test set that a run holds back from its own data; other test sets have names of their own."""

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
"""Categories of the original paper in the order in which they are added; the last is held out (Lee & Park 2021)."""

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
"""Scene categories of LSUN, published as `NAME_train_lmdb` and `NAME_val_lmdb` (Yu et al. 2015)."""

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
"""Object categories of LSUN, each published as one database `NAME`."""

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
"""Up-sampling blocks as in DCGAN and CycleGAN, ProGAN, StyleGAN, and super-resolution networks, in this order."""

HELD_OUT_BLOCK: Final = "transposed_fir"
"""Up-sampling block as in StyleGAN2: a transposed convolution, then a fixed low-pass filter. Never trained on in the
built-in data."""

GAN_FAMILIES: Final = (
    "progan",
    "dcgan",
    "cyclegan",
    "pix2pix",
    "stylegan",
    "stylegan2",
    "stylegan3",
    "srgan",
    "esrgan",
    "zeros",
)
"""Generator families of which `data=simulated` trains small decoders; `zeros` inserts zeros between pixels, then
convolves."""

RANDOM_FAMILIES: Final = tuple(f"random_{block}" for block in (*UPSAMPLING_BLOCKS, HELD_OUT_BLOCK))
"""Families of decoders with random kernels, in which only the colors are fitted."""

FAMILIES: Final = (*GAN_FAMILIES, *RANDOM_FAMILIES)
"""All families with which `data=simulated` makes copies."""
