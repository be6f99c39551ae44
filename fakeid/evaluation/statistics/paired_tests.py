"""Paired tests of runs crossed with images, which account for variation over both trainings and test images.

Several runs tested on the same images are like several readers of the same cases in radiology. The variance of a number
has a part specific to each run and a part common to all, because they saw the same images (Obuchowski & Rockette 1995).
Two or three runs estimate the first part poorly; hundreds of images estimate the second part well. So each part gets
its own quantile: Student's with one degree of freedom fewer than there are runs, and the normal one. The squares of the
two margins are added (Zou & Donner 2008). In simulations without a difference, this test rejects in at most 5 % of
cases for 2 to 8 runs, whether runs or images vary more. Student's quantile for both parts would be needlessly wide if
images vary more; the degrees of freedom of Hillis (2007) reject in up to 9 % of cases if 2 or 3 runs vary more.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtri, stdtrit
from scipy.stats import binomtest, norm

from fakeid.config.constants import FAKE
from fakeid.evaluation.ordered_scores import OrderedScores
from fakeid.evaluation.ranking import Floats, Labels, call_fake
from fakeid.evaluation.statistics.intervals import CONFIDENCE, Placements, compute_placements

_SMALLEST_P: Final = 1e-15
_ROUNDING: Final = 1e-12  # a smaller standard error counts as 0


@dataclass(frozen=True)
class Scatter:
    """The variance components of a number measured for several runs on the same images.

    Attributes:
        of_runs: Sample variance of the runs' values, due to training and to images that affect single runs.
        of_own_images: Part of it that images alone would cause.
        shared: Variance due to images that affect all runs alike.
    """

    of_runs: float
    of_own_images: float
    shared: float


def measure_scatter(values: Floats, parts: Sequence[Floats]) -> Scatter:
    """Split the variance of a number into components by the covariance of the runs over images.

    Args:
        values: Value of each run, (runs,), for two or more runs.
        parts: Contributions of the images in independent groups, each (runs, n); up to a constant, a run's value is the
            sum of their means.
    """
    num_runs = len(values)
    parts = [part for part in parts if part.shape[1] > 1]
    of_mean = sum(float(part.mean(axis=0).var(ddof=1)) / part.shape[1] for part in parts)
    of_each = sum(float(part.var(axis=1, ddof=1).mean()) / part.shape[1] for part in parts)
    # The mean covariance of two runs over the same images.
    shared = max(0.0, (num_runs * of_mean - of_each) / (num_runs - 1))
    return Scatter(float(values.var(ddof=1)), max(0.0, of_each - shared), shared)


def find_margin(of_runs: float, freedom: float, of_images: float, level: float = 1 - CONFIDENCE) -> float:
    """Compute half the width of an interval that misses the truth with the probability `level`.

    Args:
        of_runs: Variance of the number due to the runs.
        freedom: Degrees of freedom of this variance.
        of_images: Variance of the number due to images that affect all runs alike.
        level: Error probability, in (0, 1).
    """
    by_runs, by_images = float(stdtrit(freedom, level / 2)), float(ndtri(level / 2))
    return math.sqrt(by_runs**2 * max(0.0, of_runs) + by_images**2 * max(0.0, of_images))


def find_p(value: float, of_runs: float, freedom: float, of_images: float) -> float:
    """Compute the two-sided p-value against 0, which is the level at which the interval ends at 0.

    The arguments other than `value` are those of `find_margin`.
    """
    if math.sqrt(max(0.0, of_runs) + max(0.0, of_images)) < _ROUNDING:  # all runs and images agree
        return 1.0 if abs(value) < _ROUNDING else 0.0

    def lead(log_level: float) -> float:
        return find_margin(of_runs, freedom, of_images, math.exp(log_level)) - abs(value)

    if lead(0.0) >= 0:
        return 1.0
    smallest = math.log(_SMALLEST_P)
    return _SMALLEST_P if lead(smallest) <= 0 else math.exp(brentq(lead, smallest, 0.0, xtol=1e-10))


_QUANTILE: Final = (1 + CONFIDENCE) / 2


@dataclass(frozen=True)
class Difference:
    """A difference between two detectors, the second minus the first.

    Attributes:
        value: Difference in [-1, 1]; if it is undefined, all numbers are NaN.
        low: Lower bound of the 95 % interval, not corrected for the number of comparisons.
        high: Upper bound of this interval.
        p_value: Two-sided p-value against no difference.
        num_runs: Number of runs of each detector, or of pairs of configurations; with 1, the interval and the p-value
            cover test images only and say nothing about other trainings.
    """

    value: float
    low: float
    high: float
    p_value: float
    num_runs: int


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers of one run on some images.

    Attributes:
        label: Labels, (n,), 0 or 1.
        logit: Logits, (n,), called fake if at least 0 (`count_from`); NaN where the detector broke down.
    """

    label: Labels
    logit: Floats

    def __len__(self) -> int:
        return len(self.label)

    @cached_property
    def right(self) -> Floats:
        """1 for images called correctly, else 0; NaN where the detector broke down: (n,)."""
        right = (call_fake(self.logit) == (self.label == FAKE)).astype(np.float64)
        return np.where(np.isnan(self.logit), np.nan, right)

    @cached_property
    def placements(self) -> Placements:
        """The structural components of the AUROC."""
        return compute_placements(self.label, self.logit)


