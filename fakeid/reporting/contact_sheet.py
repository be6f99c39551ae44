"""Contact sheets: images side by side at their own resolution, with names and captions."""

from collections.abc import Collection, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import expit

from fakeid.evaluation.scores import Scores
from fakeid.reporting.style import DPI, GRAY, UNSEEN_COLOR, measure_text, shorten, styled

Images = npt.NDArray[np.uint8]

_LARGEST_TILE_PX: Final = 128
_SMALLEST_TILE_PX: Final = 64
_CAPTIONED_TILE_PX: Final = 96  # minimum, so that a caption fits below
_GAP_PX: Final = 3
_CAPTIONED_GAP_PX: Final = 10
_MIDDLE_PX: Final = 18  # gap between reals and fakes
_MARGIN_PX: Final = 10
_FONT_PX: Final = 14  # minimum; larger tiles make larger sheets, which pages scale down more
_LINE_PX: Final = 18
_HEADING_PX: Final = 34
_LEAST_P: Final = 0.0005


@styled
def plot_samples(images: Mapping[str, tuple[Images, Images]], held_out: Collection[str]) -> Figure:
    """Draw one row per category, with reals on the left and fakes on the right.

    At the figure's native resolution each image pixel is one pixel of the file, so generator traces stay visible.
    Smaller images are enlarged to at least 64 px by an integer factor without smoothing. Images larger than 128 px are
    averaged down by an integer factor, because a page that shrinks the sheet without smoothing would show false
    patterns.

    Args:
        images: Reals and fakes by category, each RGB uint8 (n, H, W, 3). All images have one size; n may differ.
        held_out: Categories marked as held out.

    Returns:
        The figure.
    """
    tiles = {name: (_resize(reals), _resize(fakes)) for name, (reals, fakes) in images.items()}
    height, width = next((pair[0].shape[1:3] for pair in tiles.values()), (0, 0))
    most_reals, most_fakes = (max((len(pair[side]) for pair in tiles.values()), default=0) for side in (0, 1))
    font_px = max(_FONT_PX, width // 7)
    labels = {name: f"{name}\nheld out" if name in held_out else name for name in images}
    lines = [line for label in labels.values() for line in label.split("\n")]

    left = 2 * _MARGIN_PX + max((measure_text(line, font_px) for line in lines), default=0)
    middle = left + most_reals * (width + _GAP_PX) + _MIDDLE_PX
    top = 2 * font_px
    right = middle + most_fakes * (width + _GAP_PX) + _MARGIN_PX
    figure, ax = _new_sheet(right, top + len(tiles) * (height + _GAP_PX) + _MARGIN_PX)
    for x, heading in ((left, "real"), (middle, "fake")):
        ax.text(x, top - font_px / 2, heading, fontsize=_points(font_px), fontweight="bold")
    for row, (name, pair) in enumerate(tiles.items()):
        y = top + row * (height + _GAP_PX)
        color = UNSEEN_COLOR if name in held_out else "black"
        place = {"x": left - _MARGIN_PX, "y": y + height / 2, "ha": "right", "va": "center"}
        ax.text(**place, s=labels[name], fontsize=_points(font_px), color=color)
        for x, side in zip((left, middle), pair, strict=True):
            for i, tile in enumerate(side):
                _paste(ax, tile, x + i * (width + _GAP_PX), y)
    return figure


@styled
def plot_mistakes(called_fake: tuple[Images, Scores], called_real: tuple[Images, Scores]) -> Figure:
    """Draw reals called fake above fakes called real, each captioned with category, generator and P(fake).

    Images are resized as in `plot_samples`, but to at least 96 px. Captions that are too wide are cut.

    Args:
        called_fake: Reals called fake as RGB uint8 (n, H, W, 3), and their scores, as returned by `find_mistakes`; n
            may be 0.
        called_real: Fakes called real, in the same form.

    Returns:
        The figure.
    """
    blocks = [
        (heading, _resize(images, _CAPTIONED_TILE_PX), _caption_mistakes(scores))
        for heading, (images, scores) in (
            ("Reals called fake, with P(fake)", called_fake),
            ("Fakes called real, with P(fake)", called_real),
        )
    ]
    lines = max((text.count("\n") + 1 for _, _, captions in blocks for text in captions), default=1)
    column_px = max(_CAPTIONED_TILE_PX, *(tiles.shape[2] for _, tiles, _ in blocks)) + _CAPTIONED_GAP_PX
    heights = [
        tiles.shape[1] + lines * _LINE_PX + _CAPTIONED_GAP_PX if len(tiles) else 2 * _LINE_PX for _, tiles, _ in blocks
    ]
    widest = max(measure_text(heading, _FONT_PX) for heading, _, _ in blocks)
    width = max(widest, column_px * max(len(tiles) for _, tiles, _ in blocks)) + 2 * _CAPTIONED_GAP_PX
    figure, ax = _new_sheet(width, len(blocks) * _HEADING_PX + sum(heights))
    top = 0
    for (heading, tiles, captions), height in zip(blocks, heights, strict=True):
        ax.text(_CAPTIONED_GAP_PX, top + _HEADING_PX / 2, heading, va="center", fontweight="bold")
        top += _HEADING_PX
        if not len(tiles):
            ax.text(_CAPTIONED_GAP_PX, top + _LINE_PX, "none", va="center", color=GRAY)
        for i, (tile, caption) in enumerate(zip(tiles, captions, strict=True)):
            x = _CAPTIONED_GAP_PX + i * column_px
            _paste(ax, tile, x, top)
            text = "\n".join(shorten(line, column_px - _CAPTIONED_GAP_PX, _FONT_PX) for line in caption.split("\n"))
            ax.text(x, top + len(tile) + 4, text, va="top", fontsize=_points(_FONT_PX), linespacing=1.2)
        top += height
    return figure


def _caption_mistakes(scores: Scores) -> list[str]:
    """Caption each image with category, generator and P(fake), one per line."""
    return [
        f"{category}\n{generator}\n{_format_p_fake(p_fake)}"
        for category, generator, p_fake in zip(scores.category, scores.generator, expit(scores.logit), strict=True)
    ]


def _format_p_fake(p_fake: float) -> str:
    if p_fake < _LEAST_P:
        return "P < 0.001"
    return "P > 0.999" if p_fake > 1 - _LEAST_P else f"P = {p_fake:.3f}"


def _resize(images: Images, smallest_px: int = _SMALLEST_TILE_PX) -> Images:
    """Enlarge or reduce images by an integer factor, from (n, H, W, 3) to (n, H', W', 3)."""
    count, height, width, _ = images.shape
    side = max(height, width)
    if side > _LARGEST_TILE_PX:
        factor = -(-side // _LARGEST_TILE_PX)
        height, width = height // factor, width // factor
        whole = images[:, : height * factor, : width * factor]
        blocks = whole.reshape(count, height, factor, width, factor, 3)  # (n, H', f, W', f, 3)
        return np.asarray(np.rint(blocks.mean(axis=(2, 4))), dtype=np.uint8)
    factor = -(-smallest_px // side)
    return images.repeat(factor, axis=1).repeat(factor, axis=2)


def _new_sheet(width_px: int, height_px: int) -> tuple[Figure, Axes]:
    """Build a figure whose data coordinates are pixels counted from the top left."""
    figure = Figure(figsize=(width_px / DPI, height_px / DPI), dpi=DPI)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    ax.set(xlim=(0, width_px), ylim=(height_px, 0))
    return figure, ax


def _paste(ax: Axes, tile: Images, x: int, y: int) -> None:
    """Draw an image (H, W, 3) on a sheet with its upper left corner at x, y."""
    height, width, _ = tile.shape
    ax.imshow(tile, interpolation="none", extent=(x, x + width, y + height, y), aspect="auto")


def _points(pixels: float) -> float:
    return pixels * 72 / DPI
