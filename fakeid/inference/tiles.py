"""Cut an image of any size into squares of the size that a detector was trained on."""

import math

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


def place_tiles(height: int, width: int, side_px: int, most: int) -> list[tuple[slice, slice]]:
    """Place squares that cover an image evenly at its full resolution.

    Neighboring squares overlap if a side of the image is not a multiple of theirs. In a direction in which the image is
    smaller than a square, it is taken whole. If covering the image would take more squares than allowed, the allowed
    number is spaced evenly, so that all parts of the image count.

    Args:
        height: Height of the image, in pixels.
        width: Width of the image, in pixels.
        side_px: Side of the squares, in pixels.
        most: Largest number of squares, at least 1.

    Returns:
        Slices of rows and columns of each square, row by row.

    Examples:
        >>> place_tiles(300, 256, 256, most=64)
        [(slice(0, 256, None), slice(0, 256, None)), (slice(44, 300, None), slice(0, 256, None))]
    """
    rows, columns = _share(math.ceil(height / side_px), math.ceil(width / side_px), most)
    return [
        (slice(top, min(top + side_px, height)), slice(left, min(left + side_px, width)))
        for top in _place(height, side_px, rows)
        for left in _place(width, side_px, columns)
    ]


def cut_tiles(rgb_u8: Image, side_px: int, most: int) -> list[Image]:
    """Cut the squares of `place_tiles` out of an image, RGB uint8 (H, W, 3), as views."""
    height, width = rgb_u8.shape[:2]
    return [rgb_u8[place] for place in place_tiles(height, width, side_px, most)]


def _share(rows: int, columns: int, most: int) -> tuple[int, int]:
    """Reduce both numbers by about the same factor until their product is at most `most`."""
    if rows * columns <= most:
        return rows, columns
    fewer_rows = min(rows, max(1, round(math.sqrt(most * rows / columns))))
    fewer_columns = min(columns, max(1, most // fewer_rows))
    return min(rows, max(1, most // fewer_columns)), fewer_columns


def _place(length: int, side_px: int, count: int) -> list[int]:
    spare = max(0, length - side_px)
    return [spare // 2] if count == 1 else [round(at * spare / (count - 1)) for at in range(count)]
