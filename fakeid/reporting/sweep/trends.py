"""How the accuracy on the held-out category goes with the number of training categories, setting by setting."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fakeid.evaluation.ranking import Floats
from fakeid.evaluation.statistics.paired_tests import Answers
from fakeid.evaluation.statistics.trend import Trend, fit_trend
from fakeid.reporting.sweep.averages import Cell, FinishedRun
from fakeid.reporting.sweep.paper import Setting


@dataclass(frozen=True)
class SettingTrend:
    """The slope of one setting, in accuracy for one more category.

    Attributes:
        setting: Which.
        held_out: Of the category that no run of the setting is trained on: the same images throughout. (The paper's
            unseen average loses categories as the training gains them, and rises or falls with the hard ones among
            them where the training makes no difference.)
    """

    setting: Setting
    held_out: Trend


def fit_trends(cells: Sequence[Cell]) -> list[SettingTrend]:
    """One for each setting with a held-out category and at least two numbers of categories, in the order of the cells.

    Runs are independent points. That they share their test images is in the interval where all were tested on the same
    ones; it covers one setting by itself and is not corrected for their number, so no verdict rests on it.
    """
    trends = []
    for setting in dict.fromkeys(cell.setting for cell in cells):
        runs = [run for cell in cells if cell.setting == setting for run in cell.runs]
        if trend := _fit(runs):
            trends.append(SettingTrend(setting, trend))
    return trends


def _fit(runs: Sequence[FinishedRun]) -> Trend | None:
    names = {run.held_out for run in runs}
    if len(names) > 1:
        return None
    points = [(run, value) for run in runs if (value := _held_out_accuracy(run)) is not None]
    known = [run for run, _ in points]
    return fit_trend([run.categories for run in known], [value for _, value in points], _stack_images(known))


def _stack_images(runs: Sequence[FinishedRun]) -> Floats | None:
    """(runs, images), whether each was called right; None where the runs were not tested on the same images."""
    parts = [run.images.get(run.held_out or "") for run in runs]
    found = [part for part in parts if part is not None]
    if len(found) < len(runs) or len({(run.source, part.digest) for run, part in zip(runs, found, strict=True)}) != 1:
        return None
    return np.array([Answers(part.label, part.logit).right for part in found])


def _held_out_accuracy(run: FinishedRun) -> float | None:
    group = run.summary.categories.get(run.held_out or "")
    return group.read("accuracy").value if group else None
