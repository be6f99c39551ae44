"""The report over many runs as Markdown."""

from collections.abc import Callable, Sequence

from fakeid.reporting.averages import Cell
from fakeid.reporting.setting_names import split_by_budget
from fakeid.reporting.sweep_report import SweepReport
from fakeid.reporting.sweep_rows import (
    Rows,
    list_averages,
    list_claims,
    list_classes,
    list_effects,
    list_names,
    list_provenance,
    list_runs,
    list_trends,
    split_cells,
)
from fakeid.reporting.sweep_tables import describe_brackets, render_table_markdown

TREND_NOTE = (
    "Percentage points of accuracy on the held-out category, the same images throughout, for one more training "
    "category: least squares over runs. The 95 % interval covers runs and images, for a straight line and each setting "
    "by itself; it is not corrected for the number of settings, so no verdict rests on it."
)
EFFECTS_NOTE = (
    "All else equal: over all pairs of configurations that agree in the number of categories and every other option, "
    "on images that no run was trained on. The seeds of a configuration are averaged first. The interval covers "
    "further settings and images: the scatter of the effect between pairs (Student's, pairs less one) and the images "
    "that all share. A change with one pair is a comparison of two configurations and stands below."
)
SETTINGS_NOTE = "At the same number of categories, on the images of all categories that neither was trained on."
CATEGORIES_NOTE = "Of one setting, on the images of those categories that neither was trained on."
BEST_NOTE = (
    "On the images of those categories that no run was trained on. Corrected for all pairs of configurations, for each "
    "could have come out highest."
)
EVALUATION_NOTE = (
    "Of the configurations all of whose runs were evaluated, on the images of their evaluations. Over several runs, "
    "the intervals take all of each run's own uncertainty over images as common to all runs, which is cautious; a mean "
    "over quarters has none. Follows the codec: in how many runs the swap test, which compresses the reals alone and "
    "the fakes alone, says so."
)
NEXT_NOTE = "One more run: where a further training lands on these test images, 95 times in 100."
TEST_NOTE = (
    "Paired tests on the same images, runs matched by seed and crossed with images (Obuchowski & Rockette 1995); the "
    "95 % intervals cover runs and images. One seed: nothing is judged, and the interval covers test images, not other "
    "seeds or machines. Holm's correction over all comparisons of the page together, those behind the answer and all "
    "pairs of configurations among them, accuracy and AUROC together; the intervals are not corrected. A corrected p "
    "of 0.05 or more is not significant."
)


def render_summary_markdown(report: SweepReport) -> str:
    """What the terminal shows: warnings, the answer, the tables of the averages, and what is not finished."""
    parts = [render_warnings(report), _render_answer(report)]
    parts += [_render_names(report), *_render_cells(report, list_averages), _describe_averages(report)]
    if report.unfinished:
        parts.append(_render_unfinished(report))
    return "\n".join(part for part in parts if part)


def render_sweep_markdown(report: SweepReport) -> str:
    """Everything that the page shows, without its figures."""
    parts = [f"# Report: {report.title}\n", render_warnings(report), _render_answer(report)]
    if report.missing:
        parts.append(f"Not in this folder: {'; '.join(report.missing)}.\n")
    parts += [_render_names(report), "## Figures\n"]
    parts += [f"![{figure.title}](figures/{figure.slug}.png)\n" for figure in report.figures] or ["None yet.\n"]
    parts += ["## Averages\n", *_render_cells(report, list_averages), _describe_averages(report), "## Tables\n"]
    for budget, tables in split_by_budget(report.tables, lambda table: table.setting):
        parts += [_render_budget(budget)]
        parts += [part for table in tables for part in (f"### {table.title}\n", render_table_markdown(table))]
    if report.trends:
        parts += ["## Trend over categories\n"]
        for budget, trends in split_by_budget(report.trends, lambda trend: trend.setting):
            parts += [_render_budget(budget), render_rows(list_trends(trends))]
        parts += [TREND_NOTE + "\n"]
    parts += _render_claims(report)
    parts += ["## Real and fake apart\n", *_render_cells(report, list_classes)]
    parts.append(f"In brackets: {describe_brackets(report.cells)}.\n")
    if report.evaluations:
        parts += ["## Evaluations\n", f"{EVALUATION_NOTE} In brackets: {describe_brackets(report.cells)}.\n"]
    for evaluation in report.evaluations:
        parts += [f"### {evaluation.title}\n", render_rows(evaluation.rows)]
    parts += ["## Runs\n", *_render_cells(report, list_runs)]
    if report.unfinished:
        parts.append(_render_unfinished(report))
    parts += ["## Images, audit, machine\n", render_rows(list_provenance(report.tested)), "## How to reproduce\n"]
    commands = "\n".join(f"# {run.name}\n{run.command}" for run in report.runs if run.command)
    parts.append(f"```console\n{commands}\n```\n")
    return "\n".join(part for part in parts if part)


