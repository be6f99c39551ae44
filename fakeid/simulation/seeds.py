"""How often the interval of a configuration's mean over seeds holds the mean over all runs and images."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from fakeid.reporting.averages import collect_cells
from fakeid.simulation.claims import ACCURACY
from fakeid.simulation.pages import CATEGORIES, Configuration, draw_page
from fakeid.simulation.scores import calibrate_model

HELD_OUT: Final = CATEGORIES[-1]


@dataclass(frozen=True)
class OneConfiguration:
    """Runs that differ by seed alone, and one more that comes after them.

    Attributes:
        seeds: Of the runs that are averaged.
        deviation: Between runs, of the accuracy in one category.
        per_class: Test images of each class and category.
        categories: That were trained on; the other ones of the eleven are unseen, and averaged.
    """

    seeds: int
    deviation: float
    per_class: int
    categories: int = 10

    def simulate(self, rng: np.random.Generator) -> dict[str, float]:
        """1 where the interval holds the truth (`accuracy`, `auroc`), and that of one more run holds it (`next`)."""
        model = calibrate_model(ACCURACY, self.deviation)
        configuration = Configuration(categories=self.categories)
        signal = model.find_signal(ACCURACY)
        page = draw_page([configuration], self.seeds + 1, model, [signal], self.per_class, rng)
        *runs, following = page.runs
        (cell,) = collect_cells(runs)
        average = cell.average(seen=False)
        low, high = _find_ends(average.low, average.high)
        unseen = page.signals[0, self.categories :]
        found = {"accuracy": _holds(low, high, float(model.mean_accuracy(unseen).mean())), "width": high - low}
        if self.seeds > 1:
            auroc = cell.measure(HELD_OUT, "auroc")
            found["auroc"] = _holds(*_find_ends(auroc.low, auroc.high), float(model.mean_auroc(page.signals[0, -1])))
            found["next"] = _holds(
                *_find_ends(average.next_low, average.next_high), following.average(seen=False).value
            )
        return found


def _find_ends(low: float | None, high: float | None) -> tuple[float, float]:
    return math.nan if low is None else low, math.nan if high is None else high


def _holds(low: float, high: float, truth: float | None) -> float:
    return math.nan if truth is None or math.isnan(high - low) else float(low <= truth <= high)
