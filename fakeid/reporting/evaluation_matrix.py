"""The matrix of a test as a heat map: seen and unseen, against what was done to the images."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from fakeid.reporting.evaluation_groups import EvaluationGroups
from fakeid.reporting.numbers import UNDEFINED, Estimate, format_unit
from fakeid.reporting.printable import make_printable
from fakeid.reporting.style import GRAY, SKY, new_figure, styled

_CELL_PX: Final = (78, 58)
_LEFT_PX: Final = 250
_LEAST_PX: Final = 600  # for the title
_COLORS: Final = LinearSegmentedColormap.from_list("guessing", ["#F2A27A", "#F6F6F6", SKY])
_NORMALIZE: Final = Normalize(0.0, 1.0)  # guessing has no color, upside down is red; black text shows on all


@styled
def plot_matrix(evaluation: Mapping[str, Any], *, intervals: bool = True) -> Figure:
    """AUROC: one row a quadrant, then one a test set; one column a degradation.

    Args:
        evaluation: See `render_evaluation_page`.
        intervals: Whether the 95 % intervals stand below, in small letters.
    """
    evaluation = make_printable(evaluation)
    groups = EvaluationGroups(evaluation)
    rows = list_matrix_rows(groups)
    columns = groups.degradations
    figure = new_figure(max(_LEAST_PX, _LEFT_PX + _CELL_PX[0] * len(columns)), 130 + _CELL_PX[1] * max(1, len(rows)))
    ax = figure.subplots()
    estimates = [[groups.read("auroc", kind, name, tested) for tested in columns] for kind, name in rows]
    values = np.array([[np.nan if cell["value"] is None else cell["value"] for cell in row] for row in estimates])
    values = values.reshape(len(rows), len(columns))
    # Cells of their own, not an image: sharp at any size, with white gaps.
    ax.pcolormesh(values[::-1], cmap=_COLORS, norm=_NORMALIZE, edgecolors="white", linewidth=2)
    for y, row in enumerate(reversed(estimates)):
        for x, estimate in enumerate(row):
            _write_cell(ax, x + 0.5, y + 0.5, estimate, intervals)
    _label(ax, rows, columns)
    return figure


def list_matrix_rows(groups: EvaluationGroups) -> list[tuple[str, str]]:
    """Kind and name of each row; a test set that is the only one is no row, the quadrants say all of it."""
    sets = groups.list_names("test_set")
    named = [("test_set", name) for name in sets] if len(sets) > 1 else []
    return [("quadrant", name) for name in groups.list_names("quadrant")] + named


def _write_cell(ax: Axes, x: float, y: float, estimate: Estimate, intervals: bool) -> None:
    value, low, high = (estimate[name] for name in ("value", "low", "high"))
    color = GRAY if value is None else "black"
    bounded = intervals and low is not None
    place: dict[str, Any] = {"ha": "center", "va": "center", "color": color}
    ax.text(x, y + 0.13 * bounded, format_unit(value), fontsize=10, fontweight="bold", **place)
    if bounded:
        ax.text(x, y - 0.2, f"{format_unit(low)}{UNDEFINED}{format_unit(high)}", fontsize=6.5, **place)


def _label(ax: Axes, rows: list[tuple[str, str]], columns: list[str]) -> None:
    ax.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=0 if len(columns) < 6 else 35, ha="left")
    ax.xaxis.tick_top()
    names = [name.replace(", ", ",\n") if kind == "quadrant" else f"test set {name}" for kind, name in reversed(rows)]
    ax.set_yticks(np.arange(len(rows)) + 0.5, names)
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.set(xlim=(0, max(1, len(columns))), ylim=(0, max(1, len(rows))))
    ax.set_title("AUROC, with 95 % intervals; 0.5 is guessing", pad=12)
