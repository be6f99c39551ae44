"""Results shown at the end of a run: a table, or one line within a sweep."""

from collections.abc import Iterator
from typing import Final

from fakeid.evaluation.records.results import Group
from fakeid.evaluation.records.run_summary import POOLED, RunResults, RunSummary
from fakeid.reporting.formatting import format_estimate
from fakeid.reporting.run.notes import describe_misplaced, describe_sizes, list_run_notes
from fakeid.reporting.table import Cell, Column, Form, Row, Table
from fakeid.reporting.verdict import judge_run

_METRICS: Final = (
    Column("accuracy %", Form.PERCENT, "accuracy\n%", "accuracy"),
    Column("real acc. %", Form.PERCENT, "real\nacc. %", "real_accuracy"),
    Column("fake acc. %", Form.PERCENT, "fake\nacc. %", "fake_accuracy"),
    Column("AUROC", Form.UNIT, name="auroc"),
    Column("average precision", Form.UNIT, "average\nprecision", "average_precision"),
)
"""Columns of metrics, named as the metrics that they show."""

_COLUMNS: Final = (Column("images of"), Column("real", Form.DIGITS), Column("fake", Form.DIGITS), *_METRICS)

_INTERVALS: Final = (
    "Below each value its 95 % interval: Wilson for accuracies, DeLong and Newcombe for the AUROC, bootstrap for the "
    "average precision."
)


def tabulate_run(summary: RunResults) -> Table:
    """Tabulate counts and metrics of every group: seen and unseen content, then each category and each generator.

    A category that is all of the seen or of the unseen content has no row of its own: the row of that content names it.
    With intervals below their values, the table fits the 80 columns of a terminal.
    """
    pools = {name: group for name in POOLED if (group := summary.find(name))}
    rows = [
        _build_row(_name_pool(summary, name), group, strong=True, last=place == len(pools))
        for place, (name, group) in enumerate(pools.items(), start=1)
    ]
    for name, group in summary.list_parts().items():
        note = "" if group.seen else "held out" if name == summary.held_out else "unseen"
        rows.append(_build_row(Cell(name, note=note), group))
    for name, group in summary.generators.items():
        rows.append(_build_row(Cell(name, note="" if group.seen else "not trained on"), group))
    return Table.of("", _COLUMNS, rows, _list_notes(summary))


def _name_pool(summary: RunResults, pool: str) -> Cell:
    return Cell(f"{pool} content", note=summary.find_only_category(pool) or "")


def _build_row(label: Cell, group: Group, *, strong: bool = False, last: bool = False) -> Row:
    numbers = (Cell(group.read(column.name)) for column in _METRICS)
    return Row((label, Cell(group.num_real), Cell(group.num_fake), *numbers), strong=strong, ends_section=last)


def _list_notes(summary: RunResults) -> Iterator[str]:
    yield _INTERVALS
    if isinstance(summary, RunSummary) and (sizes := describe_sizes(summary.sizes)):
        yield sizes
    yield from list_run_notes(summary)


def list_misplaced(summary: RunResults) -> list[str]:
    """Describe the content that is ranked well but classified at a threshold that is off, one sentence each.

    The sentences are about seen and unseen content, or about single categories if neither is affected.
    """
    for groups in (summary.list_pools(), summary.categories):
        if found := describe_misplaced(summary.threshold, groups):
            return found
    return []


def render_line(summary: RunSummary) -> str:
    """Summarize a run in one line: verdict, accuracy on seen and unseen content, and where the threshold is off."""
    parts = [
        f"{name} accuracy {format_estimate(group.read('accuracy'), Form.PERCENT)} %"
        for name in POOLED
        if (group := summary.find(name))
    ]
    return "; ".join([f"{judge_run(summary).verdict.value}: {', '.join(parts)}", *list_misplaced(summary)])
