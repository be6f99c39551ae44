"""A contact sheet: what the real and the fake images of each category look like."""

import math
from collections.abc import Collection, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

from fakeid.reporting.style import DPI, UNSEEN_COLOR, styled

Images = npt.NDArray[np.uint8]

_LARGEST_TILE_PX: Final = 128
_SMALLEST_TILE_PX: Final = 64
_GAP_PX: Final = 3
_MIDDLE_PX: Final = 18  # between reals and fakes
_MARGIN_PX: Final = 10
_FONT_PX: Final = 14  # at least; larger tiles come on larger sheets, which pages shrink more


@styled
def plot_samples(images: Mapping[str, tuple[Images, Images]], held_out: Collection[str]) -> Figure:
    """One row a category: reals on the left, fakes on the right.

    Saved at its own resolution, every pixel of the sheet is a pixel of the file, so a generator's trace stays visible.
    Small images are repeated to at least 64 px without smoothing. Those above 128 px are averaged down by a whole
    number, because a page that scales the sheet down without smoothing would show patterns that are not there.

    Args:
        images: Category → reals and fakes, each RGB uint8 (n, H, W, 3), all of one size; n may differ.
        held_out: Categories to mark.
    """
    tiles = {name: (_resize(reals), _resize(fakes)) for name, (reals, fakes) in images.items()}
    height, width = next((pair[0].shape[1:3] for pair in tiles.values()), (0, 0))
    most_reals, most_fakes = (max((len(pair[side]) for pair in tiles.values()), default=0) for side in (0, 1))
    font_px = max(_FONT_PX, width // 7)
    labels = {name: f"{name}\nheld out" if name in held_out else name for name in images}
    lines = [line for label in labels.values() for line in label.split("\n")]

    left = 2 * _MARGIN_PX + max((_measure_text(line, font_px) for line in lines), default=0)
    middle = left + most_reals * (width + _GAP_PX) + _MIDDLE_PX
    top = 2 * font_px
    right = middle + most_fakes * (width + _GAP_PX) + _MARGIN_PX
    bottom = top + len(tiles) * (height + _GAP_PX) + _MARGIN_PX
    sheet = np.full((bottom, right, 3), 255, np.uint8)
    figure, ax = _new_sheet(right, bottom)
    for x, heading in ((left, "real"), (middle, "fake")):
        ax.text(x, top - font_px / 2, heading, fontsize=_points(font_px), fontweight="bold")
    for row, (name, pair) in enumerate(tiles.items()):
        y = top + row * (height + _GAP_PX)
        color = UNSEEN_COLOR if name in held_out else "black"
        place = {"x": left - _MARGIN_PX, "y": y + height / 2, "ha": "right", "va": "center"}
        ax.text(**place, s=labels[name], fontsize=_points(font_px), color=color)
        for x, side in zip((left, middle), pair, strict=True):
            _paste(sheet, side, x, y)
    ax.imshow(sheet, interpolation="nearest", extent=(0, right, bottom, 0))
    return figure


def _paste(sheet: Images, tiles: Images, x: int, y: int) -> None:
    """Put the tiles (n, H, W, 3) side by side into the sheet (H', W', 3), from x, y to the right."""
    _, height, width, _ = tiles.shape
    for i, tile in enumerate(tiles):
        start = x + i * (width + _GAP_PX)
        sheet[y : y + height, start : start + width] = tile


def _resize(images: Images) -> Images:
    """Repeat or average pixels by a whole number: (n, H, W, 3) to (n, H', W', 3)."""
    count, height, width, _ = images.shape
    side = max(height, width)
    if side > _LARGEST_TILE_PX:
        factor = -(-side // _LARGEST_TILE_PX)
        height, width = height // factor, width // factor
        whole = images[:, : height * factor, : width * factor]
        blocks = whole.reshape(count, height, factor, width, factor, 3)  # (n, H', f, W', f, 3)
        return np.asarray(np.rint(blocks.mean(axis=(2, 4))), dtype=np.uint8)
    factor = -(-_SMALLEST_TILE_PX // side)
    return images.repeat(factor, axis=1).repeat(factor, axis=2)


def _new_sheet(width_px: int, height_px: int) -> tuple[Figure, Axes]:
    """A figure whose data coordinates are its pixels, from the top left."""
    figure = Figure(figsize=(width_px / DPI, height_px / DPI), dpi=DPI)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    ax.set(xlim=(0, width_px), ylim=(height_px, 0))
    return figure, ax


def _measure_text(text: str, font_px: float) -> int:
    """Width in pixels."""
    # $ would start a formula here.
    return math.ceil(TextPath((0, 0), text.replace("$", "S"), size=font_px).get_extents().width)


def _points(pixels: float) -> float:
    return pixels * 72 / DPI
