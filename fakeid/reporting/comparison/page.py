"""The comparison of detectors as one HTML page."""

from collections.abc import Sequence
from typing import Any

from fakeid.evaluation.comparison import Comparison
from fakeid.reporting.comparison.figures import plot_comparison
from fakeid.reporting.comparison.findings import (
    COMPARISON_NOTE,
    ComparisonReport,
    describe_comparison,
    name_comparison,
)
from fakeid.reporting.comparison.tables import tabulate_comparison
from fakeid.reporting.html import render_page
from fakeid.reporting.svg import LINE_STYLE, inline_svg


def render_comparison_page(report: ComparisonReport, figures: Sequence[Sequence[Comparison]]) -> str:
    """Show what came out, the figures, then every number.

    Args:
        report: What to show.
        figures: Comparisons with one baseline each, a figure for each.

    Returns:
        A self-contained HTML document.
    """
    return render_page(
        "comparison.html",
        title="Comparison",
        subtitle=f"{len(report.places)} detectors on the same images; baseline: {next(iter(report.places))}",
        css=LINE_STYLE,
        styles=("report.css", "sortable.css", "comparison.css"),
        script="sortable.js",
        report=report,
        answers=[(name_comparison(one), describe_comparison(one)) for one in report.comparisons],
        figures=[_describe_figure(number, chosen) for number, chosen in enumerate(figures)],
        tables=[tabulate_comparison(one) for one in report.comparisons],
        note=COMPARISON_NOTE,
    )


def _describe_figure(number: int, comparisons: Sequence[Comparison]) -> dict[str, Any]:
    baseline = comparisons[0].first
    label = f"Differences of accuracy and AUROC to {baseline} by group of images"
    svg = inline_svg(plot_comparison(comparisons, first_look=number), f"figure-{number}", label)
    return {"baseline": baseline, "svg": svg}
