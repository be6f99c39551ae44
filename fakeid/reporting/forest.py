"""Forest plots: one row per comparison with a dot and its interval, in panels side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from fakeid.evaluation.records.results import UNKNOWN, Estimate
from fakeid.evaluation.statistics.paired_tests import Difference
from fakeid.reporting.significance import BETTER, NOT_JUDGED, NOT_SIGNIFICANT, ONE_RUN_EACH, WORSE
from fakeid.reporting.style import CHANCE_LINE, GRAY, PALETTE, label_in_percent, mark_chance, new_figure, styled
from fakeid.reporting.table import Form

_MARKERS: Final = ("o", "D", "s", "^", "v", "P", "X")
_MOST_ROWS: Final = 60
_ROW_PX: Final = 24
_DOT_PX: Final = 13
_WIDTH_PX: Final = 980
_GAP: Final = 0.5  # rows between sections
_SPREAD: Final = 0.62  # rows over which the dots of one row are spread
_SHORTEST: Final = 0.002  # axis length even if all values are zero


@dataclass(frozen=True)
class ForestRow:
    """One row of a forest plot.

    Attributes:
        label: Text at the left.
        section: Name of the section; a gap separates sections.
    """

    label: str
    section: str = ""


@dataclass(frozen=True)
class ForestPanel:
    """One panel of a forest plot.

    Attributes:
        title: Title above the axis.
        xlabel: Label below the axis.
        form: Format of the ticks: `PERCENT`, `POINTS`, `UNIT` or `UNITS`.
        reference: Position of the dashed line, such as 0 for differences or 0.5 for chance level.
    """

    title: str
    xlabel: str = ""
    form: Form = Form.UNIT
    reference: float = 0.0


@dataclass(frozen=True)
class ForestDot:
    """One dot of a forest plot.

    Attributes:
        estimate: Value and interval; an estimate without a value is not drawn.
        filled: Whether the dot is solid with a thick line, or hollow.
    """

    estimate: Estimate
    filled: bool = True


@dataclass(frozen=True)
class ForestSeries:
    """The dots of one color and marker.

    Attributes:
        name: Name in the legend.
        dots: For each panel, one dot per row.
    """

    name: str
    dots: Sequence[Sequence[ForestDot]]


JudgedDifference: TypeAlias = tuple[Difference, str]
"""A difference and its verdict."""

_DIFFERENCES: Final = (
    ForestPanel("Accuracy", "difference in percentage points", Form.POINTS),
    ForestPanel("AUROC", "difference", Form.UNITS),
)


@styled
def plot_forest(
    rows: Sequence[ForestRow],
    panels: Sequence[ForestPanel],
    series: Sequence[ForestSeries],
    *,
    reference: str,
    filled: str = "",
    hollow: str = "",
    first_look: int = 0,
) -> Figure:
    """Draw a forest plot of the first 60 rows, with one color and marker per series.

    Args:
        rows: Rows from top to bottom.
        panels: Panels from left to right.
        series: Series to draw in each panel.
        reference: Legend text of the dashed line.
        filled: Legend text of filled dots; empty if all dots are alike.
        hollow: Legend text of hollow dots; empty if all dots are alike.
        first_look: Index of the first color and marker, so that a series looks the same in several figures.

    Returns:
        The figure.
    """
    rows = rows[:_MOST_ROWS]
    heights = _place_rows(rows)
    handles = _list_handles(series, reference, filled, hollow, first_look)
    body_px = int((1 - heights[-1]) * max(_ROW_PX, _DOT_PX * len(series))) + 70
    figure = new_figure(_WIDTH_PX, body_px + 22 * len(handles) + 20)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for at, (ax, panel) in enumerate(zip(axes, panels, strict=True)):
        for number, each in enumerate(series):
            shift = _SPREAD * ((number + 0.5) / len(series) - 0.5)
            for height, dot in zip(heights, each.dots[at], strict=False):
                _draw_dot(ax, dot, height - shift, first_look + number)
        _finish_axes(ax, panel)
        ax.set_yticks(heights, [row.label for row in rows])
        ax.set_ylim(heights[-1] - 0.7, 0.7)
    figure.legend(handles=handles, loc="outside lower left", ncols=1 if len(series) > 1 else 2)
    return figure


def plot_differences(
    rows: Sequence[ForestRow],
    series: Sequence[tuple[str, Sequence[Sequence[JudgedDifference | None]]]],
    *,
    reference: str,
    first_look: int = 0,
) -> Figure:
    """Draw differences in accuracy and AUROC side by side, with filled dots where they are significant.

    Args:
        rows: Rows from top to bottom.
        series: Name of each series with its differences and verdicts (see `fakeid.reporting.significance`): first for
            accuracy, then for AUROC, one per row; None where nothing was measured.
        reference: Name of the baseline.
        first_look: Index of the first color and marker, see `plot_forest`.

    Returns:
        The figure.
    """
    found = {each[1] for _, metrics in series for metric in metrics for each in metric if each}
    hollow = {NOT_SIGNIFICANT: NOT_SIGNIFICANT, NOT_JUDGED: f"{ONE_RUN_EACH}; interval over test images only"}
    return plot_forest(
        rows,
        _DIFFERENCES,
        [ForestSeries(name, [[_place(each) for each in metric] for metric in metrics]) for name, metrics in series],
        reference=f"{reference}; right of it: better",
        filled="significant (Holm)",
        hollow="; ".join(name for verdict, name in hollow.items() if verdict in found) or NOT_SIGNIFICANT,
        first_look=first_look,
    )


def _place(judged: JudgedDifference | None) -> ForestDot:
    return ForestDot(Estimate.of(judged[0]), judged[1] in (BETTER, WORSE)) if judged else ForestDot(UNKNOWN)


def _place_rows(rows: Sequence[ForestRow]) -> list[float]:
    heights, height, section = [], 1.0, rows[0].section
    for row in rows:
        height -= 1 + (_GAP if row.section != section else 0)
        section = row.section
        heights.append(height)
    return heights


def _draw_dot(ax: Axes, dot: ForestDot, height: float, number: int) -> None:
    estimate, color = dot.estimate, PALETTE[number % len(PALETTE)]
    if estimate.value is None:
        return
    if estimate.low is not None and estimate.high is not None:
        width = 2.0 if dot.filled else 1.1
        ax.plot([estimate.low, estimate.high], [height] * 2, color=color, linewidth=width, label="_interval")
    marker, face = _MARKERS[number % len(_MARKERS)], color if dot.filled else "white"
    ax.plot(estimate.value, height, marker, color=color, markerfacecolor=face, markersize=5.5)


def _finish_axes(ax: Axes, panel: ForestPanel) -> None:
    mark_chance(ax, panel.reference, vertical=True)
    if panel.form in (Form.POINTS, Form.UNITS):  # axes of differences always include zero
        low, high = (sign * max(_SHORTEST, sign * bound) for sign, bound in zip((-1, 1), ax.get_xlim(), strict=True))
        ax.set_xlim(low, high)
        scale = 100 if panel.form is Form.POINTS else 1
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{scale * value:+g}" if value else "0"))
    elif panel.form is Form.PERCENT:
        label_in_percent(ax.xaxis)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6))
    ax.set(title=panel.title, xlabel=panel.xlabel)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)


def _list_handles(
    series: Sequence[ForestSeries], reference: str, filled: str, hollow: str, first_look: int
) -> list[Line2D]:
    handles = [
        Line2D([], [], color=PALETTE[i % len(PALETTE)], marker=_MARKERS[i % len(_MARKERS)], label=each.name)
        for i, each in enumerate(series, start=first_look)
    ]
    handles.append(Line2D([], [], **CHANCE_LINE, label=reference))
    if filled:
        handles.append(Line2D([], [], color=GRAY, marker="o", label=filled))
    if hollow:
        handles.append(Line2D([], [], color=GRAY, marker="o", markerfacecolor="white", linewidth=1.1, label=hollow))
    return handles
