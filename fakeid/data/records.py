"""The record of one image: what is known about it before any pixel is read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """The location of one image and what is known about it.

    Attributes:
        key: Name that is unique within its source and the same on every machine, such as a path relative to the root.
        label: `REAL` (0) or `FAKE` (1).
        category: What the image shows.
        generator: What made the image; `CAMERA` for reals.
        scene: Identifier of the depicted scene within its category. Images that share it (a photo and its
            translation by a CycleGAN) always go to the same split.
        split: `train`, `val` or `test` if the data set has its own splits; empty if the split is to be drawn.
    """

    key: str
    label: int
    category: str
    generator: str
    scene: str
    split: str = ""
