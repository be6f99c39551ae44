"""A window at a random place, pixel for pixel."""

import numpy as np
import numpy.typing as npt

from fakeid.windows import compute_window_px


def crop(rgb_u8: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Cut out a window of 7/8 of each side, each place as likely as any other.

    Nothing is resized, for interpolation wears off the trace of a generator and leaves one of its own: Wang et al.
    2020 ("CNN-generated images are surprisingly easy to spot... for now") cut 224 of 256 px out in training, Li et al.
    2024 (SAFE, arXiv 2408.06741) measure what it gains to crop and not resize. The share of 7/8 at any size is ours.

    Args:
        rgb_u8: RGB uint8 (H, W, 3).
        rng: Of this one image.

    Returns:
        RGB uint8 (H', W', 3), the same size for all images of a size; a view.
    """
    height, width = (compute_window_px(side) for side in rgb_u8.shape[:2])
    top, left = (
        int(rng.integers(spare, endpoint=True)) for spare in (rgb_u8.shape[0] - height, rgb_u8.shape[1] - width)
    )
    return rgb_u8[top : top + height, left : left + width]