@dataclass(frozen=True, eq=False)
class MeanAnswers:
    """The answers of several runs on the same images, averaged image by image.

    Attributes:
        right: Share of the runs that called each image correctly, (n,).
        placements: Mean of the runs' placements, so that its mean is their mean AUROC.
    """

    right: Floats
    placements: Placements

    def __len__(self) -> int:
        return len(self.right)


_AnyAnswers: TypeAlias = Answers | MeanAnswers


def average_answers(runs: Sequence[Answers]) -> MeanAnswers:
    """Average the answers of one configuration's seeds on the same images in the same order."""
    placements = [answers.placements for answers in runs]
    return MeanAnswers(
        np.mean([answers.right for answers in runs], axis=0),
        Placements(
            np.mean([each.fakes for each in placements], axis=0), np.mean([each.reals for each in placements], axis=0)
        ),
    )


def pool_answers(parts: Sequence[OrderedScores]) -> Answers:
    """Concatenate one run's answers on several groups of images."""
    return Answers(np.concatenate([part.label for part in parts]), np.concatenate([part.logit for part in parts]))


def compare_answers(first: Sequence[_AnyAnswers], second: Sequence[_AnyAnswers]) -> tuple[Difference, Difference]:
    """Compare the accuracy and the AUROC of two detectors, the second minus the first.

    Args:
        first: Answers of the first detector, one for each run or configuration.
        second: Answers of the second detector on the same images, with seeds or counterparts in the same order.

    Returns:
        Differences of the accuracy and of the AUROC.
    """
    sides = (first, second)
    return (
        compare_accuracy(*([answers.right for answers in side] for side in sides)),
        compare_auroc(*([answers.placements for answers in side] for side in sides)),
    )


def compare_accuracy(first: npt.ArrayLike, second: npt.ArrayLike) -> Difference:
    """Compare the accuracies of two detectors on the same images.

    For one run each, this is McNemar's exact test on the images that only one detector calls correctly (McNemar 1947),
    with the interval of Bonett & Price (2012). For several runs, see the docstring of this module.

    Args:
        first: Whether the first detector called each image correctly, (runs, n): bool, 0 or 1, or the share of several
            seeds that did; NaN where the detector broke down.
        second: The same for the second detector, with images and seeds in the same order.
    """
    pair = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    assert pair[0].shape == pair[1].shape, f"{pair[0].shape} and {pair[1].shape} are no pairs"
    differences = pair[1] - pair[0]  # (runs, n), each -1, 0 or 1
    num_runs, num_images = differences.shape
    if num_images == 0 or np.isnan(differences).any():
        return _undefined(num_runs)
    if num_runs > 1:
        return _cross(differences.mean(axis=1), [differences])
    gained, lost = int((differences > 0).sum()), int((differences < 0).sum())
    p_value = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    up, down = (gained + 1) / (num_images + 2), (lost + 1) / (num_images + 2)
    margin = float(norm.ppf(_QUANTILE)) * math.sqrt((up + down - (up - down) ** 2) / (num_images + 2))
    value = (gained - lost) / num_images
    # The interval is centered slightly closer to 0 than the value; with a handful of images it could miss the value.
    low, high = min(value, up - down - margin), max(value, up - down + margin)
    return Difference(value, max(-1.0, low), min(1.0, high), float(p_value), 1)


def compare_auroc(first: Sequence[Placements], second: Sequence[Placements]) -> Difference:
    """Compare the AUROCs of two detectors on the same images.

    For one run each, this is DeLong's test (DeLong, DeLong, Clarke-Pearson 1988). For several runs, see the docstring
    of this module.

    Args:
        first: Placements of each run of the first detector, as returned by `compute_placements`.
        second: Placements of the second detector, with images and seeds in the same order.
    """
    assert len(first) == len(second), "runs are compared seed by seed"
    fakes = np.array([b.fakes - a.fakes for a, b in zip(first, second, strict=True)])  # (runs, fakes)
    reals = np.array([b.reals - a.reals for a, b in zip(first, second, strict=True)])  # (runs, reals)
    if min(fakes.shape[1], reals.shape[1]) < 2 or np.isnan(fakes).any():
        return _undefined(len(first))
    values = fakes.mean(axis=1)
    if len(values) > 1:
        return _cross(values, [fakes, reals])
    variance = sum(float(part.var(axis=1, ddof=1)[0]) / part.shape[1] for part in (fakes, reals))
    return _test(float(values[0]), 0.0, variance, 1)


def _cross(values: Floats, parts: Sequence[Floats]) -> Difference:
    """Test a difference of runs crossed with images; the arguments are those of `measure_scatter`."""
    scatter = measure_scatter(values, parts)
    # The images alone make the runs vary that much, so agreement of a few runs proves nothing.
    between_runs = max(scatter.of_runs, scatter.of_own_images)
    return _test(float(values.mean()), between_runs, scatter.shared, len(values))


def _test(value: float, between_runs: float, shared: float, num_runs: int) -> Difference:
    freedom = max(1, num_runs - 1)
    margin = find_margin(between_runs / num_runs, freedom, shared)
    p_value = find_p(value, between_runs / num_runs, freedom, shared)
    return Difference(value, max(-1.0, value - margin), min(1.0, value + margin), p_value, num_runs)


def _undefined(num_runs: int) -> Difference:
    return Difference(math.nan, math.nan, math.nan, math.nan, num_runs)
