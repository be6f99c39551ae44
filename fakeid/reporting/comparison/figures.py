"""How far each detector is from the baseline in each group of images, and whether that is significant."""

from collections.abc import Iterable, Sequence
from typing import Final

from matplotlib.figure import Figure

from fakeid.evaluation.comparison import Comparison, GroupComparison, Measured
from fakeid.evaluation.records.results import Estimate
from fakeid.reporting.comparison.findings import judge_measured, name_group
from fakeid.reporting.forest import ForestDot, ForestPanel, ForestRow, ForestSeries, plot_forest
from fakeid.reporting.significance import BETTER, NOT_JUDGED, NOT_SIGNIFICANT, ONE_RUN_EACH, WORSE
from fakeid.reporting.table import Form

DIFFERENCE_PANELS: Final = (
    ForestPanel("Accuracy", "difference in percentage points", Form.POINTS),
    ForestPanel("AUROC", "difference", Form.UNITS),
)

SIGNIFICANT: Final = "significant (Holm)"


def plot_comparison(comparisons: Sequence[Comparison], *, first_look: int = 0) -> Figure:
    """Draw accuracy and AUROC side by side, one color a detector; filled dots are significant.

    Args:
        comparisons: With one baseline and the same groups.
        first_look: Number of the first one's color, so that a detector keeps its own in several figures.
    """
    return plot_forest(
        [ForestRow(_label(row), row.kind) for row in comparisons[0].rows],
        DIFFERENCE_PANELS,
        [ForestSeries(one.second, _list_dots(one)) for one in comparisons],
        reference=f"{comparisons[0].first}; right of it: better",
        filled=SIGNIFICANT,
        hollow=name_hollow(judge_measured(part) for one in comparisons for part in _list_parts(one)),
        first_look=first_look,
    )


def name_hollow(verdicts: Iterable[str]) -> str:
    """Say why dots are hollow, for the legend."""
    found = set(verdicts)
    names = {NOT_SIGNIFICANT: NOT_SIGNIFICANT, NOT_JUDGED: f"{ONE_RUN_EACH}; interval over test images alone"}
    return "; ".join(name for verdict, name in names.items() if verdict in found) or NOT_SIGNIFICANT


def _label(row: GroupComparison) -> str:
    return f"{name_group(row)} ({row.num_real + row.num_fake:,})"


def _list_dots(comparison: Comparison) -> list[list[ForestDot]]:
    sides = ([row.accuracy for row in comparison.rows], [row.auroc for row in comparison.rows])
    return [
        [ForestDot(Estimate.of(each.difference), judge_measured(each) in (BETTER, WORSE)) for each in side]
        for side in sides
    ]


def _list_parts(comparison: Comparison) -> list[Measured]:
    return [part for row in comparison.rows for part in (row.accuracy, row.auroc)]
