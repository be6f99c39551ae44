"""Robustness figures: AUROC by degradation as a heat map, and against the strength of degradations."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from fakeid.config.degradations import NO_DEGRADATION, parse_degradation
from fakeid.evaluation.records.evaluation import Evaluation
from fakeid.evaluation.records.results import Estimate
from fakeid.reporting.degradations import KINDS, group_degradations
from fakeid.reporting.evaluation.tables import tabulate_matrix
from fakeid.reporting.formatting import UNDEFINED, format_bounds, format_number
from fakeid.reporting.style import CHANCE_LINE, GRAY, QUADRANT_LOOKS, SKY, mark_chance, new_figure, styled
from fakeid.reporting.table import Form, Table

_CELL_PX: Final = (78, 58)
_LEFT_PX: Final = 250
_TITLE_PX: Final = 600
_COLORS: Final = LinearSegmentedColormap.from_list("chance", ["#F2A27A", "#F6F6F6", SKY])
_NORMALIZE: Final = Normalize(0.0, 1.0)  # chance level has no color, below chance is red; black text is legible on all

_BAND_ALPHA: Final = 0.14
_SHIFT: Final = 0.13  # between points side by side
_WIDEST_PX: Final = 1160  # fits a page without scrolling
_LEGEND_PX: Final = 880


@styled
def plot_matrix(evaluation: Evaluation) -> Figure:
    """Plot a heat map of the AUROC with 95 % intervals: quadrants, then test sets, by degradation."""
    table = tabulate_matrix(evaluation)
    num_columns, num_rows = len(table.rows), max(1, len(table.columns) - 1)
    figure = new_figure(max(_TITLE_PX, _LEFT_PX + _CELL_PX[0] * num_columns), 130 + _CELL_PX[1] * num_rows)
    ax = figure.subplots()
    places = list(reversed(evaluation.list_main()))  # from the bottom up
    areas = [[evaluation.read("auroc", *place, word) for word in evaluation.degradations] for place in places]
    values = np.array([[np.nan if area.value is None else area.value for area in row] for row in areas])
    # Drawn as separate cells rather than an image, to be sharp at any size and have white gaps.
    ax.pcolormesh(
        values.reshape(len(areas), num_columns), cmap=_COLORS, norm=_NORMALIZE, edgecolors="white", linewidth=2
    )
    for y, row in enumerate(areas):
        for x, area in enumerate(row):
            _write_cell(ax, x + 0.5, y + 0.5, area)
    _label_matrix(ax, table)
    return figure


def _write_cell(ax: Axes, x: float, y: float, estimate: Estimate) -> None:
    place: dict[str, Any] = {"ha": "center", "va": "center", "color": GRAY if estimate.value is None else "black"}
    value = format_number(estimate.value, Form.UNIT)
    ax.text(x, y + 0.13 * estimate.has_interval, value, fontsize=10, fontweight="bold", **place)
    if estimate.has_interval:
        ax.text(x, y - 0.2, format_bounds(estimate, Form.UNIT, UNDEFINED), fontsize=6.5, **place)


def _label_matrix(ax: Axes, table: Table) -> None:
    words = [str(row.cells[0].value) for row in table.rows]
    names = [column.short for column in reversed(table.columns[1:])]
    ax.set_xticks(np.arange(len(words)) + 0.5, words, rotation=0 if len(words) < 6 else 35, ha="left")
    ax.xaxis.tick_top()
    ax.set_yticks(np.arange(len(names)) + 0.5, names)
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.set(xlim=(0, max(1, len(words))), ylim=(0, max(1, len(names))))
    ax.set_title("AUROC, with 95 % intervals; 0.5 is chance level", pad=12)


class _Panel(NamedTuple):
    title: str
    strength: str  # label of the strength
    degradations: list[str]
    joined: bool  # whether lines join the points, as strengths of one kind

    @property
    def ticks(self) -> list[str]:
        return [_name_tick(name, self.joined) for name in self.degradations]


@styled
def plot_robustness(evaluation: Evaluation) -> Figure:
    """Plot the AUROC against strength, with one panel per kind of degradation, one line per quadrant and 95 % bands.

    Each panel starts with clean images at the left. Kinds with a single strength share a panel of points with whiskers.
    """
    panels, quadrants = _list_panels(evaluation.degradations), evaluation.list_names("quadrant")
    widths = [len(panel.ticks) + 0.6 for panel in panels]
    figure = new_figure(min(_WIDEST_PX, max(_LEGEND_PX, 260 + round(110 * sum(widths)))), 450)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False, width_ratios=widths)[0]
    for ax, panel in zip(axes, panels, strict=True):
        for i, name in enumerate(quadrants):
            shift = 0.0 if panel.joined else _SHIFT * (i - (len(quadrants) - 1) / 2)
            _draw_line(ax, evaluation, name, panel, shift)
        mark_chance(ax, 0.5)
        ax.set_xticks(range(len(panel.ticks)), panel.ticks)
        ax.set_xlim(-0.35, len(panel.ticks) - 0.65)
        ax.set_title(panel.title, fontsize=9)
        ax.set_xlabel(panel.strength)
        ax.grid(visible=False, axis="x")
    axes[0].set_ylim(top=1.015)
    figure.supylabel("AUROC", fontsize=9)
    handles: list[Any] = [Line2D([], [], **QUADRANT_LOOKS[name], label=name) for name in quadrants]
    handles.append(Line2D([], [], **CHANCE_LINE, label="chance level"))
    handles.append(Patch(color=GRAY, alpha=0.3, linewidth=0, label="95 % interval"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3, handlelength=3.2)
    return figure


def _list_panels(degradations: Sequence[str]) -> list[_Panel]:
    grouped = group_degradations([word for word in degradations if word != NO_DEGRADATION])
    panels = [
        _Panel(KINDS[kind].name, KINDS[kind].axis, [NO_DEGRADATION, *words], True)
        for kind, words in grouped.items()
        if len(words) > 1
    ]
    single = [words[0] for words in grouped.values() if len(words) == 1]
    if single or not panels:
        panels.append(_Panel("others" if single else "clean images", "", [NO_DEGRADATION, *single], False))
    return panels


def _name_tick(word: str, joined: bool) -> str:
    degradation = parse_degradation(word)
    if degradation.strength is None:
        return "clean" if word == NO_DEGRADATION else KINDS[degradation.name].name
    strength = word.removeprefix(f"{degradation.name}-")
    return strength if joined else f"{KINDS[degradation.name].name}\n{strength}"


def _draw_line(ax: Axes, evaluation: Evaluation, name: str, panel: _Panel, shift: float) -> None:
    look = QUADRANT_LOOKS[name]
    areas = [evaluation.read("auroc", "quadrant", name, word) for word in panel.degradations]
    points = [(x + shift, area.value) for x, area in enumerate(areas) if area.value is not None]
    bounded = [(x + shift, area.low, area.high) for x, area in enumerate(areas) if area.has_interval]
    if bounded:
        x, low, high = zip(*bounded, strict=True)
        if panel.joined:
            ax.fill_between(x, low, high, color=look["color"], alpha=_BAND_ALPHA, linewidth=0)
        else:
            ax.vlines(x, low, high, color=look["color"], alpha=0.6)
    if points:
        dashes = {} if panel.joined else {"linestyle": ""}
        ax.plot(*zip(*points, strict=True), label=name, clip_on=False, **(look | dashes))
