"""Convert computed levels back to 8-bit images."""

from typing import Any

import numpy as np
import numpy.typing as npt


def round_levels(levels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Round levels to whole ones, halves to even, and clip them to 0 … 255: floats of any shape → uint8."""
    return np.asarray(np.clip(np.rint(levels), 0, 255), np.uint8)
