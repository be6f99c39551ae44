"""Comparisons of detectors in the terminal and as Markdown."""

from rich import box
from rich.table import Table
from rich.text import Text

from fakeid.evaluation.comparison import Comparison, Measured
from fakeid.reporting.comparison_rows import (
    COMPARISON_NOTE,
    ComparisonReport,
    describe_comparison,
    judge_measured,
    list_comparison,
    name_comparison,
    name_group,
)
from fakeid.reporting.judged import BETTER, NOT_JUDGED, UNDEFINED, WORSE
from fakeid.reporting.numbers import format_p, format_points, format_units
from fakeid.reporting.sweep_markdown import render_rows

_STYLES = {BETTER: "bold green", WORSE: "bold red"}


def render_comparison_table(comparison: Comparison) -> Table:
    """Each difference with its interval, below it the verdict and the corrected p; fits 80 columns.

    Of one run each, the p is of the two networks.
    """
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("images of", overflow="fold")
    table.add_column("images", justify="right", no_wrap=True)
    table.add_column("accuracy, points", no_wrap=True)
    table.add_column("AUROC", no_wrap=True)
    kind = None
    for row in comparison.rows:
        if kind not in (None, row.kind):
            table.add_section()
        kind = row.kind
        table.add_row(
            Text(name_group(row)),
            f"{row.num_real + row.num_fake}",
            _render(row.accuracy, format_points(row.accuracy.difference)),
            _render(row.auroc, format_units(row.auroc.difference)),
        )
    return table


def render_comparison_markdown(report: ComparisonReport) -> str:
    """The figure, what came out, and every table."""
    parts = [
        "# Comparison\n",
        *(f"> **WARNING** ({count} run{'s' * (count > 1)}): {text}\n" for text, count in report.warnings),
    ]
    parts += [f"- **{name_comparison(one)}**: {describe_comparison(one)}" for one in report.comparisons]
    parts += ["", *(f"{note}\n" for note in report.notes)]
    parts += ["![Differences with 95 % intervals](comparison.png)\n"]
    for comparison in report.comparisons:
        parts += [f"## {comparison.second} against {comparison.first}\n", render_rows(list_comparison(comparison))]
    parts += [COMPARISON_NOTE, "", "## Scores\n"]
    parts += [f"- {name}: {', '.join(f'`{place}`' for place in places)}" for name, places in report.places.items()]
    return "\n".join(parts) + "\n"


def _render(measured: Measured, difference: str) -> Text:
    verdict = judge_measured(measured)
    if verdict == UNDEFINED:
        return Text(verdict, style="dim")
    of_whom = "of the networks" if verdict == NOT_JUDGED else verdict  # above the table stands why it is not judged
    below = f"\n{of_whom}, p {format_p(measured.corrected_p).replace('< ', '<')}"
    return Text(difference).append(below, style=_STYLES.get(verdict, "dim"))
