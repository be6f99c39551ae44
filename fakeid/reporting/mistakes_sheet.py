"""A contact sheet of the misclassified images of which a detector is most confident."""

from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from fakeid.evaluation.mistakes import MISTAKES_SHOWN
from fakeid.evaluation.scores import Scores
from fakeid.reporting.printable import shorten
from fakeid.reporting.style import DPI, GRAY, styled

Images = npt.NDArray[np.uint8]

_TILE_PX: Final = 128
_STEP_PX: Final = _TILE_PX + 10
_GAP_PX: Final = 10
_FONT_PX: Final = 14
_LINE_PX: Final = 18
_HEAD_PX: Final = 34
_HEADINGS: Final = ("Reals called fake, with P(fake)", "Fakes called real, with P(fake)")


def _caption(scores: Scores) -> list[str]:
    """Write category, generator and P(fake) of each image, a line each."""
    return [
        f"{category}\n{generator}\n{_format_p_fake(p_fake)}"
        for category, generator, p_fake in zip(scores.category, scores.generator, scores.p_fake.tolist(), strict=True)
    ]


def _format_p_fake(p_fake: float) -> str:
    if p_fake < 0.0005:
        return "P < 0.001"
    return "P > 0.999" if p_fake > 0.9995 else f"P = {p_fake:.3f}"


@styled
def plot_mistakes(called_fake: tuple[Images, Scores], called_real: tuple[Images, Scores]) -> Figure:
    """Plot reals called fake above, fakes called real below, each with its caption.

    Args:
        called_fake: Reals, RGB uint8 (n, H, W, 3), shown without smoothing, and their scores, such as
            `find_mistakes` gives; n may be 0.
        called_real: Likewise fakes.
    """
    blocks = list(zip(_HEADINGS, (called_fake, called_real), strict=True))
    row_px = _TILE_PX + 3 * _LINE_PX + _GAP_PX
    width = MISTAKES_SHOWN * _STEP_PX + _GAP_PX
    heights = [row_px if len(images) else 2 * _LINE_PX for _, (images, _) in blocks]
    height = len(blocks) * _HEAD_PX + sum(heights)
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    top = 0
    for (heading, (images, scores)), block_px in zip(blocks, heights, strict=True):
        figure.text(_GAP_PX / width, 1 - (top + _HEAD_PX / 2) / height, heading, va="center", fontweight="bold")
        top += _HEAD_PX
        if not len(images):
            figure.text(_GAP_PX / width, 1 - (top + _LINE_PX) / height, "none", va="center", color=GRAY)
        for i, (image, caption) in enumerate(zip(images, _caption(scores), strict=True)):
            _draw_tile(figure, image, caption, _GAP_PX + i * _STEP_PX, top)
        top += block_px
    return figure


def _draw_tile(figure: Figure, image: Images, caption: str, x: int, y: int) -> None:
    """Draw an image (H, W, 3) and the lines below it, its left upper corner at x, y in pixels."""
    width, height = (size * DPI for size in figure.get_size_inches())
    ax = figure.add_axes((x / width, 1 - (y + _TILE_PX) / height, _TILE_PX / width, _TILE_PX / height))
    ax.set_axis_off()
    ax.imshow(image, interpolation="none")
    text = "\n".join(shorten(line, _TILE_PX, _FONT_PX) for line in caption.split("\n"))
    below = 1 - (y + _TILE_PX + 4) / height
    figure.text(x / width, below, text, va="top", fontsize=_FONT_PX * 72 / DPI, linespacing=1.2)
