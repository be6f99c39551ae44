"""Paired tests of runs crossed with images: how a number scatters over trainings, and over test images.

Several runs tested on the same images are as readers of the same cases in radiology, and so is their variance: a part
that each run has of its own, and a part that all have in common because they saw the same images (Obuchowski &
Rockette 1995). Two or three runs know their own part badly and hundreds of images the common one well. So each part
gets the quantile of its own knowledge, Student's with as many degrees of freedom as there are runs less one, and the
normal one, and the two margins add in squares (Zou & Donner 2008). Simulated without a difference, this rejects in at
most 5 % for 2 to 8 runs, whether runs or images scatter more. Student's quantile for both parts is needlessly wide
where images scatter more; the degrees of freedom of Hillis (2007) reject in up to 9 % where 2 or 3 runs scatter more.
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
_ROUNDING: Final = 1e-12  # a standard error below it is none


@dataclass(frozen=True)
class Scatter:
    """The variances of a number that several runs reach on the same images.

    Attributes:
        of_runs: Sample variance of the runs' values: trainings, and how images strike one run and not the others.
        of_own_images: What of it images alone would cause.
        shared: What images add to all runs alike.
    """

    of_runs: float
    of_own_images: float
    shared: float


def measure_scatter(values: Floats, parts: Sequence[Floats]) -> Scatter:
    """Split the variance of a number by the covariance of the runs over images.

    Args:
        values: (runs,), two or more: what each run reaches.
        parts: Each (runs, n), independent groups of images; a value is the sum of their means, but for a constant.
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
        of_runs: Variance of the number because of the runs.
        freedom: Its degrees of freedom.
        of_images: Variance because of what images do to all runs.
        level: In (0, 1).
    """
    by_runs, by_images = float(stdtrit(freedom, level / 2)), float(ndtri(level / 2))
    return math.sqrt(by_runs**2 * max(0.0, of_runs) + by_images**2 * max(0.0, of_images))


def find_p(value: float, of_runs: float, freedom: float, of_images: float) -> float:
    """Compute the two-sided p-value against 0: the level of the interval that ends at 0.

    The arguments are those of `find_margin`.
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
    """A difference of two detectors, the second minus the first.

    Attributes:
        value: In [-1, 1]; NaN where it is undefined, and the others with it.
        low: Lower bound of the 95 % interval, not corrected for the number of comparisons.
        high: Upper bound.
        p_value: Two-sided, against no difference.
        num_runs: Runs of each, or pairs of configurations; with 1, the interval and the p-value cover test images alone
            and say nothing about other trainings.
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
        label: (n,), 0 or 1.
        logit: (n,), from 0 on called fake (`count_from`); NaN where the detector broke down.
    """

    label: Labels
    logit: Floats

    def __len__(self) -> int:
        return len(self.label)

    @cached_property
    def right(self) -> Floats:
        """(n,), 1 where the image was called right, else 0; NaN where the detector broke down."""
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
        right: (n,), the share of the runs that called each image right.
        placements: The mean of theirs, so that its mean is their mean AUROC.
    """

    right: Floats
    placements: Placements

    def __len__(self) -> int:
        return len(self.right)


_AnyAnswers: TypeAlias = Answers | MeanAnswers


def average_answers(runs: Sequence[Answers]) -> MeanAnswers:
    """Average the answers of one configuration's seeds, on the same images in the same order."""
    placements = [answers.placements for answers in runs]
    return MeanAnswers(
        np.mean([answers.right for answers in runs], axis=0),
        Placements(
            np.mean([each.fakes for each in placements], axis=0), np.mean([each.reals for each in placements], axis=0)
        ),
    )


def pool_answers(parts: Sequence[OrderedScores]) -> Answers:
    """Put one run's answers on several groups of images together."""
    return Answers(np.concatenate([part.label for part in parts]), np.concatenate([part.logit for part in parts]))


def compare_answers(first: Sequence[_AnyAnswers], second: Sequence[_AnyAnswers]) -> tuple[Difference, Difference]:
    """Compare the accuracy and AUROC of two detectors: the second minus the first.

    Args:
        first: One a run, or one a configuration.
        second: The same images, and seeds or counterparts in the same order.
    """
    sides = (first, second)
    return (
        compare_accuracy(*([answers.right for answers in side] for side in sides)),
        compare_auroc(*([answers.placements for answers in side] for side in sides)),
    )


def compare_accuracy(first: npt.ArrayLike, second: npt.ArrayLike) -> Difference:
    """Compare the accuracies of two detectors on the same images.

    One run each: McNemar's exact test on the images that only one calls right (McNemar 1947), with the interval of
    Bonett & Price (2012). Several: see above.

    Args:
        first: (runs, n), whether each image was called right (bool or 0/1, or the share of several seeds that did), NaN
            where the detector broke down.
        second: The same images and seeds in the same order.
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
    # The interval is centered a little nearer to 0 than the value; for a handful of images it could miss it.
    low, high = min(value, up - down - margin), max(value, up - down + margin)
    return Difference(value, max(-1.0, low), min(1.0, high), float(p_value), 1)


def compare_auroc(first: Sequence[Placements], second: Sequence[Placements]) -> Difference:
    """Compare the AUROCs of two detectors on the same images.

    One run each: DeLong's test (DeLong, DeLong, Clarke-Pearson 1988). Several: see above.

    Args:
        first: One a run, as `compute_placements` gives them.
        second: The same images and seeds in the same order.
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
    """Judge a difference of runs crossed with images; the arguments are those of `measure_scatter`."""
    scatter = measure_scatter(values, parts)
    # The images alone scatter the runs that much: agreement of a few runs proves nothing.
    between_runs = max(scatter.of_runs, scatter.of_own_images)
    return _test(float(values.mean()), between_runs, scatter.shared, len(values))


def _test(value: float, between_runs: float, shared: float, num_runs: int) -> Difference:
    freedom = max(1, num_runs - 1)
    margin = find_margin(between_runs / num_runs, freedom, shared)
    p_value = find_p(value, between_runs / num_runs, freedom, shared)
    return Difference(value, max(-1.0, value - margin), min(1.0, value + margin), p_value, num_runs)


def _undefined(num_runs: int) -> Difference:
    return Difference(math.nan, math.nan, math.nan, math.nan, num_runs)
