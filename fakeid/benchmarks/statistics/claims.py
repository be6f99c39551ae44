"""How often a report makes a false claim, about configurations or about a single option."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from fakeid.benchmarks.statistics.pages import DrawnConfiguration, draw_page
from fakeid.benchmarks.statistics.scores import calibrate_model
from fakeid.reporting.significance import BETTER, WORSE, Judged
from fakeid.reporting.sweep.claims import Claims, compare_configurations
from fakeid.reporting.sweep.configurations import Configuration, FinishedRun, collect_configurations
from fakeid.reporting.sweep.effects import UNSEEN_CONTENT, Effect, correct_page, fit_trends, measure_effects

ACCURACY: Final = 0.85
"""Mean accuracy over runs and images, on unseen content of average difficulty."""

LAYOUTS: Final[Mapping[int, tuple[DrawnConfiguration, ...]]] = {
    2: tuple(DrawnConfiguration(color) for color in ("rgb", "hsv")),
    9: tuple(DrawnConfiguration(*pair) for pair in product(("rgb", "hsv", "ycbcr"), (0.0, 0.2, 0.5))),
    12: tuple(
        DrawnConfiguration(color, dropout, categories=k)
        for color, dropout, k in product(("rgb", "hsv"), (0.0, 0.5), (1, 5, 10))
    ),
    20: tuple(DrawnConfiguration(color, categories=k) for color, k in product(("rgb", "hsv"), range(1, 11))),
}
"""The grids by size: two colors; 3 colors x 3 dropouts; 4 settings x k = 1, 5, 10; 2 settings x k = 1 ... 10."""

METRICS: Final = ("accuracy", "auroc")

SETTINGS: Final[Mapping[int, tuple[tuple[str, ...], tuple[float, ...]]]] = {
    4: (("rgb", "hsv"), (0.0, 0.5)),
    6: (("rgb", "hsv", "ycbcr"), (0.0, 0.5)),
    10: (("rgb", "hsv"), (0.0, 0.2, 0.4, 0.5, 0.6)),
}
"""Number of pairs of configurations that differ only in the residual → their colors and dropouts."""

_RESIDUALS: Final = ("hpf", "srm")
"""The residuals that are compared; neither is better on average."""


@dataclass(frozen=True)
class NullPage:
    """A folder of runs in which nothing is better than anything else.

    Attributes:
        configurations: Size of the grid, a key of `LAYOUTS`.
        seeds: Seeds of each configuration.
        deviation: Standard deviation between runs of the accuracy on the held-out category.
        per_class: Test images of each class and category.
    """

    configurations: int
    seeds: int
    deviation: float
    per_class: int = 100

    def simulate(self, rng: np.random.Generator) -> dict[str, float]:
        """Return what `count_claims` finds on one drawn page."""
        layout = LAYOUTS[self.configurations]
        model = calibrate_model(ACCURACY, self.deviation)
        signals = [model.find_signal(ACCURACY)] * len(layout)
        return count_claims(draw_page(layout, self.seeds, model, signals, self.per_class, rng).runs)


@dataclass(frozen=True)
class NullEffect:
    """A grid of colors, dropouts and two residuals, in which no option has a mean effect.

    Attributes:
        pairs: Pairs of configurations that differ only in the residual; a key of `SETTINGS`.
        seeds: Seeds of each configuration.
        unlike: Standard deviation between settings of the true effect of the residual, in logits. Both sides are drawn
            from the same distribution, so the mean effect is 0 on any scale.
        deviation: Standard deviation between runs of the accuracy on the held-out category.
        per_class: Test images of each class and category.
    """

    pairs: int
    seeds: int
    unlike: float
    deviation: float = 0.065
    per_class: int = 100

    def simulate(self, rng: np.random.Generator) -> dict[str, float]:
        """Draw one page and look for claims, by kind and metric.

        Returns:
            `interval`: 1 where the residual's own interval excludes 0. `effect`: 1 where it is claimed to have an
            effect. `any`: 1 where any option is.
        """
        colors, dropouts = SETTINGS[self.pairs]
        layout = [DrawnConfiguration(*one) for one in product(colors, dropouts, _RESIDUALS)]
        model = calibrate_model(ACCURACY, self.deviation)
        signals = model.find_signal(ACCURACY) + self.unlike / np.sqrt(2) * rng.standard_normal(len(layout))
        page = draw_page(layout, self.seeds, model, signals.tolist(), self.per_class, rng)
        effects = [
            one for one in _judge_page(page.runs, collect_configurations(page.runs))[1] if one.group == UNSEEN_CONTENT
        ]
        (residual,) = [one for one in effects if one.option == "residual"]
        found = {}
        for metric in METRICS:
            difference = getattr(residual, metric)
            found[f"interval {metric}"] = float(difference.low > 0 or difference.high < 0)
            found[f"effect {metric}"] = float(has_claim(residual, metric))
            found[f"any {metric}"] = float(any(has_claim(one, metric) for one in effects))
        return found


def count_claims(runs: Sequence[FinishedRun]) -> dict[str, float]:
    """Count what a report over these runs claims about accuracy or AUROC.

    Returns:
        1 or 0 for a claim in each table (`settings` and so on), in `any` of them, and in any sentence of the `answer`;
        as `trends` the share of slopes whose interval excludes 0. NaN where the page has nothing of the kind.
    """
    configurations = collect_configurations(runs)
    claims, effects = _judge_page(runs, configurations)
    tables: dict[str, Sequence[Judged]] = {name: getattr(claims, name) for name in ("settings", "categories", "best")}
    tables["effects"] = effects
    tables["any"] = [row for rows in tables.values() for row in rows]
    found = {
        name: float(any(has_claim(row, metric) for row in rows for metric in METRICS)) if rows else math.nan
        for name, rows in tables.items()
    }
    trends = [each.held_out for each in fit_trends(configurations) if each.held_out]
    missed = [each.low > 0 or each.high < 0 for each in trends if each.low is not None and each.high is not None]
    found["trends"] = float(np.mean(missed)) if missed else math.nan
    found["answer"] = float(has_answer(claims, effects))
    return found


def has_claim(row: Judged, metric: str) -> bool:
    """Tell whether a row of a table calls one side better."""
    return (row.verdict if metric == "accuracy" else row.auroc_verdict) in (BETTER, WORSE)


def has_answer(claims: Claims, effects: Sequence[Effect]) -> bool:
    """Tell whether any sentence of the answer claims something."""
    steps = sorted(claims.categories, key=lambda claim: claim.second.categories - claim.first.categories)
    widest = {claim.first.setting: claim for claim in steps}  # the answer covers only these
    on_content = [effect for effect in effects if effect.group == UNSEEN_CONTENT]
    return any(row.is_significant for row in (*claims.settings, *widest.values(), *claims.best, *on_content))


def _judge_page(runs: Sequence[FinishedRun], configurations: Sequence[Configuration]) -> tuple[Claims, list[Effect]]:
    """Compare configurations and measure effects as one family of tests, as a report does."""
    return correct_page(compare_configurations(configurations), measure_effects(runs))
