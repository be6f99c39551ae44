"""Settings of one number of categories side by side, by falling accuracy."""

from collections.abc import Sequence
from textwrap import fill
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fakeid.identity import label_changes
from fakeid.reporting.averages import Cell
from fakeid.reporting.numbers import Estimate
from fakeid.reporting.style import BLUE, CHANCE_LINE, label_in_percent, mark_chance, new_figure, styled
from fakeid.reporting.sweep_tables import describe_brackets

_MOST_ROWS: Final = 60
_NARROW_LABEL: Final = 24  # characters in a line
_LEGEND: Final = 50
_ROW_PX: Final = 24
_LINE_PX: Final = 17


@styled
def plot_settings(cells: Sequence[Cell], *, narrow: bool = False) -> Figure:
    """Accuracy and AUROC on unseen content, with intervals; the 60 highest.

    Args:
        cells: Of one number of categories; named as in the tables where these have short
            names, otherwise by the options in which they differ, where they are not the default.
        narrow: For a phone: the two below each other.
    """
    labels = label_changes([cell.runs[0].config for cell in cells])
    if any(cell.setting.short for cell in cells):
        labels = [cell.setting.name for cell in cells]  # as in the tables
    ranked = sorted(zip(cells, labels, strict=True), key=lambda entry: -(entry[0].average(seen=False)["value"] or 0.0))
    shown = ranked[:_MOST_ROWS]
    names = [fill(label, _NARROW_LABEL) if narrow else label for _, label in shown]
    row_px = max(_ROW_PX, _LINE_PX * (1 + max(name.count("\n") + 1 for name in names))) if narrow else _ROW_PX
    body_px = row_px * len(shown) + 70
    figure = new_figure(430, 2 * body_px + 90) if narrow else new_figure(980, body_px + 50)
    axes = figure.subplots(2, 1) if narrow else figure.subplots(1, 2, sharey=True)
    heights = [-place for place in range(len(shown))]
    columns = (
        ("Accuracy (%)", [cell.average(seen=False) for cell, _ in shown]),
        ("AUROC", [cell.measure("unseen", "auroc") for cell, _ in shown]),
    )
    for ax, (title, estimates) in zip(axes, columns, strict=True):
        _draw(ax, estimates, heights)
        ax.set(title=title)
        ax.set_yticks(heights, names)
        ax.set_ylim(heights[-1] - 0.7, 0.7)
    label_in_percent(axes[0].xaxis)
    handles = [
        Line2D(
            [], [], color=BLUE, marker="o", label=fill(describe_brackets(cells), _LEGEND if narrow else 2 * _LEGEND)
        ),
        Line2D([], [], **CHANCE_LINE, label="chance level"),
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=1 if narrow else 2)
    return figure


def _draw(ax: Axes, estimates: Sequence[Estimate], heights: Sequence[int]) -> None:
    for estimate, height in zip(estimates, heights, strict=True):
        if estimate["value"] is None:
            continue
        ax.plot([estimate["low"] or 0.0, estimate["high"] or 0.0], [height] * 2, color=BLUE, linewidth=1.1, alpha=0.7)
        ax.plot(estimate["value"], height, "o", color=BLUE)
    mark_chance(ax, 0.5, vertical=True)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)
