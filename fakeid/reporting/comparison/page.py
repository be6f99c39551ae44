"""The comparison of detectors as Markdown, as a figure, and as one HTML page."""

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
    """Write what came out, the figure, and every table."""
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
        warnings=_list_warnings(report),
        findings=[describe_comparison(one) for one in report.comparisons],
        figures=[(chosen[0].first, _draw(number, chosen)) for number, chosen in enumerate(figures)],
        tables=[tabulate_comparison(one) for one in report.comparisons],
        note=COMPARISON_NOTE,
    )


def plot_comparison(comparisons: Sequence[Comparison], *, first_look: int = 0) -> Figure:
    """Draw accuracy and AUROC side by side, one color a detector; filled dots are significant.

    Args:
        comparisons: With one baseline and the same groups.
        first_look: Number of the first one's color, so that a detector keeps its own in several figures.
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
    """Give the number of runs in words, and of what their audits warned."""
    return [(format_count(warning.num_runs, "run"), warning.text) for warning in report.warnings]


def _draw(number: int, comparisons: Sequence[Comparison]) -> str:
    label = f"Differences of accuracy and AUROC to {comparisons[0].first} by group of images"
    return inline_svg(plot_comparison(comparisons, first_look=number), f"figure-{number}", label)
