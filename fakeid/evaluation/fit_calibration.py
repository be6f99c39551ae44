"""Fit a calibration to validation images and measure how reliable its P(fake) is."""

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
    """The images whose P(fake) lies in (lower, upper]; the first bin also includes 0.

    Attributes:
        lower: Lower edge of the bin, in [0, 1].
        upper: Upper edge of the bin, in [0, 1].
        num_images: Number of images in the bin.
        mean_p_fake: Mean P(fake) of these images; NaN, like all following attributes, in an empty bin.
        fake_share: Share of fakes among them, in [0, 1]; equal to `mean_p_fake` for a calibrated detector.
        low: Lower bound of Wilson's 95 % interval of the share.
        high: Upper bound of this interval.
    """

    lower: float
    upper: float
    num_images: int
    mean_p_fake: float
    fake_share: float
    low: float
    high: float


def tabulate_reliability(labels: Labels, logits: Floats) -> list[ReliabilityBin]:
    """Tabulate the bins of `compute_ece` in order of rising P(fake); all are empty if any logit is NaN.

    The ECE is the mean of |`mean_p_fake` - `fake_share`| over the images.

    Args:
        labels: Labels, (n,), 0 or 1.
        logits: Logits, (n,).
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

_LEAST_SLOPE: Final = 1e-3  # calibrated logits per spread of the logits; here every P(fake) is about 0.5
_ALL_ALIKE: Final = 1e-100  # a spread too small for any scale to make visible
_CLEAN_ALONE: Final[Mapping[str, Floats]] = MappingProxyType({})


def fit_calibration(
    labels: Labels, logits: Floats, false_alarm_rate: float = FALSE_ALARM_RATE, max_error: float = MAX_ERROR,
    degraded: Mapping[str, Floats] = _CLEAN_ALONE,
) -> Calibration | None:  # fmt: skip
    """Fit scale and bias, the threshold and the unsure band on a validation split.

    A threshold is chosen separately on clean reals and on the reals under each degradation. The highest of them is
    taken, so that the false-positive rate is kept under all conditions. Everything else is fitted to clean images.

    The unsure band contains this threshold and that of clean images. It is the narrowest band outside of which calls on
    new images are expected to be wrong at most at the rate `max_error`: at most this share of the images above it is
    real, and at most this share of those below it is fake. If k of n images of a class are called wrong there, they
    count as (k + 1) / (n + 1), as for the threshold; the number called right is lowered by one standard error. Without
    that margin, normal logits of 50 to 300 images per class give 4 to 13 % errors outside the band instead of 5 %; with
    it they give less than 5 %. A detector that is never sure never errs. Reals and fakes have equal total weight,
    whatever their numbers, so that P(fake) is correct for an image that is as likely to be real as fake.

    Args:
        labels: Labels, (n,), 0 or 1.
        logits: Logits on clean images, (n,), unbounded.
        false_alarm_rate: Target false-positive rate, in [0, 1].
        max_error: Target share of wrong calls outside the band, in [0, 1].
        degraded: Degradation → logits of the same reals under it.

    Returns:
        Calibration, or None if there is nothing to fit: a class is absent, or a logit is NaN.
    """
    num_real, num_fake = int((labels == REAL).sum()), int((labels == FAKE).sum())
    if not num_real or not num_fake or any(np.isnan(some).any() for some in (logits, *degraded.values())):
        return None
    scale, bias = fit_platt(labels, logits)
    reals = {NO_DEGRADATION: logits[labels == REAL], **degraded}
    thresholds = _choose_thresholds(labels, logits, degraded, false_alarm_rate)
    decided_by = max(thresholds, key=lambda word: thresholds[word])  # the first of ties
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
    """Choose the threshold and the unsure band from reals alone; P(fake) keeps its scale.

    Without fakes, nothing is known about missed fakes. The unsure band is therefore the 95 % interval of the threshold
    itself: of n reals the number above it is distributed as Binomial(n, rate), and the band extends from the real
    ranked just below the upper quantile to the real ranked at the lower. Where no real has that rank, the band extends
    to a P(fake) of 0 or 1: with few reals, possibly none of them lies above the threshold that is sought.

    Args:
        logits: Logits of reals, (n,), finite.
        rate: Target false-positive rate, in (0, 1).
        before: Calibration that provides the scale; with None, P(fake) is the logistic function of the logit.
        photos: Name of the folder that the reals come from.

    Raises:
        DataError: There are too few reals to promise the rate.
    """
    needed = count_needed(rate)
    if needed is None or len(logits) < needed:
        raise DataError(
            f"a false-positive rate of {100 * rate:g} % takes at least {needed} photos, got {len(logits)}: add photos "
            "or choose a higher rate"
        )
    threshold = make_finite(choose_threshold(np.full(len(logits), REAL), logits, "false_positive_rate", rate))
    called = int(call_fake(logits, threshold).sum())
    scale, bias = (before.scale, before.bias) if before else (1.0, 0.0)
    falling = np.concatenate([[np.inf], np.sort(logits)[::-1], [-np.inf]])
    fewest, most = binom.ppf((0.025, 0.975), len(logits), rate).astype(int)
    ends = expit(scale_logits([min(falling[most + 1], threshold), max(falling[fewest], threshold)], scale, bias))
    return Calibration(
        scale, bias, threshold, rate, called, *bound_rate(called, len(logits)),
        before.balanced_threshold if before else 0.0, float(ends[0]), float(ends[1]),
        before.max_error if before else MAX_ERROR, len(logits), before.num_fake if before else 0, photos=photos,
    )  # fmt: skip


def _choose_thresholds(
    labels: Labels, logits: Floats, degraded: Mapping[str, Floats], false_alarm_rate: float
) -> dict[str, float]:
    """Choose the threshold that keeps the false-positive rate, for clean images and for each degradation."""
    split = {NO_DEGRADATION: (labels, logits)}
    split |= {word: (np.full(len(reals), REAL), reals) for word, reals in degraded.items()}
    return {
        word: make_finite(choose_threshold(*images, "false_positive_rate", false_alarm_rate))
        for word, images in split.items()
    }


def fit_platt(labels: Labels, logits: Floats) -> tuple[float, float]:
    """Fit scale and bias by maximum likelihood (Platt 1999), with equal total weight of reals and fakes.

    The targets are Platt's: not 1 and 0, but (fakes + 1) / (fakes + 2) and 1 / (reals + 2), as if one more image of
    each class had been called wrong. This keeps the fit finite for separable classes, and P(fake) is then no more
    confident than the number of images allows. A detector that ranks reals above fakes gets the smallest scale allowed,
    0.001 per spread (mean distance from the median): P(fake) is about 0.5 everywhere, and the order is kept. Logits
    that are all equal are shifted to 0.

    Args:
        labels: Labels, (n,), both 0 and 1 present.
        logits: Logits, (n,), not NaN; an infinite logit counts as the largest finite magnitude.

    Returns:
        Scale, above 0, and bias.
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
    """Find the lowest and highest unsure P(fake); the band includes both thresholds, of which `clean` is the lower."""
    ranked = rank_images(labels, p_fake)
    high = _find_bound(ranked.logits[ranked.last], ranked.reals, ranked.fakes, threshold, max_error)
    ranked = rank_images(labels, -p_fake)
    low = _find_bound(ranked.logits[ranked.last], ranked.fakes, ranked.reals, -clean, max_error)
    return (0.0 if low is None else -low), (1.0 if high is None else high)


def _find_bound(values: Floats, wrong: Floats, right: Floats, threshold: float, max_error: float) -> float | None:
    """Find the value above which calls are sure, or None if there is none.

    Args:
        values: Distinct values in falling order, (t,).
        wrong: Number of images at or above each value that a lower threshold calls wrong, (t,).
        right: Number of images at or above each value that it calls right, (t,).
        threshold: Lower limit of the result.
        max_error: Largest share of wrong calls, in [0, 1].
    """
    wrong_share, right_share = (wrong + 1) / (wrong[-1] + 1), (right - np.sqrt(right)) / right[-1]
    sure = np.flatnonzero((values > threshold) & (wrong_share / (wrong_share + right_share) <= max_error))
    if not len(sure):
        return None
    unsure = values[sure[-1] + 1 :]
    return float(max(threshold, np.max(unsure, initial=threshold)))
