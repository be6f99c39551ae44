"""How far each detector is from the baseline in each group of images, and whether that is significant."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from fakeid.evaluation.comparison import Comparison, Measured
from fakeid.reporting.comparison.findings import judge_measured, name_group
from fakeid.reporting.forest import ForestDot, ForestRow, ForestSeries, place_difference, plot_differences


def plot_comparison(comparisons: Sequence[Comparison], *, first_look: int = 0) -> Figure:
    """Draw accuracy and AUROC side by side, one color a detector; filled dots are significant.

    Args:
        comparisons: With one baseline and the same groups.
        first_look: Number of the first one's color, so that a detector keeps its own in several figures.
    """
    rows = comparisons[0].rows
    return plot_differences(
        [ForestRow(f"{name_group(row)} ({row.num_real + row.num_fake:,})", row.kind) for row in rows],
        [
            ForestSeries(one.second, [[_place(each) for each in metric] for metric in _list_metrics(one)])
            for one in comparisons
        ],
        [judge_measured(each) for one in comparisons for metric in _list_metrics(one) for each in metric],
        reference=comparisons[0].first,
        first_look=first_look,
    )


def _list_metrics(comparison: Comparison) -> tuple[list[Measured], list[Measured]]:
    """List what was measured in each group: accuracy, then AUROC."""
    return [row.accuracy for row in comparison.rows], [row.auroc for row in comparison.rows]


def _place(measured: Measured) -> ForestDot:
    return place_difference(measured.difference, judge_measured(measured))
