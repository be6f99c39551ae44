"""Is one detector better than another on the same images, by more than the noise?

With one run each, the test is McNemar's for accuracy and DeLong's for AUROC: they know how far the images could have
fallen otherwise, and nothing of what another training would have given. With several runs each (matched by seed), runs
and images are crossed as readers and cases are in radiology, and the variance holds both (Obuchowski & Rockette 1995
with the degrees of freedom of Hillis 2007): it generalizes to further seeds and further images at once. Two seeds
leave hardly more than one degree of freedom, so that only large differences pass.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest
from scipy.stats import t as student_t

from fakeid.evaluation.delong import Placements
from fakeid.evaluation.intervals import CONFIDENCE
from fakeid.evaluation.metrics import Floats

_QUANTILE: Final = (1 + CONFIDENCE) / 2


@dataclass(frozen=True)
class Difference:
    """Of two detectors, the second minus the first.

    Attributes:
        value: In [-1, 1]; NaN where it is undefined, and the others with it.
        low: Lower bound of the 95 % interval, not corrected for the number of comparisons.
        high: Upper bound.
        p_value: Two-sided, against no difference.
        num_runs: Runs of each; with 1, nothing is known about other trainings.
        between_runs: Variance of the difference from run to run, never below what the images alone cause; NaN with 1.
        shared: Variance that all runs have in common because of the images; NaN with 1.
    """

    value: float
    low: float
    high: float
    p_value: float
    num_runs: int
    between_runs: float = math.nan
    shared: float = math.nan


def compare_accuracy(first: npt.ArrayLike, second: npt.ArrayLike) -> Difference:
    """The difference of two accuracies on the same images.

    One run each: McNemar's exact test on the images that only one calls right (McNemar 1947), with the interval of
    Bonett & Price (2012). Several: see above.

    Args:
        first: (runs, n), whether each image was called right (bool or 0/1), NaN where the detector broke down.
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
    margin = student_t.ppf(_QUANTILE, math.inf) * math.sqrt((up + down - (up - down) ** 2) / (num_images + 2))
    value = (gained - lost) / num_images
    # The interval is centered a little nearer to 0 than the value; for a handful of images it could miss it.
    low, high = min(value, up - down - margin), max(value, up - down + margin)
    return Difference(value, max(-1.0, low), min(1.0, high), float(p_value), 1)


def compare_auroc(first: Sequence[Placements], second: Sequence[Placements]) -> Difference:
    """The difference of two AUROCs on the same images.

    One run each: DeLong's test (DeLong, DeLong, Clarke-Pearson 1988). Several: see above.

    Args:
        first: One a run, as `fakeid.evaluation.delong.compute_placements` gives them.
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
    return _test(float(values[0]), variance, math.inf, 1)


def _cross(values: Floats, parts: Sequence[Floats]) -> Difference:
    """Runs crossed with images.

    Args:
        values: (runs,), the difference in each run.
        parts: Each (runs, n), independent groups of images; a difference is the sum of their means, but for a constant.
    """
    num_runs = len(values)
    of_mean = sum(float(part.mean(axis=0).var(ddof=1)) / part.shape[1] for part in parts if part.shape[1] > 1)
    of_each = sum(float(part.var(axis=1, ddof=1).mean()) / part.shape[1] for part in parts if part.shape[1] > 1)
    # What two runs have in common because they are tested on the same images: the mean off-diagonal covariance.
    shared = max(0.0, (num_runs * of_mean - of_each) / (num_runs - 1))
    # The images alone scatter the runs that much; that few runs happen to agree proves nothing.
    between_runs = max(float(values.var(ddof=1)), of_each - shared)
    raw = Difference(float(values.mean()), math.nan, math.nan, math.nan, num_runs, between_runs, shared)
    return finish_difference(raw, num_runs - 1)


def finish_difference(raw: Difference, freedom: float) -> Difference:
    """Interval and p-value of several runs from the difference's variances.

    Args:
        raw: Its `low`, `high` and `p_value` are replaced.
        freedom: Degrees of freedom of `between_runs`.
    """
    tested = _test(raw.value, raw.between_runs / raw.num_runs + raw.shared, freedom, raw.num_runs)
    return dataclasses.replace(raw, low=tested.low, high=tested.high, p_value=tested.p_value)


def _test(value: float, variance: float, freedom: float, num_runs: int) -> Difference:
    error = math.sqrt(max(0.0, variance))
    if error < 1e-12:  # all images and runs agree, but for rounding
        return Difference(value, value, value, 1.0 if abs(value) < 1e-12 else 0.0, num_runs)
    margin = float(student_t.ppf(_QUANTILE, freedom)) * error
    p_value = float(2 * student_t.sf(abs(value) / error, freedom))
    return Difference(value, max(-1.0, value - margin), min(1.0, value + margin), p_value, num_runs)


def _undefined(num_runs: int) -> Difference:
    return Difference(math.nan, math.nan, math.nan, math.nan, num_runs)
