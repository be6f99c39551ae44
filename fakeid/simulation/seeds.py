"""How often the interval of a configuration's mean over seeds holds the mean over all runs and images."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from fakeid.reporting.averages import collect_cells
from fakeid.reporting.numbers import Estimate
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
        """1 where the interval holds the truth (`accuracy`, `auroc`) and the next run's accuracy (`next`)."""
        model = calibrate_model(ACCURACY, self.deviation)
        configuration = Configuration(categories=self.categories)
        signal = model.find_signal(ACCURACY)
        page = draw_page([configuration], self.seeds + 1, model, [signal], self.per_class, rng)
        (cell,), (following,) = collect_cells(page.runs[:-1]), collect_cells(page.runs[-1:])
        average = cell.average(seen=False)
        unseen = page.signals[0, self.categories :]
        found = {
            "accuracy": _holds(average, float(model.mean_accuracy(unseen).mean())),
            "width": (average["high"] or math.nan) - (average["low"] or math.nan),
            "next in mean": _holds(average, following.average(seen=False)["value"] or math.nan),
        }
        if self.seeds > 1:
            auroc = cell.measure(HELD_OUT, "auroc")
            found["auroc"] = _holds(auroc, float(model.mean_auroc(page.signals[0, -1])))
        return found


def _holds(estimate: Estimate, truth: float) -> float:
    low, high = estimate["low"], estimate["high"]
    return math.nan if low is None or high is None else float(low <= truth <= high)
