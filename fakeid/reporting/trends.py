"""How the accuracy on unseen content goes with the number of training categories, setting by setting."""

from collections.abc import Sequence
from dataclasses import dataclass

from fakeid.evaluation.trend import Trend, fit_trend
from fakeid.reporting.averages import Cell, FinishedRun
from fakeid.reporting.paper import Setting


@dataclass(frozen=True)
class SettingTrend:
    """Slopes of one setting, in accuracy for one more category.

    Attributes:
        setting: Which.
        unseen: Of the paper's unseen average, whose categories become fewer.
        held_out: Of the category that is never trained on: the same images throughout. None where there is none.
    """

    setting: Setting
    unseen: Trend | None
    held_out: Trend | None


def fit_trends(cells: Sequence[Cell]) -> list[SettingTrend]:
    """One for each setting with at least two numbers of categories, in the order of the cells."""
    trends = []
    for setting in dict.fromkeys(cell.setting for cell in cells):
        runs = [run for cell in cells if cell.setting == setting for run in cell.runs]
        unseen = _fit([(run.categories, run.average(seen=False)["value"]) for run in runs])
        held_out = _fit([(run.categories, _held_out_accuracy(run)) for run in runs])
        if unseen or held_out:
            trends.append(SettingTrend(setting, unseen, held_out))
    return trends


def _fit(points: Sequence[tuple[int, float | None]]) -> Trend | None:
    known = [(categories, value) for categories, value in points if value is not None]
    return fit_trend([point[0] for point in known], [point[1] for point in known])


def _held_out_accuracy(run: FinishedRun) -> float | None:
    group = run.summary["categories"].get(run.held_out)
    value: float | None = group["accuracy"]["value"] if group else None
    return value
