"""How often the interval of a single run holds what it is to hold: the number that ever more images would show."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from fakeid.evaluation.intervals import estimate_metrics
from fakeid.evaluation.metrics import Floats, Labels, measure
from fakeid.vocabulary import FAKE, REAL

AUROCS: Final = (0.75, 0.9, 0.99, 0.995)
METRICS: Final = (
    "accuracy", "balanced_accuracy", "auroc", "average_precision", "eer", "tpr_at_fpr_01", "tpr_at_fpr_05", "ece",
    "nll", "brier",
)  # fmt: skip

_GRID: Final = 200_001  # thresholds at which the truth is integrated
_FIGURES: Final = 400  # groups of images whose mean is the expected ECE


@dataclass(frozen=True)
class OneRun:
    """A detector whose logits are normal in each class, calibrated, and tested once.

    With means of plus and minus d²/2 and a standard deviation of d, the logistic function of a logit is the true
    probability, and the AUROC is that of two normal distributions d apart.

    Attributes:
        auroc: The true one, above 0.5.
        per_class: Images; with clusters: clusters.
        in_cluster: Images of each cluster, 1 for none: one scene, of which each image has half of its variance.
    """

    auroc: float
    per_class: int
    in_cluster: int = 1

    def simulate(self, rng: np.random.Generator) -> dict[str, float]:
        """1 where the interval of a metric holds the truth, NaN where the metric has no interval."""
        label, logit, clusters = self.draw(rng)
        estimates = estimate_metrics(label, logit, 0, clusters=clusters if self.in_cluster > 1 else None)
        truths = find_truths(self)
        return {
            name: float(estimate.low <= truths[name] <= estimate.high) if math.isfinite(estimate.low) else math.nan
            for name, estimate in estimates.items()
            if name in truths
        }

    def draw(self, rng: np.random.Generator) -> tuple[Labels, Floats, Labels]:
        """Labels, logits and clusters of one test: (n,) each."""
        apart = self.distance
        label = np.repeat([REAL, FAKE], self.per_class)
        scenes = rng.standard_normal((2 * self.per_class, 1))
        own = rng.standard_normal((2 * self.per_class, self.in_cluster))
        noise = own if self.in_cluster == 1 else np.sqrt(0.5) * (scenes + own)
        logit = apart * (np.where(label == FAKE, apart / 2, -apart / 2)[:, None] + noise)
        clusters = np.repeat(np.arange(len(label)), self.in_cluster)
        return np.repeat(label, self.in_cluster), logit.ravel(), clusters

    @property
    def distance(self) -> float:
        """Between the means of fakes and reals, in standard deviations of either."""
        return float(np.sqrt(2) * norm.ppf(self.auroc))


@cache
def find_truths(run: OneRun) -> Mapping[str, float]:
    """What ever more images would show; of the ECE, what this many are expected to show, as its interval promises."""
    apart = run.distance
    noise = np.linspace(-10, 10, _GRID)
    weight = norm.pdf(noise) * (noise[1] - noise[0])
    fakes = apart * (apart / 2 + noise)
    # By symmetry the reals lose as much as the fakes.
    truths = {
        "accuracy": float(norm.cdf(apart / 2)),
        "balanced_accuracy": float(norm.cdf(apart / 2)),
        "auroc": run.auroc,
        "eer": float(norm.cdf(-apart / 2)),
        "tpr_at_fpr_01": float(norm.cdf(apart + norm.ppf(0.01))),
        "tpr_at_fpr_05": float(norm.cdf(apart + norm.ppf(0.05))),
        "nll": float(weight @ np.logaddexp(0, -fakes)),
        "brier": float(weight @ expit(-fakes) ** 2),
    }
    found, alarms = norm.sf(noise), norm.sf(noise + apart)  # above each threshold, of fakes and of reals
    truths["average_precision"] = float(weight @ (found / (found + alarms)))
    rng = np.random.default_rng(0)
    drawn = (run.draw(rng) for _ in range(_FIGURES))
    truths["ece"] = float(np.mean([measure(label, logit)["ece"] for label, logit, _ in drawn]))
    return truths
