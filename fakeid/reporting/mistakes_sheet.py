"""A contact sheet of a detector's most confident mistakes."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from fakeid.evaluation.mistakes import MISTAKES_SHOWN
from fakeid.evaluation.scores import Scores
from fakeid.reporting.printable import shorten
from fakeid.reporting.style import DPI, GRAY, styled

Images = npt.NDArray[np.uint8]

_TILE_PX: Final = {False: 128, True: 90}
_A_ROW: Final = {False: MISTAKES_SHOWN, True: 4}
_GAP_PX: Final = 10
_FONT_PX: Final = 14
_LINE_PX: Final = 18
_HEAD_PX: Final = 34
_HEADINGS: Final = ("Reals called fake, with P(fake)", "Fakes called real, with P(fake)")


def caption_mistakes(scores: Scores) -> list[str]:
    """Category, generator and P(fake) of each image, a line each.

    Args:
        scores: Such as `find_mistakes` gives.
    """
    return [
        f"{category}\n{generator}\n{_format_p_fake(p_fake)}"
        for category, generator, p_fake in zip(scores.category, scores.generator, scores.p_fake.tolist(), strict=True)
    ]


def _format_p_fake(p_fake: float) -> str:
    if p_fake < 0.0005:
        return "P < 0.001"
    return "P > 0.999" if p_fake > 0.9995 else f"P = {p_fake:.3f}"


@styled
def plot_mistakes(
    false_alarms: Images,
    alarm_captions: Sequence[str],
    misses: Images,
    miss_captions: Sequence[str],
    *,
    narrow: bool = False,
) -> Figure:
    """Reals called fake above, fakes called real below, each with its caption.

    Args:
        false_alarms: RGB uint8 (n, H, W, 3), shown without smoothing; n may be 0.
        alarm_captions: n texts, of several lines; what is too wide is cut.
        misses: RGB uint8 (m, H, W, 3).
        miss_captions: m texts.
        narrow: For a phone: four a row.
    """
    tile_px, a_row = _TILE_PX[narrow], _A_ROW[narrow]
    blocks = list(zip(_HEADINGS, (false_alarms, misses), (alarm_captions, miss_captions), strict=True))
    lines = max((text.count("\n") + 1 for _, _, captions in blocks for text in captions), default=1)
    row_px = tile_px + lines * _LINE_PX + _GAP_PX
    width = a_row * (tile_px + _GAP_PX) + _GAP_PX
    heights = [-(-len(images) // a_row) * row_px or 2 * _LINE_PX for _, images, _ in blocks]
    height = len(blocks) * _HEAD_PX + sum(heights)
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    top = 0
    for (heading, images, captions), block_px in zip(blocks, heights, strict=True):
        figure.text(_GAP_PX / width, 1 - (top + _HEAD_PX / 2) / height, heading, va="center", fontweight="bold")
        top += _HEAD_PX
        if not len(images):
            figure.text(_GAP_PX / width, 1 - (top + _LINE_PX) / height, "none", va="center", color=GRAY)
        for i, (image, caption) in enumerate(zip(images, captions, strict=True)):
            x, y = _GAP_PX + i % a_row * (tile_px + _GAP_PX), top + i // a_row * row_px
            _draw_tile(figure, image, caption, (x, y, tile_px))
        top += block_px
    return figure


def _draw_tile(figure: Figure, image: Images, caption: str, place: tuple[int, int, int]) -> None:
    """An image and its caption.

    Args:
        figure: Where.
        image: (H, W, 3).
        caption: Lines.
        place: Left, top and side in pixels.
    """
    x, y, side = place
    width, height = (size * DPI for size in figure.get_size_inches())
    ax = figure.add_axes((x / width, 1 - (y + side) / height, side / width, side / height))
    ax.set_axis_off()
    ax.imshow(image, interpolation="none")
    text = "\n".join(shorten(line, side, _FONT_PX) for line in caption.split("\n"))
    figure.text(x / width, 1 - (y + side + 4) / height, text, va="top", fontsize=_FONT_PX * 72 / DPI, linespacing=1.2)
