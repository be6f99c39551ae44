"""Fit a calibration to validation images, and measure how reliable its P(fake) is."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import binom

from fakeid.config.constants import FAKE, REAL
from fakeid.config.degradations import NO_DEGRADATION
from fakeid.errors import DataError
from fakeid.evaluation.calibration import Calibration, make_finite, scale_logits
from fakeid.evaluation.metrics import NUM_BINS, find_bins
from fakeid.evaluation.ranking import Floats, Labels, call_fake, rank_images
from fakeid.evaluation.statistics.intervals import wilson_interval
from fakeid.evaluation.thresholds import bound_rate, choose_threshold, count_needed


@dataclass(frozen=True)
class ReliabilityBin:
    """The images whose P(fake) lies in (lower, upper]; the first bin also has those at 0.

    Attributes:
        lower: In [0, 1].
        upper: In [0, 1].
        num_images: How many.
        mean_p_fake: NaN in an empty bin, as all that follows.
        fake_share: Share of fakes among them, in [0, 1]; equal to `mean_p_fake` for a calibrated detector.
        low: Lower bound of Wilson's 95 % interval of the share.
        high: Upper bound.
    """

    lower: float
    upper: float
    num_images: int
    mean_p_fake: float
    fake_share: float
    low: float
    high: float


def tabulate_reliability(labels: Labels, logits: Floats) -> list[ReliabilityBin]:
    """Tabulate the bins of `compute_ece`, from P(fake) = 0 up; all empty as soon as one logit is NaN.

    The ECE is the mean of |`mean_p_fake` - `fake_share`| over the images.

    Args:
        labels: (n,), 0 or 1.
        logits: (n,).
    """
    if np.isnan(logits).any():
        labels, logits = labels[:0], logits[:0]
    p_fake = expit(logits)
    bins = find_bins(p_fake)
    counts, fakes = (np.bincount(chosen, minlength=NUM_BINS) for chosen in (bins, bins[labels == FAKE]))
    sums = np.bincount(bins, weights=p_fake, minlength=NUM_BINS)
    edges = np.linspace(0, 1, NUM_BINS + 1).tolist()
    table = []
    for i, (count, fake, total) in enumerate(zip(counts.tolist(), fakes.tolist(), sums.tolist(), strict=True)):
        mean, share = (total / count, fake / count) if count else (float("nan"), float("nan"))
        table.append(ReliabilityBin(edges[i], edges[i + 1], count, mean, share, *wilson_interval(fake, count)))
    return table


FALSE_ALARM_RATE: Final = 0.05
MAX_ERROR: Final = 0.05

_LEAST_SLOPE: Final = 1e-3  # calibrated logits per spread of the logits: all P(fake) are then about 0.5
_ALL_ALIKE: Final = 1e-100  # a spread that no scale could make visible
_CLEAN_ALONE: Final[Mapping[str, Floats]] = MappingProxyType({})


def fit_calibration(
    labels: Labels, logits: Floats, false_alarm_rate: float = FALSE_ALARM_RATE, max_error: float = MAX_ERROR,
    degraded: Mapping[str, Floats] = _CLEAN_ALONE,
) -> Calibration | None:  # fmt: skip
    """Fit scale and bias, the threshold and the unsure band on a validation split.

    The threshold is the highest of those that clean reals and the reals under each degradation have by themselves, so
    that it keeps the false-positive rate under all of them. All else is fitted to clean images.

    The band is the narrowest around the threshold, and that of clean images, outside of which calls on new images are
    expected to be wrong at most at the rate `max_error`: above it no larger share of images is real, below it no larger
    share is fake. Of n images of the class that is called wrong there k count as (k + 1) / (n + 1), as for the
    threshold, and of those called right one standard error is left out: without that margin, normal logits of 50 to 300
    images a class err on 4 to 13 % outside instead of 5, with it on less than 5. A detector that is never sure never
    errs. Reals and fakes weigh equally in all of this, however many there are, so that P(fake) is right where an image
    is as likely to be real as fake.

    Args:
        labels: (n,), 0 or 1.
        logits: (n,), of any size.
        false_alarm_rate: In [0, 1].
        max_error: In [0, 1].
        degraded: Logits of the same reals under degradations, by their words.

    Returns:
        None where there is nothing to fit: a class is absent, or a logit is NaN.
    """
    num_real, num_fake = int((labels == REAL).sum()), int((labels == FAKE).sum())
    if not num_real or not num_fake or any(np.isnan(some).any() for some in (logits, *degraded.values())):
        return None
    scale, bias = fit_platt(labels, logits)
    reals = {NO_DEGRADATION: logits[labels == REAL], **degraded}
    thresholds = _choose_thresholds(labels, logits, degraded, false_alarm_rate)
    decided_by = max(thresholds, key=lambda word: thresholds[word])  # of equals the first
    clean, threshold = thresholds[NO_DEGRADATION], thresholds[decided_by]
    balanced = make_finite(choose_threshold(labels, logits, "balanced_accuracy"))
    called = int(call_fake(reals[decided_by], threshold).sum())
    p_fake = expit(scale_logits(logits, scale, bias))
    inside = expit(scale_logits([clean, threshold], scale, bias))
    unsure = _find_band(labels, p_fake, float(inside[0]), float(inside[1]), max_error)
    return Calibration(
        scale, bias, threshold, false_alarm_rate, called, *bound_rate(called, num_real), balanced, *unsure, max_error,
        num_real, num_fake, tuple(reals), decided_by,
    )  # fmt: skip


def fit_to_reals(logits: Floats, rate: float, before: Calibration | None, photos: str) -> Calibration:
    """Choose the threshold and the unsure band by reals alone; the scale of P(fake) stays.

    Without fakes nothing is known of calls that miss them. Unsure is what lies within the 95 % interval of the
    threshold itself: of n reals the number above it is distributed as Binomial(n, rate), and the band reaches from the
    real of one quantile's rank to that of the other.

    Args:
        logits: (n,) of reals, finite.
        rate: The false-positive rate that is wished for, in (0, 1).
        before: Gives the scale; None: P(fake) is the logistic function of the logit.
        photos: The name of the folder that they come from.

    Raises:
        DataError: Too few to promise the rate.
    """
    needed = count_needed(rate)
    if needed is None or len(logits) < needed:
        raise DataError(
            f"a false-positive rate of {100 * rate:g} % takes {needed} photos at least, got {len(logits)}: add photos, "
            "or ask for a higher rate"
        )
    threshold = make_finite(choose_threshold(np.full(len(logits), REAL), logits, "false_positive_rate", rate))
    called = int(call_fake(logits, threshold).sum())
    scale, bias = (before.scale, before.bias) if before else (1.0, 0.0)
    falling = np.sort(logits)[::-1]
    ranks = np.clip(binom.ppf((0.975, 0.025), len(logits), rate), 1, len(logits)).astype(int) - 1
    ends = expit(scale_logits([min(falling[ranks[0]], threshold), max(falling[ranks[1]], threshold)], scale, bias))
    return Calibration(
        scale, bias, threshold, rate, called, *bound_rate(called, len(logits)),
        before.balanced_threshold if before else 0.0, float(ends[0]), float(ends[1]),
        before.max_error if before else MAX_ERROR, len(logits), before.num_fake if before else 0, photos=photos,
    )  # fmt: skip


def _choose_thresholds(
    labels: Labels, logits: Floats, degraded: Mapping[str, Floats], false_alarm_rate: float
) -> dict[str, float]:
    """Choose the threshold that keeps the false-positive rate on clean images, and under each degradation."""
    split = {NO_DEGRADATION: (labels, logits)}
    split |= {word: (np.full(len(reals), REAL), reals) for word, reals in degraded.items()}
    return {
        word: make_finite(choose_threshold(*images, "false_positive_rate", false_alarm_rate))
        for word, images in split.items()
    }


def fit_platt(labels: Labels, logits: Floats) -> tuple[float, float]:
    """Fit scale and bias by maximum likelihood (Platt 1999), with equal total weight of reals and of fakes.

    The targets are Platt's: not 1 and 0, but (fakes + 1) / (fakes + 2) and 1 / (reals + 2), as if one more image of
    each class had been called wrong. That keeps the fit finite where the classes are separable, and then P(fake) is no
    surer than that many images allow. A detector that ranks upside down gets the smallest scale that is allowed, 0.001
    per spread (mean distance from the median): P(fake) is about 0.5 everywhere, and the order stays. Logits that are
    all alike are moved to 0.

    Args:
        labels: (n,), both 0 and 1.
        logits: (n,), not NaN; infinite ones enter as the largest finite one does.
    """
    largest = float(np.max(np.abs(logits), initial=0.0, where=np.isfinite(logits))) or 1.0
    bounded = np.clip(logits, -largest, largest)
    center = float(np.median(bounded))
    spread = float(np.abs(bounded - center).mean())
    if spread < _ALL_ALIKE:
        return 1.0, -center
    x = (bounded - center) / spread
    fake = labels == FAKE
    num_real, num_fake = int((~fake).sum()), int(fake.sum())
    target = np.where(fake, (num_fake + 1) / (num_fake + 2), 1 / (num_real + 2))
    weight = np.where(fake, 0.5 / num_fake, 0.5 / num_real)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        z = parameters[0] * x + parameters[1]
        error = weight * (expit(z) - target)
        return float(weight @ (np.logaddexp(0.0, z) - target * z)), np.array([error @ x, error.sum()])

    bounds = [(_LEAST_SLOPE, None), (None, None)]
    fitted = minimize(loss, [1.0, 0.0], jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 0, "gtol": 1e-9})
    slope, intercept = (float(number) for number in fitted.x)
    return slope / spread, intercept - slope / spread * center


def _find_band(labels: Labels, p_fake: Floats, clean: float, threshold: float, max_error: float) -> tuple[float, float]:
    """Find the least and the largest P(fake) that is unsure; both thresholds, of which clean is the lower, are."""
    ranked = rank_images(labels, p_fake)
    high = _find_bound(ranked.logits[ranked.last], ranked.reals, ranked.fakes, threshold, max_error)
    ranked = rank_images(labels, -p_fake)
    low = _find_bound(ranked.logits[ranked.last], ranked.fakes, ranked.reals, -clean, max_error)
    return (0.0 if low is None else -low), (1.0 if high is None else high)


def _find_bound(values: Floats, wrong: Floats, right: Floats, threshold: float, max_error: float) -> float | None:
    """Find the value above which the calls are sure; None if there is none.

    Args:
        values: (t,), distinct and falling.
        wrong: (t,), images at or above each value that are called wrong if the threshold is below.
        right: (t,), those called right.
        threshold: The bound is not below it.
        max_error: In [0, 1].
    """
    wrong_share, right_share = (wrong + 1) / (wrong[-1] + 1), (right - np.sqrt(right)) / right[-1]
    sure = np.flatnonzero((values > threshold) & (wrong_share / (wrong_share + right_share) <= max_error))
    if not len(sure):
        return None
    unsure = values[sure[-1] + 1 :]
    return float(max(threshold, np.max(unsure, initial=threshold)))
