"""Shared style of all figures: colors, font sizes and figure construction."""

import math
from typing import Any, Final

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath
from matplotlib.ticker import FuncFormatter

from fakeid.evaluation.quadrants import QUADRANTS

DPI: Final = 120

_ELLIPSIS: Final = "\N{HORIZONTAL ELLIPSIS}"

BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
GREEN: Final = "#009E73"
VERMILION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
SKY: Final = "#56B4E9"
BLACK: Final = "#000000"
GRAY: Final = "#767676"
PALETTE: Final = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)
"""Colors that color-blind readers can distinguish (Okabe & Ito 2008), without yellow, which is too faint on white."""

DASHES: Final[tuple[Any, ...]] = ("-", (0, (7, 2)), (0, (3, 1.5)), (0, (7, 2, 1.5, 2)), (0, (1.2, 1.5)))
"""Dash patterns that distinguish lines without color."""

SEEN_COLOR: Final = BLUE
UNSEEN_COLOR: Final = VERMILION

QUADRANT_LOOKS: Final[dict[str, dict[str, Any]]] = {
    str(quadrant): {"color": color, "marker": marker, "linestyle": dashes}
    for quadrant, color, marker, dashes in zip(
        QUADRANTS,
        (BLUE, GREEN, ORANGE, VERMILION),
        ("o", "s", "^", "D"),
        ("-", (0, (7, 2)), (0, (7, 2, 1.5, 2)), (0, (3, 1.5))),
        strict=True,
    )
}
"""Line style of each quadrant in every figure; markers and dashes distinguish the lines without color."""

CHANCE_LINE: Final[Any] = {"color": GRAY, "linestyle": (0, (2, 2)), "linewidth": 1.1}
"""Line style of chance level, with finer dashes than any other line."""

_STYLE: Final[Any] = {
    "font.family": "DejaVu Sans",  # ships with matplotlib, so figures are the same on every machine
    "font.size": 9,
    "text.parse_math": False,  # a folder name may contain $
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GRAY,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.8,
    "xtick.color": GRAY,
    "ytick.color": GRAY,
    "xtick.labelcolor": "black",
    "ytick.labelcolor": "black",
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": "white",
}

# matplotlib reads the style when it creates an artist, so plotting functions are decorated with it; afterwards the
# user's own settings are restored.
styled = rc_context(_STYLE)
"""Decorator that applies the style to a plotting function."""


def new_figure(width_px: int, height_px: int) -> Figure:
    """Build an empty figure of the given size in saved pixels, outside pyplot's global list."""
    return Figure(figsize=(width_px / DPI, height_px / DPI), dpi=DPI, layout="constrained")


def mark_chance(ax: Axes, chance: float, *, vertical: bool = False) -> None:
    """Draw the chance-level line."""
    draw = ax.axvline if vertical else ax.axhline
    draw(chance, **CHANCE_LINE, zorder=1, label="_chance")


def label_in_percent(axis: Axis) -> None:
    """Label ticks of shares in [0, 1] in percent, with only as many decimals as needed: 57.5, 60."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.4g}"))


def measure_text(text: str, font_px: float) -> int:
    """Measure the width of one line of text in pixels."""
    # A dollar sign would start a formula.
    outline = TextPath((0, 0), text.replace("$", "S"), size=font_px).vertices
    return math.ceil(float(np.max(outline[:, 0], initial=0.0)))


def shorten(text: str, width_px: float, font_px: float) -> str:
    """Truncate a text so that it fits a width in a figure.

    Args:
        text: One line of text.
        width_px: Maximum width in pixels.
        font_px: Font size in pixels.

    Returns:
        The text, ending in an ellipsis if it was cut.
    """
    width = measure_text(text, font_px)
    if width <= width_px:
        return text
    text = text[: int(len(text) * width_px / width) + 1]  # an estimate, refined below
    while len(text) > 1 and measure_text(text + _ELLIPSIS, font_px) > width_px:
        text = text[:-1]
    return text.rstrip() + _ELLIPSIS