def render_warnings(report: SweepReport) -> str:
    """What the audits warned of and whose threshold is off, loud and first: it decides what the numbers are worth."""
    total = len(report.tested)
    audits = [f"> **WARNING** ({count} of {total} runs): {text}\n" for text, count in report.warnings]
    return "\n".join([*audits, *(f"> **WARNING**: {text}\n" for text in report.misplaced)])


def _render_names(report: SweepReport) -> str:
    """What short names of settings stand for; empty where names say it themselves."""
    text, rows = list_names(report.cells)
    table = render_rows(rows) if rows else ""
    return "\n".join(part for part in (f"{text}\n" if text else "", table) if part)


def _render_cells(report: SweepReport, list_rows: Callable[[Sequence[Cell]], Rows]) -> list[str]:
    """A table for each budget, under a line that says it where there are several."""
    return [
        part
        for budget, cells in split_cells(report.cells)
        for part in (_render_budget(budget), render_rows(list_rows(cells)))
    ]


def _render_budget(budget: str) -> str:
    return f"**{budget}**\n" if budget else ""


def _describe_averages(report: SweepReport) -> str:
    return f"In brackets: {describe_brackets(report.cells)}. {NEXT_NOTE}\n"


def _render_answer(report: SweepReport) -> str:
    sentences = "\n".join(f"{i}. {sentence}" for i, sentence in enumerate(report.answer, start=1))
    return f"{sentences}\n\n{report.caveat}\n"


def _render_claims(report: SweepReport) -> list[str]:
    parts = []
    if report.effects:
        parts += ["## One option changed\n", EFFECTS_NOTE + "\n", render_rows(list_effects(report.effects))]
    for title, note, claims in (
        ("Settings against each other", SETTINGS_NOTE, report.claims.settings),
        ("Numbers of categories against each other", CATEGORIES_NOTE, report.claims.categories),
        ("The highest accuracy against the others", BEST_NOTE, report.claims.best),
    ):
        if claims:
            parts += [f"## {title}\n", note + "\n", render_rows(list_claims(claims))]
    if parts:
        parts.append(TEST_NOTE + "\n")
    parts += [
        f"Not compared: {count} {'pair' if count == 1 else 'pairs'}, for {reason} (such as {example}).\n"
        for reason, count, example in report.refusals
    ]
    return parts


def _render_unfinished(report: SweepReport) -> str:
    rows = [[run.name, run.state, run.reason, f"`{run.command}`" if run.command else ""] for run in report.unfinished]
    return "## Not finished\n\n" + render_rows((["run", "state", "reason", "command"], rows))


def render_rows(rows: Rows) -> str:
    """A Markdown table."""
    headings, body = rows
    lines = [headings, ["---"] * len(headings), *body]
    return "\n".join(f"| {' | '.join(_escape(cell) for cell in line)} |" for line in lines) + "\n"


def _escape(cell: str) -> str:
    return " ".join(cell.replace("|", "\\|").split())
