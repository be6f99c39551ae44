"""Logits of simulated detectors whose true accuracy is known.

The logit of an image in one run is

    sign * (signal + slope of the run) + shift of the run + image + noise,

where the sign is +1 for fakes and -1 for reals. `signal` belongs to the configuration and the category; slope and shift
are drawn for each run, in part anew for each category; `image` is drawn once and shared by all runs, because a hard
image is hard for every detector; `noise` is drawn for each run and image. All terms are normal, so the mean accuracy
over runs and images has a closed form. The shift changes the accuracy at a fixed threshold but not the AUROC of a
category; the slope changes both.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import norm

from fakeid.config.constants import FAKE, REAL
from fakeid.evaluation.ranking import Floats, Labels

_NODES: Final = 60  # quadrature nodes for each of slope and shift


@dataclass(frozen=True)
class ScoreModel:
    """How scores scatter; all standard deviations are in logits.

    Attributes:
        shift: Between runs: the shift of all logits.
        slope: Between runs: half the distance between fakes and reals.
        noise: Between the images of a class, as one run sees them.
        image_share: Share of the variance of `noise` that belongs to the image and is common to all runs, in [0, 1].
        category_share: Share of the variances of shift and slope that is drawn anew for each category, in [0, 1].
    """

    shift: float
    slope: float
    noise: float = 2.0
    image_share: float = 0.6
    category_share: float = 0.25

    @property
    def spread(self) -> float:
        """Standard deviation of the logits of a class over runs and images."""
        return float(np.sqrt(self.noise**2 + self.shift**2 + self.slope**2))

    def find_signal(self, accuracy: float) -> float:
        """Find the signal that gives this mean accuracy over runs and images, in (0, 1)."""
        return float(self.spread * norm.ppf(accuracy))

    def mean_accuracy(self, signal: npt.ArrayLike) -> Floats:
        """Compute the accuracy over runs and images, of the same shape as the signals."""
        return np.asarray(norm.cdf(np.asarray(signal) / self.spread))

    def mean_auroc(self, signal: npt.ArrayLike) -> Floats:
        """Compute the AUROC of one category over runs and images."""
        return np.asarray(norm.cdf(np.sqrt(2) * np.asarray(signal) / np.sqrt(self.noise**2 + 2 * self.slope**2)))

    def run_accuracy(self, signal: npt.ArrayLike, shift: npt.ArrayLike) -> Floats:
        """Compute the accuracy of one run over images, from its own signal (slope included) and shift."""
        fakes, reals = (norm.cdf((np.asarray(signal) + sign * np.asarray(shift)) / self.noise) for sign in (1, -1))
        return np.asarray((fakes + reals) / 2)

    def run_auroc(self, signal: npt.ArrayLike) -> Floats:
        """Compute the AUROC of one run in one category over images, from its own signal (slope included)."""
        return np.asarray(norm.cdf(np.sqrt(2) * np.asarray(signal) / self.noise))

    def run_deviation(self, signal: float) -> float:
        """Compute the standard deviation between runs of the accuracy in one category."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
        weights = weights / weights.sum()
        values = self.run_accuracy(signal + self.slope * nodes[:, None], self.shift * nodes)
        mean = weights @ values @ weights
        return float(np.sqrt(weights @ (values - mean) ** 2 @ weights))


@cache
def calibrate_model(accuracy: float, deviation: float) -> ScoreModel:
    """Find the model whose runs scatter by this deviation in accuracy; the slope scatters half as much as the shift.

    Args:
        accuracy: Mean over runs and images, in (0.5, 1).
        deviation: Standard deviation between runs of the true accuracy in one category, above 0.
    """

    def build(shift: float) -> ScoreModel:
        return ScoreModel(shift=shift, slope=0.5 * shift)

    def excess(shift: float) -> float:
        model = build(shift)
        return model.run_deviation(model.find_signal(accuracy)) - deviation

    return build(float(brentq(excess, 1e-6, 10.0)))


@dataclass(frozen=True, eq=False)
class DrawnScores:
    """The scores of several runs on the same images.

    Attributes:
        logits: (runs, categories, images), reals before fakes.
        label: (images,), the same in each category.
        signals: (runs, categories), the signal of each run, slope included.
        shifts: (runs, categories), the shift of each run.
    """

    logits: Floats
    label: Labels
    signals: Floats
    shifts: Floats


def draw_scores(model: ScoreModel, signals: Floats, per_class: int, rng: np.random.Generator) -> DrawnScores:
    """Draw the scores of runs, in place of training and testing them.

    Args:
        model: How scores scatter.
        signals: (runs, categories), without the slopes of the runs.
        per_class: Real images per category; there are as many fakes.
        rng: Generator of the random draws; it is advanced.
    """
    num_runs, num_categories = signals.shape
    label = np.repeat([REAL, FAKE], per_class)
    sign = np.where(label == FAKE, 1.0, -1.0)

    def scatter(deviation: float) -> Floats:
        common = np.sqrt(1 - model.category_share) * rng.standard_normal((num_runs, 1))
        own = np.sqrt(model.category_share) * rng.standard_normal((num_runs, num_categories))
        return np.asarray(deviation * (common + own))

    shifts, of_runs = scatter(model.shift), signals + scatter(model.slope)
    images = np.sqrt(model.image_share) * rng.standard_normal((num_categories, len(label)))
    noise = np.sqrt(1 - model.image_share) * rng.standard_normal((num_runs, num_categories, len(label)))
    logits = sign * of_runs[..., None] + shifts[..., None] + model.noise * (images + noise)
    return DrawnScores(logits, label, of_runs, shifts)
