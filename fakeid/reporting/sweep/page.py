"""Report over many runs: summary for the terminal, full Markdown and one HTML page."""

from typing import Final

from fakeid.reporting.formatting import format_count
from fakeid.reporting.html import render_page
from fakeid.reporting.renderers import render_markdown
from fakeid.reporting.significance import CORRECTED, IMAGES_ALONE, SEVERAL_RUNS
from fakeid.reporting.svg import LINE_STYLE, inline_svg
from fakeid.reporting.sweep.evaluation_tables import EVALUATION_NOTE
from fakeid.reporting.sweep.left_out_families import LEFT_OUT_NOTE
from fakeid.reporting.sweep.report import COMMAND, BudgetTables, SweepReport

TREND_NOTE: Final = (
    "Percentage points of accuracy on the held-out category, always the same images, per additional training category: "
    "least squares over runs. The 95 % interval covers runs and images, assuming a straight line, for each setting "
    "separately; it is not corrected for the number of settings, so no verdict is based on it."
)
TEST_NOTE: Final = (
    f"Paired tests on the same images, {SEVERAL_RUNS} One seed: nothing is judged, and the interval covers "
    f"{IMAGES_ALONE}. Holm's correction covers all comparisons of the page, including those behind the answer and all "
    f"pairs of configurations, accuracy and AUROC together; {CORRECTED}"
)
_MANY: Final = 12  # rows; longer lists of differences are collapsed


def render_summary_markdown(report: SweepReport) -> str:
    """Render what the terminal shows: warnings, the answer, tables of averages and unfinished runs."""
    parts = [*_render_warnings(report), *_render_answer(report), *_render_left_out_families(report)]
    parts += [*_render_names(report), *_render_averages(report)]
    return "\n".join([*parts, *_render_unfinished(report)])


def render_sweep_markdown(report: SweepReport) -> str:
    """Render everything that the page shows as Markdown, with links to the figures."""
    parts = [f"# Report: {report.title}\n", *_render_warnings(report), *_render_answer(report)]
    if report.missing:
        parts.append(f"Not in this folder: {'; '.join(report.missing)}.\n")
    parts += [*_render_left_out_families(report), *_render_names(report), "## Figures\n"]
    parts += [f"![{figure.title}](figures/{figure.slug}.png)\n" for figure in report.figures] or ["None yet.\n"]
    parts += ["## Averages\n", *_render_averages(report)]
    parts += ["## Tables\n"] if report.accuracies else []
    for budget, tables in report.accuracies_by_budget:
        parts += _render_budget(budget)
        parts += [part for table in tables for part in (f"### {table.title}\n", render_markdown(table.table))]
    if report.trends:
        parts += ["## Trend over categories\n", *_render_tables(report.slopes), f"{TREND_NOTE}\n"]
    parts += _render_differences(report)
    brackets = f"In brackets: {report.brackets}.\n"
    parts += ["## Real and fake apart\n", *_render_tables(report.classes), brackets]
    if report.evaluations:
        parts += ["## Evaluations\n", f"{EVALUATION_NOTE} {brackets}"]
    for evaluation in report.evaluations:
        parts += [f"### {evaluation.table.title}\n", render_markdown(evaluation.table)]
    parts += ["## Runs\n", *_render_tables(report.finished), *_render_unfinished(report)]
    parts += ["## Images, audit, machine\n", render_markdown(report.provenance), "## How to reproduce\n"]
    commands = "\n".join(f"# {run.name}\n{run.command}" for run in report.runs if run.command)
    parts.append(f"```console\n{commands}\n```\n")
    return "\n".join(parts)


def render_sweep_page(report: SweepReport) -> str:
    """Render the report page: the answer, then the numbers behind it.

    Returns:
        A self-contained HTML document.
    """
    return render_page(
        "sweep.html",
        title=f"Report: {report.title}",
        subtitle=(
            f"{len(report.tested)} of {len(report.runs)} runs finished; "
            f"{format_count(report.num_settings, 'setting')}; {report.verdicts}"
        ),
        css=LINE_STYLE,
        styles=("report.css", "sortable.css"),
        script="sortable.js",
        report=report,
        figures=[(figure, inline_svg(figure.plot(), figure.slug, figure.label)) for figure in report.figures],
        not_finished=report.not_finished.without(COMMAND),
        many=_MANY,
        trend_note=TREND_NOTE,
        left_out_note=LEFT_OUT_NOTE,
        test_note=TEST_NOTE,
        evaluation_note=EVALUATION_NOTE,
    )


def _render_warnings(report: SweepReport) -> list[str]:
    """Render the warnings that limit what the numbers are worth: audit warnings and thresholds that are off."""
    total = len(report.tested)
    audits = [f"> **WARNING** ({each.num_runs} of {total} runs): {each.text}\n" for each in report.warnings]
    return [*audits, *(f"> **WARNING**: {finding}\n" for finding in report.misplaced)]


def _render_left_out_families(report: SweepReport) -> list[str]:
    tables = report.left_out_families
    parts = [part for table in tables for part in (f"## {table.title}\n", render_markdown(table))]
    return [*parts, f"{LEFT_OUT_NOTE}\n"] if parts else []


def _render_answer(report: SweepReport) -> list[str]:
    findings = "\n".join(f"{i}. {finding}" for i, finding in enumerate(report.answer, start=1))
    return [f"{findings}\n", *([f"{report.caveat}\n"] if report.caveat else [])]


def _render_names(report: SweepReport) -> list[str]:
    text, table = report.names
    return [*([f"{text}\n"] if text else []), *([render_markdown(table)] if table.rows else [])]


def _render_averages(report: SweepReport) -> list[str]:
    return [*_render_tables(report.averages), f"In brackets: {report.averages_note}\n"]


def _render_differences(report: SweepReport) -> list[str]:
    parts = []
    for kind in report.differences:
        parts += [f"## {kind.table.title}\n", f"{kind.note}\n", render_markdown(kind.table)]
    if parts:
        parts.append(f"{TEST_NOTE}\n")
    return [*parts, *(f"{sentence}\n" for sentence in report.refusals)]


def _render_unfinished(report: SweepReport) -> list[str]:
    return [f"## {report.not_finished.title}\n\n{render_markdown(report.not_finished)}"] if report.unfinished else []


def _render_tables(tables: BudgetTables) -> list[str]:
    return [part for budget, table in tables for part in (*_render_budget(budget), render_markdown(table))]


def _render_budget(budget: str) -> list[str]:
    return [f"**{budget}**\n"] if budget else []
