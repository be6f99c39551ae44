"""A forest plot: how far each detector is from the baseline in each group, and whether that is significant."""

import math
from collections.abc import Sequence
from textwrap import fill
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from fakeid.evaluation.comparison import Comparison, GroupComparison, Measured
from fakeid.reporting.comparison_rows import judge_measured, name_group
from fakeid.reporting.judged import BETTER, NOT_JUDGED, NOT_SIGNIFICANT, ONE_RUN_EACH, WORSE
from fakeid.reporting.style import CHANCE_LINE, GRAY, PALETTE, mark_chance, new_figure, styled

_MARKERS: Final = ("o", "D", "s", "^", "v", "P", "X")
_MOST_ROWS: Final = 60
_GAP: Final = 0.5  # rows, between kinds of groups
_SPREAD: Final = 0.62  # rows, that the detectors of a group share
_NARROW_LABEL: Final = 22  # characters in a line
_NARROW_LEGEND: Final = 50
_SHORTEST: Final = 0.002  # an axis of nothing but zeros still needs a length


@styled
def plot_comparison(comparisons: Sequence[Comparison], *, first_look: int = 0, narrow: bool = False) -> Figure:
    """Accuracy and AUROC side by side, one color a detector; filled dots are significant.

    Args:
        comparisons: With one baseline and the same groups; the first 60 groups are drawn.
        first_look: Number of the first one's color and marker, so that a detector keeps its own in several figures.
        narrow: For a phone: the two below each other.
    """
    rows = comparisons[0].rows[:_MOST_ROWS]
    heights = _place_rows(rows)
    body_px = int((-heights[-1] + 1) * max(36 if narrow else 24, 13 * len(comparisons))) + 70
    legend_px = 22 * (len(comparisons) + 3) + (60 if narrow else 20)
    figure = new_figure(430, 2 * body_px + legend_px) if narrow else new_figure(980, body_px + legend_px)
    axes = figure.subplots(2, 1) if narrow else figure.subplots(1, 2, sharey=True)
    for ax, metric in zip(axes, ("accuracy", "auroc"), strict=True):
        for number, comparison in enumerate(comparisons):
            shift = _SPREAD * ((number + 0.5) / len(comparisons) - 0.5)
            for height, row in zip(heights, comparison.rows[:_MOST_ROWS], strict=True):
                _draw_difference(ax, getattr(row, metric), height - shift, first_look + number)
        _finish_axes(ax, metric)
        ax.set_yticks(heights, [_label(row, narrow=narrow) for row in rows])
        ax.xaxis.set_major_locator(MaxNLocator(nbins=4 if narrow else 6))
        ax.set_ylim(heights[-1] - 0.7, 0.7)
    _add_legend(figure, comparisons, first_look, narrow=narrow)
    return figure


def _label(row: GroupComparison, *, narrow: bool) -> str:
    num_images = row.num_real + row.num_fake
    text = f"{name_group(row)} ({num_images:,})" if num_images else name_group(row)
    return fill(text, _NARROW_LABEL) if narrow else text


def _place_rows(rows: Sequence[GroupComparison]) -> list[float]:
    heights, height, kind = [], 1.0, rows[0].kind
    for row in rows:
        height -= 1 + (_GAP if row.kind != kind else 0)
        kind = row.kind
        heights.append(height)
    return heights


def _draw_difference(ax: Axes, measured: Measured, height: float, number: int) -> None:
    difference = measured.difference
    if math.isnan(difference.value):
        return
    color = PALETTE[number % len(PALETTE)]
    claimed = judge_measured(measured) in (BETTER, WORSE)
    ax.plot(
        [difference.low, difference.high],
        [height] * 2,
        color=color,
        linewidth=2.0 if claimed else 1.1,
        label="_interval",
    )
    ax.plot(
        difference.value,
        height,
        _MARKERS[number % len(_MARKERS)],
        color=color,
        markerfacecolor=color if claimed else "white",
        markersize=5.5,
    )


def _finish_axes(ax: Axes, metric: str) -> None:
    mark_chance(ax, 0, vertical=True)
    low, high = (sign * max(_SHORTEST, sign * bound) for sign, bound in zip((-1, 1), ax.get_xlim(), strict=True))
    ax.set_xlim(low, high)
    if metric == "accuracy":
        ax.set(title="Accuracy", xlabel="difference in percentage points")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:+g}" if value else "0"))
    else:
        ax.set(title="AUROC", xlabel="difference")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g}" if value else "0"))
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)


def _name_hollow(comparisons: Sequence[Comparison]) -> str:
    parts = [part for comparison in comparisons for row in comparison.rows for part in (row.accuracy, row.auroc)]
    verdicts = [judge_measured(part) for part in parts]
    names = {NOT_SIGNIFICANT: NOT_SIGNIFICANT, NOT_JUDGED: f"{ONE_RUN_EACH}; interval over test images alone"}
    return "; ".join(name for verdict, name in names.items() if verdict in verdicts) or NOT_SIGNIFICANT


def _add_legend(figure: Figure, comparisons: Sequence[Comparison], first_look: int, *, narrow: bool) -> None:
    handles = [
        Line2D([], [], color=PALETTE[i % len(PALETTE)], marker=_MARKERS[i % len(_MARKERS)], label=comparison.second)
        for i, comparison in enumerate(comparisons, start=first_look)
    ]
    handles += [
        Line2D([], [], **CHANCE_LINE, label=f"{comparisons[0].first}; right of it: better"),
        Line2D([], [], color=GRAY, marker="o", label="significant (Holm)"),
        Line2D([], [], color=GRAY, marker="o", markerfacecolor="white", linewidth=1.1, label=_name_hollow(comparisons)),
    ]
    if narrow:
        for handle in handles:
            handle.set_label(fill(str(handle.get_label()), _NARROW_LEGEND))
    figure.legend(handles=handles, loc="outside lower left", ncols=1 if narrow or len(comparisons) > 1 else 2)
