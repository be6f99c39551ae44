"""How often intervals of runs and of means over seeds contain the truth, and how thresholds treat new images."""

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

_GRID: Final = 200_001  # thresholds for integrating the truth numerically
_FIGURES: Final = 400  # drawn tests whose mean ECE is the expected ECE


@dataclass(frozen=True)
class OneRun:
    """A calibrated detector whose logits are normal in each class, tested once.

    With means of ±d²/2 and a standard deviation of d, the logistic function of a logit is the true probability, and the
    AUROC is that of two normal distributions whose means are d standard deviations apart.

    Attributes:
        auroc: The true AUROC, above 0.5.
        per_class: Images of each class, or clusters where there are any.
        in_cluster: Images per cluster; 1 means no clusters. Images of a cluster share half of their variance.
    """

    auroc: float
    per_class: int
    in_cluster: int = 1

    def simulate(self, rng: np.random.Generator) -> dict[str, float]:
        """Return 1 for each metric whose interval contains the truth, NaN where the metric has no interval."""
        label, logit, clusters = self.draw(rng)
        estimates = estimate_metrics(label, logit, 0, clusters=clusters if self.in_cluster > 1 else None)
        truths = find_truths(self)
        return {
            name: float(estimate.low <= truths[name] <= estimate.high) if math.isfinite(estimate.low) else math.nan
            for name, estimate in estimates.items()
            if name in truths
        }

    def draw(self, rng: np.random.Generator) -> tuple[Labels, Floats, Labels]:
        """Draw labels, logits and clusters of one test: (n,) each."""
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
        """Distance between the means of fakes and reals, in standard deviations of either class."""
        return float(np.sqrt(2) * norm.ppf(self.auroc))


@cache
def find_truths(run: OneRun) -> Mapping[str, float]:
    """Compute the true value of each metric; for the ECE, the value expected with this many images."""
    apart = run.distance
    noise = np.linspace(-10, 10, _GRID)
    weight = norm.pdf(noise) * (noise[1] - noise[0])
    fakes = apart * (apart / 2 + noise)
    # By symmetry the loss on the reals equals that on the fakes.
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
    found, alarms = norm.sf(noise), norm.sf(noise + apart)  # share of fakes and of reals above each threshold
    truths["average_precision"] = float(weight @ (found / (found + alarms)))
    rng = np.random.default_rng(0)
    drawn = (run.draw(rng) for _ in range(_FIGURES))
    truths["ece"] = float(np.mean([measure(label, logit)["ece"] for label, logit, _ in drawn]))
    return truths


@dataclass(frozen=True)
class OneConfiguration:
    """Runs that differ only by seed, and one further run.

    Attributes:
        seeds: Number of runs that are averaged.
        deviation: Standard deviation between runs of the accuracy in one category.
        per_class: Test images of each class and category.
        categories: Categories that are trained on; the rest of the eleven are unseen, and averaged.
    """

    seeds: int
    deviation: float
    per_class: int
    categories: int = 10

    def simulate(self, rng: np.random.Generator) -> dict[str, float]:
        """Draw the runs and check their intervals.

        Returns:
            `accuracy` and `auroc`: 1 where the interval of the mean contains the truth. `next`: 1 where the interval
            for one more run contains its accuracy. `width`: the width of the interval of the mean accuracy.
        """
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
        auroc: The true AUROC, above 0.5.
        per_class: Validation images of each class.
    """

    auroc: float
    per_class: int

    def simulate(self, rng: np.random.Generator) -> dict[str, float]:
        """Calibrate once and compute the true rates on new images.

        Returns:
            `rate`: the share of new reals that the threshold calls fake. `above`: 1 where it exceeds the target.
            `bounds`: 1 where its bounds contain it. `error called fake` and `error called real`: the share of wrong
            calls among the sure ones. `unsure`: the share of unsure calls.
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
    """Compute the shares of new reals and of new fakes at or above a logit; see `OneRun`."""
    reals, fakes = (float(norm.sf(threshold / distance - sign * distance / 2)) for sign in (-1, 1))
    return reals, fakes


def _divide(part: float, whole: float) -> float:
    return part / whole if whole > 1e-12 else math.nan
