"""Evaluation for the terminal and as Markdown."""

from collections.abc import Iterator
from dataclasses import replace

from rich.console import Group, RenderableType
from rich.text import Text

from fakeid.evaluation.records.evaluation import Evaluation
from fakeid.reporting.evaluation.called_fake import tabulate_called_fake
from fakeid.reporting.evaluation.findings import describe_thresholds, list_findings
from fakeid.reporting.evaluation.tables import (
    tabulate_calibration,
    tabulate_controls,
    tabulate_detector,
    tabulate_groups,
    tabulate_matrix,
    tabulate_quadrants,
    tabulate_swap,
    tabulate_test_sets,
    tabulate_thresholds,
)
from fakeid.reporting.renderers import render_markdown, render_terminal
from fakeid.reporting.run.notes import ONE_RUN, list_run_notes
from fakeid.reporting.table import Table
from fakeid.reporting.verdict import judge_evaluation, render_verdict


def render_evaluation_table(evaluation: Evaluation) -> Group:
    """Render the verdict, the quadrants on clean images and the other findings within 80 columns."""
    table = tabulate_quadrants(evaluation)
    full = replace(table, notes=(*table.notes, *list_run_notes(evaluation)))
    drawn: list[RenderableType] = [render_terminal(full, dense=True), Text()] if table.rows else []
    return Group(
        render_verdict(judge_evaluation(evaluation)),
        *drawn,
        *_draw_findings(evaluation),
        *(Text(note, style="dim") for note in evaluation.notes),
    )


def render_evaluation_markdown(evaluation: Evaluation) -> str:
    """Render as Markdown everything that the page shows, except figures and the table of groups on degraded images."""
    swap = evaluation.swap
    parts = [f"# Evaluation: {evaluation.title}\n"]
    parts += [
        " ".join(f"**{head}** {told}" for head, told in line) + "\n" for line in judge_evaluation(evaluation).lines
    ]
    parts += [f"{number}. {finding}" for number, finding in enumerate(list_findings(evaluation), start=1)]
    parts += ["", *(_write(tabulate_called_fake(evaluation), ONE_RUN) if evaluation.one_class else [])]
    parts += _write(tabulate_matrix(evaluation)) if evaluation.groups else []
    parts += [f"{note}\n" for note in list_run_notes(evaluation)]
    if evaluation.groups:
        parts += _write(tabulate_thresholds(evaluation), describe_thresholds(evaluation.calibration), ONE_RUN)
        parts += _write(tabulate_calibration(evaluation), ONE_RUN)
    if swap:
        parts += [f"## {tabulate_swap(swap).title}\n", f"{swap.verdict}\n"]
        parts += [render_markdown(tabulate_swap(swap)), f"{ONE_RUN}\n"]
    if evaluation.controls:
        parts += _write(tabulate_controls(evaluation), ONE_RUN)
    if evaluation.groups:
        parts += _write(tabulate_groups(evaluation, degraded=False), ONE_RUN)
    parts += [*_write(tabulate_test_sets(evaluation)), *_write(tabulate_detector(evaluation))]
    parts += [f"- {note}" for note in evaluation.notes]
    parts += [f"\n## How to reproduce\n\n```console\n$ {evaluation.command}\n```\n"]
    return "\n".join(parts)


def _draw_findings(evaluation: Evaluation) -> Iterator[RenderableType]:
    for finding in list_findings(evaluation):
        if not finding.tabled:
            style = "bold red" if finding.is_warning else "bold"
            yield Text(finding.topic, style=style).append(f": {finding.text}", style="not bold")


def _write(table: Table, *below: str) -> list[str]:
    """Render a Markdown section: heading, table, notes, and further sentences below."""
    return [f"## {table.title}\n", render_markdown(table), *(f"{text}\n" for text in below)]
