"""Cut an image of any size into the squares that a detector is used to."""

import math

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


def cut_tiles(rgb_u8: Image, side_px: int, most: int) -> list[Image]:
    """Cut squares that cover the image evenly, at its full resolution; nothing is resampled.

    Neighbors overlap where the sides are no multiples of the square's. An image that is smaller in one direction is
    taken whole in that direction. Where more squares than are allowed would be needed to cover all, as many as are
    allowed lie at even distances, so that all parts of the image count.

    Args:
        rgb_u8: RGB uint8 (H, W, 3).
        side_px: Of the squares.
        most: How many at most, at least 1.

    Returns:
        Views of (side, side, 3), or smaller where the image is; row by row.

    Examples:
        >>> [tile.shape[:2] for tile in cut_tiles(np.zeros((300, 256, 3), np.uint8), 256, most=64)]
        [(256, 256), (256, 256)]
    """
    height, width = rgb_u8.shape[:2]
    rows, columns = _share(math.ceil(height / side_px), math.ceil(width / side_px), most)
    return [
        rgb_u8[top : top + side_px, left : left + side_px]
        for top in _place(height, side_px, rows)
        for left in _place(width, side_px, columns)
    ]


def _share(rows: int, columns: int, most: int) -> tuple[int, int]:
    """Lower both numbers by the same factor until their product is allowed."""
    if rows * columns <= most:
        return rows, columns
    fewer_rows = min(rows, max(1, round(math.sqrt(most * rows / columns))))
    fewer_columns = min(columns, max(1, most // fewer_rows))
    return min(rows, max(1, most // fewer_columns)), fewer_columns


def _place(length: int, side_px: int, count: int) -> list[int]:
    spare = max(0, length - side_px)
    return [spare // 2] if count == 1 else [round(at * spare / (count - 1)) for at in range(count)]
