"""What evaluations add to a report over many runs: unseen generators, other test sets, degradations, the swap test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from fakeid.evaluation.scores import NO_DEGRADATION
from fakeid.reporting.averages import Cell, average_estimates
from fakeid.reporting.numbers import NO_ESTIMATE, Estimate, format_percent_estimate, format_unit_estimate
from fakeid.reporting.sweep_rows import Rows, split_cells

_QUARTER: Final = "quadrant"
_KINDS: Final = (_QUARTER, "test_set")
_METRICS: Final = {"auroc": ("AUROC", format_unit_estimate), "accuracy": ("Accuracy in %", format_percent_estimate)}
_DEGRADED: Final = "degradations"
_TITLES: Final = {
    **{name: f"{word}, by content and generator, images as they are" for name, (word, _) in _METRICS.items()},
    _DEGRADED: "AUROC under degradations, averaged over the quarters of content and generator",
}
_HEADINGS: Final = ("setting", "categories", "seeds")


@dataclass(frozen=True, eq=False)
class EvaluationTable:
    """One of them.

    Attributes:
        slug: For file names and links.
        title: What the numbers are.
        rows: One a cell.
    """

    slug: str
    title: str
    rows: Rows


def build_evaluation_tables(cells: Sequence[Cell]) -> list[EvaluationTable]:
    """Tables of the cells all of whose runs were evaluated; none if there is no such cell.

    Args:
        cells: With `FinishedRun.evaluation`, where there is one.
    """
    evaluated = [cell for cell in cells if all(run.evaluation for run in cell.runs)]
    if not evaluated:
        return []
    found = []
    groups = split_cells(evaluated)
    for number, (budget, group) in enumerate(groups, start=1):
        rows = {metric: _list_groups(group, metric) for metric in _METRICS} | {_DEGRADED: _list_degradations(group)}
        found += [
            EvaluationTable(
                f"evaluation-{name}" + (f"-{number}" if len(groups) > 1 else ""),
                _TITLES[name] + (f". {budget}" if budget else ""),
                table,
            )
            for name, table in rows.items()
        ]
    return found


def _list_groups(cells: Sequence[Cell], metric: str) -> Rows:
    names = dict.fromkeys(group["name"] for each in _evaluations(cells) for group in _groups(each))
    _, write = _METRICS[metric]
    rows = []
    for cell in cells:
        found = [average_estimates([_find(each, name, metric) for each in _evaluations([cell])]) for name in names]
        rows.append([*_name(cell), *(write(estimate) for estimate in found)])
    return [*_HEADINGS, *names], rows


def _list_degradations(cells: Sequence[Cell]) -> Rows:
    words = dict.fromkeys(word for each in _evaluations(cells) for word in each["degradations"])
    rows = []
    for cell in cells:
        found = [average_estimates([_average_quarters(each, word) for each in _evaluations([cell])]) for word in words]
        tried = [each["swap"]["warns"] for each in _evaluations([cell]) if each["swap"]]
        warned = f"{tried.count(True)} of {len(tried)}" if tried else "not tried"
        rows.append([*_name(cell), *(format_unit_estimate(estimate) for estimate in found), warned])
    named = ["as they are" if word == NO_DEGRADATION else word for word in words]
    return [*_HEADINGS, *named, "swap test warns"], rows


def _name(cell: Cell) -> tuple[str, str, str]:
    return cell.setting.name, str(cell.categories), str(len(cell.runs))


def _evaluations(cells: Sequence[Cell]) -> list[Mapping[str, Any]]:
    return [run.evaluation for cell in cells for run in cell.runs if run.evaluation]


def _groups(evaluation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [group for group in evaluation["groups"] if group["kind"] in _KINDS]


def _find(evaluation: Mapping[str, Any], name: str, metric: str) -> Estimate:
    for group in _groups(evaluation):
        if (group["name"], group["degradation"]) == (name, NO_DEGRADATION):
            return Estimate.from_plain(group["metrics"][metric])
    return NO_ESTIMATE


def _average_quarters(evaluation: Mapping[str, Any], degradation: str) -> Estimate:
    """The mean has no interval of its own: the quarters share images."""
    quarters = [g for g in evaluation["groups"] if g["kind"] == _QUARTER and g["degradation"] == degradation]
    values = [group["metrics"]["auroc"]["value"] for group in quarters]
    value = float(np.mean(values)) if values and None not in values else None
    return Estimate(value)
