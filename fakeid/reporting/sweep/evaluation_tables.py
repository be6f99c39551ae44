"""Tables of evaluations in a report over many runs: unseen generators, other test sets, degradations, swap test."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

import numpy as np

from fakeid.config.degradations import NO_DEGRADATION
from fakeid.evaluation.records.evaluation import Evaluation
from fakeid.evaluation.records.results import Estimate
from fakeid.reporting.sweep.configurations import Configuration, average_estimates
from fakeid.reporting.sweep.settings import split_by_budget
from fakeid.reporting.sweep.tables import CONFIGURATION, name_configuration
from fakeid.reporting.table import Cell, Column, Form, Line, Table

SWAP_WARNS: Final = Column("swap test warns", Form.COUNT)

EVALUATION_NOTE: Final = (
    "Only configurations with all runs evaluated, on the images of their evaluations. Over several runs, the intervals "
    "treat each run's own uncertainty over images as shared by all runs, which is conservative; a mean over quadrants "
    f"has no interval. {SWAP_WARNS.heading.capitalize()}: the number of tested runs for which the swap test, which "
    "compresses the reals alone and the fakes alone, finds that the detector follows the codec or may follow it."
)

_QUADRANT: Final = "quadrant"
_KINDS: Final = (_QUADRANT, "test_set")
_METRICS: Final = {
    "auroc": ("AUROC, by content and generator, on clean images", Form.UNIT),
    "accuracy": ("Accuracy in %, by content and generator, on clean images", Form.PERCENT),
}
_DEGRADED: Final = "AUROC under degradations, averaged over the quadrants of content and generator"


@dataclass(frozen=True, eq=False)
class EvaluationTable:
    """A table of evaluation results.

    Attributes:
        slug: Identifier for file names and links.
        table: Table with one row per configuration; its title tells what the numbers are.
    """

    slug: str
    table: Table


def build_evaluation_tables(configurations: Sequence[Configuration]) -> list[EvaluationTable]:
    """Build the tables of all configurations whose runs were all evaluated.

    Args:
        configurations: Configurations whose evaluated runs have `FinishedRun.evaluation`.

    Returns:
        Tables by budget; empty if there is no such configuration.
    """
    evaluated = [each for each in configurations if all(run.evaluation for run in each.runs)]
    groups = split_by_budget(evaluated, attrgetter("setting"))
    found = []
    for number, (budget, group) in enumerate(groups, start=1):
        below, of_budget = f"-{number}" if len(groups) > 1 else "", f". {budget}" if budget else ""
        for metric, (title, form) in _METRICS.items():
            table = _tabulate_groups(group, metric, form, title + of_budget)
            found.append(EvaluationTable(f"evaluation-{metric}{below}", table))
        table = _tabulate_degradations(group, _DEGRADED + of_budget)
        found.append(EvaluationTable(f"evaluation-degradations{below}", table))
    return found


def _tabulate_groups(configurations: Sequence[Configuration], metric: str, form: Form, title: str) -> Table:
    found = [each for configuration in configurations for each in _list_evaluations(configuration)]
    places = dict.fromkeys((group.kind, group.name) for each in found for group in each.groups if group.kind in _KINDS)
    rows: list[Line] = [
        [
            *name_configuration(each),
            *(average_estimates([one.read(metric, *place) for one in _list_evaluations(each)]) for place in places),
        ]
        for each in configurations
    ]
    return Table.of(title, [*CONFIGURATION, *(Column(name, form) for _, name in places)], rows)


def _tabulate_degradations(configurations: Sequence[Configuration], title: str) -> Table:
    found = [each for configuration in configurations for each in _list_evaluations(configuration)]
    words = dict.fromkeys(word for each in found for word in each.degradations)
    rows: list[Line] = [
        [
            *name_configuration(each),
            *(average_estimates([_average(one, word) for one in _list_evaluations(each)]) for word in words),
            _count_warnings(_list_evaluations(each)),
        ]
        for each in configurations
    ]
    named = [Column("clean" if word == NO_DEGRADATION else word, Form.UNIT) for word in words]
    return Table.of(title, [*CONFIGURATION, *named, SWAP_WARNS], rows)


def _count_warnings(evaluations: Sequence[Evaluation]) -> Cell:
    tried = [each.swap.warns for each in evaluations if each.swap]
    return Cell(sum(tried), mark=f" of {len(tried)}") if tried else Cell(lack="not tried")


def _list_evaluations(configuration: Configuration) -> list[Evaluation]:
    return [run.evaluation for run in configuration.runs if run.evaluation]


def _average(evaluation: Evaluation, degradation: str) -> Estimate:
    """Average the AUROC over quadrants; the mean has no interval, because quadrants share images."""
    quadrants = [group for group in evaluation.groups if (group.kind, group.degradation) == (_QUADRANT, degradation)]
    values = [value for group in quadrants if (value := group.read("auroc").value) is not None]
    return Estimate(float(np.mean(values)) if values and len(values) == len(quadrants) else None)
