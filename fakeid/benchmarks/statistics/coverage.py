"""How often intervals of a run and of a mean over seeds hold the truth, and what thresholds do to new images."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm

from fakeid.benchmarks.statistics.claims import ACCURACY
from fakeid.benchmarks.statistics.pages import CATEGORIES, DrawnConfiguration, draw_page
from fakeid.benchmarks.statistics.scores import calibrate_model
from fakeid.config.constants import FAKE, REAL
from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.fit_calibration import FALSE_ALARM_RATE, fit_calibration
from fakeid.evaluation.metrics import measure
from fakeid.evaluation.ranking import Floats, Labels
from fakeid.evaluation.statistics.intervals import estimate_metrics
from fakeid.reporting.sweep.configurations import collect_configurations

AUROCS: Final = (0.75, 0.9, 0.99, 0.995)

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
        drawn = DrawnConfiguration(categories=self.categories)
        signal = model.find_signal(ACCURACY)
        page = draw_page([drawn], self.seeds + 1, model, [signal], self.per_class, rng)
        *runs, following = page.runs
        (configuration,) = collect_configurations(runs)
        average = configuration.average(seen=False)
        assert average.low is not None
        assert average.high is not None
        truth = model.mean_accuracy(page.signals[0, self.categories :]).mean()
        found = {"accuracy": _holds(average.low, average.high, truth), "width": average.high - average.low}
        if self.seeds > 1:
            auroc = configuration.measure(CATEGORIES[-1], "auroc")
            found["auroc"] = _holds(auroc.low, auroc.high, model.mean_auroc(page.signals[0, -1]))
            found["next"] = _holds(average.next_low, average.next_high, following.average(seen=False).value)
        return found


def _holds(low: float | None, high: float | None, truth: float | Floats | None) -> float:
    return math.nan if low is None or high is None or truth is None else float(low <= truth <= high)


@dataclass(frozen=True)
class Validated:
    """A detector with normal logits in each class, calibrated on a validation split.

    Attributes:
        auroc: The true one, above 0.5.
        per_class: Validation images.
    """

    auroc: float
    per_class: int

    def simulate(self, rng: np.random.Generator) -> dict[str, float]:
        """The true share of new reals that the threshold calls fake, and of wrong calls among the sure ones.

        `above` is 1 where the first is more than was wished for, `bounds` where its bounds hold it.
        """
        run = OneRun(self.auroc, self.per_class)
        label, logits, _ = run.draw(rng)
        calibration = fit_calibration(label, logits)
        assert calibration is not None
        reals, _ = _shares_above(calibration.threshold, run.distance)
        bounds = calibration.false_positive_low, calibration.false_positive_high
        return {
            "rate": reals,
            "above": float(reals > FALSE_ALARM_RATE),
            "bounds": float(bounds[0] <= reals <= bounds[1]),
            **_judge_band(calibration, run.distance),
        }


def _judge_band(calibration: Calibration, distance: float) -> dict[str, float]:
    low, high = (logit([calibration.unsure_low, calibration.unsure_high]) - calibration.bias) / calibration.scale
    reals_above, fakes_above = _shares_above(high, distance)
    reals_below, fakes_below = (1 - share for share in _shares_above(low, distance))
    sure = reals_above + fakes_above + reals_below + fakes_below
    return {
        "error called fake": _divide(reals_above, reals_above + fakes_above),
        "error called real": _divide(fakes_below, reals_below + fakes_below),
        "unsure": 1 - sure / 2,
    }


def _shares_above(threshold: float, distance: float) -> tuple[float, float]:
    """Of new reals and of new fakes, at or above a logit; see `OneRun`."""
    reals, fakes = (float(norm.sf(threshold / distance - sign * distance / 2)) for sign in (-1, 1))
    return reals, fakes


def _divide(part: float, whole: float) -> float:
    return part / whole if whole > 1e-12 else math.nan
