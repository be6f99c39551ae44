"""How often "what one option does" claims an effect whose mean is 0, though it is not 0 in each setting."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from fakeid.reporting.effects import UNSEEN_CONTENT, measure_effects
from fakeid.simulation.claims import ACCURACY, METRICS, has_claim
from fakeid.simulation.pages import Configuration, draw_page
from fakeid.simulation.scores import calibrate_model

SETTINGS: Final[Mapping[int, tuple[tuple[str, ...], tuple[float, ...]]]] = {
    4: (("rgb", "hsv"), (0.0, 0.5)),
    6: (("rgb", "hsv", "ycbcr"), (0.0, 0.5)),
    10: (("rgb", "hsv"), (0.0, 0.2, 0.4, 0.5, 0.6)),
}
"""Number of pairs of configurations that differ in the residual alone → their colors and dropouts."""

VALUES: Final = ("hpf", "srm")
"""Of the residual; neither is better on average."""


@dataclass(frozen=True)
class NullEffect:
    """A grid of colors, dropouts and two residuals.

    Attributes:
        pairs: Of configurations that differ in the residual alone; one of `SETTINGS`.
        seeds: Of each configuration.
        unlike: Standard deviation, between settings, of the true effect of the residual, in logits. Both sides are
            drawn alike, so that the mean effect is 0 on any scale.
        deviation: Between runs, of the accuracy on the held-out category.
        per_class: Test images of each class and category.
    """

    pairs: int
    seeds: int
    unlike: float
    deviation: float = 0.065
    per_class: int = 100

    def simulate(self, rng: np.random.Generator) -> dict[str, float]:
        """1 where the residual is claimed to do something (`effect`), or its interval misses 0 (`interval`)."""
        colors, dropouts = SETTINGS[self.pairs]
        layout = [Configuration(*one) for one in product(colors, dropouts, VALUES)]
        model = calibrate_model(ACCURACY, self.deviation)
        signals = model.find_signal(ACCURACY) + self.unlike / np.sqrt(2) * rng.standard_normal(len(layout))
        page = draw_page(layout, self.seeds, model, signals.tolist(), self.per_class, rng)
        effects = [one for one in measure_effects(page.runs) if one.group == UNSEEN_CONTENT]
        (residual,) = [one for one in effects if one.option == "residual"]
        found = {}
        for metric in METRICS:
            difference = getattr(residual, metric)
            found[f"interval {metric}"] = float(difference.low > 0 or difference.high < 0)
            found[f"effect {metric}"] = float(has_claim(residual, metric))
            found[f"any {metric}"] = float(any(has_claim(one, metric) for one in effects))
        return found
