"""Left and right exchanged."""

from typing import Final

import numpy as np
import numpy.typing as npt

_PROBABILITY: Final = 0.5


def flip(rgb_u8: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Mirror every other image horizontally; part of several papers' augmentations.

    Args:
        rgb_u8: RGB uint8 (H, W, 3).
        rng: Of this one image; one number is drawn.

    Returns:
        RGB uint8 (H, W, 3), a view.
    """
    return rgb_u8[:, ::-1] if rng.random() < _PROBABILITY else rgb_u8
