"""One image as the catalog knows it, before any pixel is read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """One image: where it is, and what is known about it.

    Attributes:
        key: Unique within its source and stable between machines, such as a path relative to the root.
        label: `REAL` (0) or `FAKE` (1).
        category: What is depicted.
        generator: What made it; `CAMERA` for reals.
        scene: Identifies the depicted scene within its category. Images that share it (a photo and its
            translation by a CycleGAN) always land in the same split.
        split: `train`, `val` or `test` where the data set itself says which; empty where the split is to be drawn.
    """

    key: str
    label: int
    category: str
    generator: str
    scene: str
    split: str = ""
