"""Comparison of detectors as Markdown, figure and HTML page."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from fakeid.evaluation.comparison import Comparison
from fakeid.reporting.comparison.findings import COMPARISON_NOTE, describe_comparison, judge_measured, name_group
from fakeid.reporting.comparison.record import ComparisonReport
from fakeid.reporting.comparison.tables import tabulate_comparison
from fakeid.reporting.forest import ForestRow, plot_differences
from fakeid.reporting.formatting import format_count
from fakeid.reporting.html import render_page
from fakeid.reporting.renderers import render_markdown
from fakeid.reporting.svg import LINE_STYLE, inline_svg


def render_comparison_markdown(report: ComparisonReport) -> str:
    """Render the findings, the figure and all tables as Markdown."""
    findings = [describe_comparison(one) for one in report.comparisons]
    parts = ["# Comparison\n", *(f"> **WARNING** ({runs}): {text}\n" for runs, text in _list_warnings(report))]
    parts += [f"- **{finding.topic}**: {finding.text}" for finding in findings]
    parts += ["", *(f"{note}\n" for note in report.notes)]
    parts += ["![Differences with 95 % intervals](comparison.png)\n"]
    for table in map(tabulate_comparison, report.comparisons):
        parts += [f"## {table.title}\n", render_markdown(table)]
    parts += [COMPARISON_NOTE, "", "## Scores\n"]
    parts += [f"- {name}: {', '.join(f'`{place}`' for place in places)}" for name, places in report.places.items()]
    return "\n".join(parts) + "\n"


def render_comparison_page(report: ComparisonReport, figures: Sequence[Sequence[Comparison]]) -> str:
    """Render the comparison page: findings, figures, then all numbers.

    Args:
        report: Report to render.
        figures: Comparisons for each figure, all with the same baseline.

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
        warnings=_list_warnings(report),
        findings=[describe_comparison(one) for one in report.comparisons],
        figures=[(chosen[0].first, _draw(number, chosen)) for number, chosen in enumerate(figures)],
        tables=[tabulate_comparison(one) for one in report.comparisons],
        note=COMPARISON_NOTE,
    )


def plot_comparison(comparisons: Sequence[Comparison], *, first_look: int = 0) -> Figure:
    """Draw differences in accuracy and AUROC side by side, with one color per detector and significant dots filled.

    Args:
        comparisons: Comparisons with the same baseline and the same groups.
        first_look: Index of the first color, so that a detector keeps its color in several figures.

    Returns:
        The figure.
    """
    measured = [
        (one.second, ([row.accuracy for row in one.rows], [row.auroc for row in one.rows])) for one in comparisons
    ]
    return plot_differences(
        [ForestRow(f"{name_group(row)} ({row.num_real + row.num_fake:,})", row.kind) for row in comparisons[0].rows],
        [
            (name, [[(each.difference, judge_measured(each)) for each in metric] for metric in metrics])
            for name, metrics in measured
        ],
        reference=comparisons[0].first,
        first_look=first_look,
    )


def _list_warnings(report: ComparisonReport) -> list[tuple[str, str]]:
    """List the audit warnings, each with its number of runs, such as `2 runs`."""
    return [(format_count(warning.num_runs, "run"), warning.text) for warning in report.warnings]


def _draw(number: int, comparisons: Sequence[Comparison]) -> str:
    label = f"Differences in accuracy and AUROC from {comparisons[0].first} by group of images"
    return inline_svg(plot_comparison(comparisons, first_look=number), f"figure-{number}", label)
