"""Compute 95 % intervals: how much a number could differ if other images of the same kind had been tested."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit
from scipy.stats import binomtest, norm, rankdata

from fakeid.config.constants import FAKE, REAL
from fakeid.evaluation.metrics import DECISIONS, NO_THRESHOLDS, measure_ranking
from fakeid.evaluation.ranking import HALF, Floats, Labels, call_fake, rank_images
from fakeid.evaluation.statistics.bootstrap import count_clusters, draw_repeats
from fakeid.seeding import derive_seed

CONFIDENCE: Final = 0.95

Interval = tuple[float, float]

NOWHERE: Final[Interval] = (float("nan"), float("nan"))
"""The bounds of a number without an interval."""


@cache  # SciPy also computes a p-value, which takes a millisecond; groups share their numbers of images
def wilson_interval(successes: int, trials: int) -> Interval:
    """Compute the score interval of a proportion (Wilson 1927), which is valid for few trials and near 0 and 1.

    Returns:
        Lower and upper bound in [0, 1], around successes / trials; NaN without trials.
    """
    if trials == 0:
        return NOWHERE
    bounds = binomtest(successes, trials).proportion_ci(CONFIDENCE, method="wilson")
    # Rounding can leave a bound slightly inside 0 or 1.
    return min(float(bounds.low), successes / trials), max(float(bounds.high), successes / trials)


_Z: Final = float(norm.ppf((1 + CONFIDENCE) / 2))
_HALVINGS: Final = 60


@dataclass(frozen=True, eq=False)
class Placements:
    """The structural components of an AUROC, whose means both equal the AUROC.

    Attributes:
        fakes: Share of the reals that score below each fake, ties counting half, (fakes,).
        reals: Share of the fakes that score above each real, ties counting half, (reals,).
    """

    fakes: Floats
    reals: Floats


def compute_placements(labels: Labels, logits: Floats) -> Placements:
    """Compute placements from midranks, in O(n log n) instead of comparing each fake with each real (Sun & Xu 2014).

    Args:
        labels: Labels, (n,), 0 or 1.
        logits: Logits, (n,), infinities included; a single NaN makes all placements NaN.

    Returns:
        Placements in the order of the images within each class.
    """
    fakes, reals = logits[labels == FAKE], logits[labels == REAL]
    if np.isnan(logits).any() or not len(fakes) or not len(reals):
        return Placements(np.full(len(fakes), np.nan), np.full(len(reals), np.nan))
    among_all = rankdata(np.concatenate([fakes, reals]))  # midranks
    above = (among_all[: len(fakes)] - rankdata(fakes)) / len(reals)
    below = (among_all[len(fakes) :] - rankdata(reals)) / len(fakes)
    return Placements(above, 1 - below)


def auroc_interval(labels: Labels, logits: Floats) -> Interval:
    """Compute the interval of an AUROC over independent images: on each side the wider of DeLong's and Newcombe's.

    DeLong's interval is computed on the logit of the AUROC. It estimates the variance from the images, so that it is
    valid for any shape of the two distributions, but near 1 a few images carry all of the variance and it is too
    narrow. The other interval is Newcombe's method 5 (2006, "Confidence intervals for an effect size measure based on
    the Mann-Whitney statistic", part 2). It uses the variance of two exponential distributions at each candidate AUROC,
    which never vanishes but may be wrong for other shapes. In simulations of normal, unequal, skewed and tied logits
    with AUROC 0.75 to 0.999 and 50 to 1,000 images per class (including 50 against 500), the wider of both has a
    coverage of 93 to 100 %, DeLong's alone 66 to 97 %, Newcombe's alone 83 to 100 %, and a percentile bootstrap 86 %
    at 0.995.

    An AUROC of exactly 0 or 1 gets Wilson's interval for m trials with the same outcome, where m is the number of
    images of the smaller class: m disjoint pairs of a real and a fake are m independent trials.

    Args:
        labels: Labels, (n,), 0 or 1.
        logits: Logits, (n,), infinities and ties included.

    Returns:
        Lower and upper bound in [0, 1], around the AUROC; NaN if a class is absent or a logit is NaN.
    """
    placements = compute_placements(labels, logits)
    # Sorted, so that rounding does not depend on the order of the images.
    fakes, reals = np.sort(placements.fakes), np.sort(placements.reals)
    num_fake, num_real = len(fakes), len(reals)
    if not num_fake or not num_real or np.isnan(fakes).any():
        return NOWHERE
    area = min(1.0, max(0.0, float(fakes.mean())))
    if area in (0.0, 1.0):
        trials = min(num_fake, num_real)
        return wilson_interval(round(area * trials), trials)
    bounds = [_bound_newcombe(area, num_real, num_fake)]
    if min(num_fake, num_real) > 1:  # one image has no sample variance
        variance = float(fakes.var(ddof=1) / num_fake + reals.var(ddof=1) / num_real)
        margin = _Z * math.sqrt(variance) / (area * (1 - area))
        bounds.append((float(expit(logit(area) - margin)), float(expit(logit(area) + margin))))
    lows, highs = zip(*bounds, strict=True)
    return min(*lows, area), max(*highs, area)


def _bound_newcombe(area: float, num_real: int, num_fake: int) -> Interval:
    """Find the smallest and largest AUROC from which the observed one is at most z standard errors away."""
    trials = (num_real + num_fake) / 2 - 1

    def is_near(tried: float) -> bool:
        spread = 1 + trials * ((1 - tried) / (2 - tried) + tried / (1 + tried))
        return abs(area - tried) <= _Z * math.sqrt(tried * (1 - tried) * spread / (num_real * num_fake))

    def search(far: float) -> float:
        near = area
        for _ in range(_HALVINGS):
            middle = (near + far) / 2
            near, far = (middle, far) if is_near(middle) else (near, middle)
        return near

    return search(0.0), search(1.0)


RESAMPLES: Final = 1000

LEAST_CLUSTERS: Final = 20
"""The number of clusters of each class below which their bootstrap is not reliable: with 5, coverage is 76 to 90 %, and
only that of the ECE is higher; see `docs/statistics.md`."""

_PROPORTIONS: Final = ("accuracy", "real_accuracy", "fake_accuracy")


class Measurement(NamedTuple):
    """A number and its 95 % interval, NaN where undefined; files store it as an `Estimate`."""

    value: float
    low: float
    high: float


def estimate_called_fake(logits: Floats, threshold: float, clusters: npt.ArrayLike | None = None) -> Measurement:
    """Estimate the share of images called fake; NaN without images or with a NaN logit.

    Args:
        logits: Logits, (n,).
        threshold: Lowest logit that is called fake.
        clusters: Names or numbers of clusters, (n,), which are bootstrapped as in `estimate_metrics`; None gives
            Wilson's interval.
    """
    if not len(logits) or np.isnan(logits).any():
        return Measurement(*[math.nan] * 3)
    if clusters is not None:
        labels = np.full(len(logits), FAKE)  # whichever they are
        return estimate_metrics(labels, logits, 0, clusters=clusters, threshold=threshold)["fake_accuracy"]
    called = int(call_fake(logits, threshold).sum())
    return Measurement(called / len(logits), *wilson_interval(called, len(logits)))


def estimate_metrics(
    labels: Labels,
    logits: Floats,
    seed: int,
    *,
    clusters: npt.ArrayLike | None = None,
    threshold: float = HALF,
    thresholds: Mapping[str, float] = NO_THRESHOLDS,
    resamples: int = RESAMPLES,
) -> dict[str, Measurement]:
    """Estimate every metric of `measure` with its interval, from one sort and one set of resamples.

    Accuracy and the accuracies of reals and fakes get Wilson's interval, and the AUROC gets `auroc_interval`. All other
    metrics get the percentiles of a bootstrap that draws reals and fakes separately (Efron & Tibshirani 1993, chapter
    8); for the average precision its coverage is 92 to 95 % up to 0.92 and 87 to 89 % at 0.993, with 50 to 200 images
    per class. With clusters, images of the same cluster are not independent: all metrics are then bootstrapped by
    drawing whole clusters (`draw_repeats`); see `LEAST_CLUSTERS`. The result does not depend on the order of the
    images, and NumPy's global random state is not changed.

    Three cases are special:

    - A detector without mistakes makes none in any resample, so the bootstrap would claim certainty. For values of 0
      and 1 the bound is Wilson's for m trials with the same outcome, where m is the number of images (with clusters: of
      clusters) of the smaller class, or of the class that is measured. This is a rough substitute. A likelihood of 1
      has no upper bound at all, and an infinite negative log-likelihood has no interval.
    - A resample repeats images, which raises the ECE, because bins are further off by chance. Its percentiles are
      therefore shifted back by the mean difference; they enclose the ECE expected for this number of images.
    - A metric based on a single image or cluster of a class has no interval, because every resample would be the same.
      Proportions and the AUROC are exceptions.

    Args:
        labels: Labels, (n,), 0 or 1.
        logits: Logits, (n,).
        seed: Seed of the resamples, which otherwise depend only on the group itself.
        clusters: Names or numbers of clusters, (n,); images of the same file or scene share one. None makes each image
            its own cluster.
        threshold: Lowest logit that is called fake, as in `measure`.
        thresholds: Further thresholds by name, as in `measure`.
        resamples: Number of resamples.

    Returns:
        Metric → value with its interval.
    """
    ranking = rank_images(labels, logits)
    values = {name: float(value) for name, value in measure_ranking(ranking, thresholds, threshold).items()}
    if np.isnan(list(values.values())).all():
        return {name: Measurement(value, *NOWHERE) for name, value in values.items()}
    rng = np.random.default_rng(derive_seed("bootstrap", seed))
    batches = [
        measure_ranking(ranking.repeat(repeats), thresholds, threshold)
        for repeats in draw_repeats(labels, logits, clusters, rng, resamples)
    ]
    num_real, num_fake, num_any = count_clusters(labels, clusters)
    estimates = {}
    for name, value in values.items():
        kind = next((known for known in DECISIONS if name == known or name.startswith(f"{known}_at_")), name)
        trials = {"accuracy": num_any, "real_accuracy": num_real, "fake_accuracy": num_fake}.get(
            kind, min(num_real, num_fake) or num_any
        )
        drawn = np.concatenate([batch[name] for batch in batches])
        if clusters is None and kind in _PROPORTIONS and not np.isnan(value):
            interval = wilson_interval(round(value * trials), trials)
        elif clusters is None and kind == "auroc":
            interval = auroc_interval(labels, logits)
        elif trials < 2:
            interval = NOWHERE
        else:
            interval = _percentiles(kind, value, drawn, trials)
        estimates[name] = Measurement(value, *interval)
    return estimates


def _percentiles(kind: str, value: float, drawn: Floats, trials: int) -> Interval:
    if not np.isfinite(value):
        return NOWHERE
    if kind == "nll" and value == 0:
        return 0.0, float("inf")
    if kind != "nll" and value in (0.0, 1.0):
        return wilson_interval(round(value * trials), trials)
    if kind == "ece":
        drawn = np.clip(drawn - (drawn.mean() - value), 0, 1)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail))
    # In small groups the percentiles may not contain the value itself, which would only confuse.
    return min(float(low), value), max(float(high), value)
