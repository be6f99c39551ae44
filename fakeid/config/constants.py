"""Words that all modules share: labels, splits, categories, and kinds of decoders."""

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
"""Whose decoders `data=simulated` trains small ones of; `zeros` inserts zeros between pixels, then convolves."""

RANDOM_FAMILIES: Final = tuple(f"random_{block}" for block in (*UPSAMPLING_BLOCKS, HELD_OUT_BLOCK))
"""Decoders with random kernels, of which only the colors are fitted."""

FAMILIES: Final = (*GAN_FAMILIES, *RANDOM_FAMILIES)
"""All that `data=simulated` makes copies with."""
