"""Compute the metrics of a detector on a group of images: pure functions of labels and logits.

Labels (n,) are 0 for real and 1 for fake; logits (n,) are float64 and unbounded, infinities included. An undefined
number is NaN and never raises an exception: a rank metric of a group with one class, an accuracy of no images, and
every metric if any logit is NaN (a detector that broke down must not look like one that says "real").

Given `repeats` (..., n), how often each image counts, a metric is an array of shape (...), so that a bootstrap does not
have to sort again. Each metric is defined in the docstring of its `compute_` function.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from fakeid.evaluation.ranking import (
    HALF,
    Floats,
    Labels,
    Places,
    Ranking,
    compute_auroc,
    compute_average_precision,
    compute_eer,
    compute_tpr_at_fpr,
    divide,
    rank_images,
)


def compute_accuracy(ranking: Ranking, threshold: float = HALF) -> Floats:
    """Compute the share of correctly called images: (...), NaN without images."""
    fakes, reals = ranking.count_called(threshold)
    return divide(fakes + (ranking.num_reals - reals), ranking.num_fakes + ranking.num_reals)


def compute_real_accuracy(ranking: Ranking, threshold: float = HALF) -> Floats:
    """Compute the share of the reals called real, the true-negative rate: (...), NaN without reals."""
    return divide(ranking.num_reals - ranking.count_called(threshold)[1], ranking.num_reals)


def compute_fake_accuracy(ranking: Ranking, threshold: float = HALF) -> Floats:
    """Compute the share of the fakes called fake, the true-positive rate or recall: (...), NaN without fakes."""
    return divide(ranking.count_called(threshold)[0], ranking.num_fakes)


def compute_balanced_accuracy(ranking: Ranking, threshold: float = HALF) -> Floats:
    """Average the accuracies of reals and fakes; 0.5 for any constant call: (...), NaN if a class is absent."""
    return (compute_real_accuracy(ranking, threshold) + compute_fake_accuracy(ranking, threshold)) / 2


NUM_BINS: Final = 15
"""The number of bins of the ECE, as in Guo et al. (2017)."""


def compute_nll(ranking: Ranking) -> Floats:
    """Compute the negative log-likelihood of the labels in nats per image: the unweighted training loss.

    It is computed from the logits as log(1 + exp(-margin)), so that nothing saturates: a wrong logit of 800 costs 800,
    and a wrong infinite logit makes the mean infinite.

    Returns:
        Mean loss, (...), at least 0; log 2 = 0.693 for a constant P(fake) = 0.5; NaN without images.
    """
    loss = np.logaddexp(0.0, -_margins(ranking))
    finite = loss < np.inf
    total = np.einsum("...n,n->...", ranking.repeats, np.where(finite, loss, 0.0))
    mean = divide(total, ranking.repeats.sum(axis=-1))
    # Zero times infinity would be NaN, so an infinite loss counts only where its image is drawn.
    return np.where((ranking.repeats[..., ~finite] > 0).any(axis=-1), np.inf, mean)


def compute_brier(ranking: Ranking) -> Floats:
    """Average (P(fake) - label)²: (...) in [0, 1], 0.25 for a constant P(fake) = 0.5; NaN without images."""
    squares = expit(-_margins(ranking)) ** 2
    return divide(np.einsum("...n,n->...", ranking.repeats, squares), ranking.repeats.sum(axis=-1))


def compute_ece(ranking: Ranking) -> Floats:
    """Compute the expected calibration error: how far P(fake) is from the share of fakes among images with that value.

    In each of 15 bins of equal width, closed above (Guo et al. 2017), it takes the absolute difference between the mean
    P(fake) and the share of fakes, and averages it over bins, weighted by their numbers of images (Naeini et al. 2015).
    In a binary task P(fake) is binned, as by Naeini et al. and netcal, and not the probability of the called class, as
    for many classes. A detector whose P(fake) is too high everywhere is overconfident on fakes and underconfident on
    reals, and in bins of the called class the two errors would cancel. Bins with few images deviate from P(fake) by
    chance, so even a perfectly calibrated detector has an ECE above 0.

    Returns:
        ECE, (...), in [0, 1]; NaN if a class is absent, because P(fake) is then meaningless.
    """
    if len(ranking.logits) == 0:
        return np.full(ranking.repeats.shape[:-1], np.nan)
    p_fake = expit(ranking.logits)
    bins = find_bins(p_fake)
    starts = np.flatnonzero(np.append(True, bins[1:] != bins[:-1]))  # falling logits fill one bin after another
    gaps = np.add.reduceat(ranking.repeats * (p_fake - ranking.is_fake), starts, axis=-1)
    both = (ranking.num_fakes > 0) & (ranking.num_reals > 0)
    return divide(np.abs(gaps).sum(axis=-1), np.where(both, ranking.repeats.sum(axis=-1), 0.0))


def find_bins(p_fake: Floats) -> Places:
    """Find the bin of each probability: bin i holds (i, i + 1] / `NUM_BINS`, counted from 0; the first also holds 0."""
    return np.searchsorted(np.linspace(0, 1, NUM_BINS + 1)[1:-1], p_fake, side="left")


def _margins(ranking: Ranking) -> Floats:
    """Compute how far each logit lies on the correct side of 0: (n,)."""
    return np.where(ranking.is_fake == 1, ranking.logits, -ranking.logits)


DECISIONS: Final[Mapping[str, Callable[[Ranking, float], Floats]]] = MappingProxyType(
    {
        "accuracy": compute_accuracy,
        "real_accuracy": compute_real_accuracy,
        "fake_accuracy": compute_fake_accuracy,
        "balanced_accuracy": compute_balanced_accuracy,
    }
)
"""Metrics that need a threshold."""

_LEAST_FALSE_POSITIVES: Final = 5


def count_reals_needed(limit: float) -> int:
    """Compute how many reals are needed to estimate the share of fakes found at a false-positive rate.

    That many reals contain 5 false positives. The threshold is an order statistic of the reals: at a rate of 1 %, the
    95 % interval of the share found has a coverage of 64 % with 50 reals, 79 % with 100 and 94 % with 500.

    Args:
        limit: False-positive rate, in (0, 1].
    """
    return math.ceil(_LEAST_FALSE_POSITIVES / limit)


def _measure_tpr(limit: float) -> Callable[[Ranking], Floats]:
    def measure_tpr(ranking: Ranking) -> Floats:
        found = compute_tpr_at_fpr(ranking, limit)
        # Counted without repeats, so that the metric is defined in every resample if it is defined for the group.
        enough = np.count_nonzero(ranking.is_fake == 0) >= count_reals_needed(limit)
        return found if enough else np.full_like(found, np.nan)

    return measure_tpr


WITHOUT_THRESHOLD: Final[Mapping[str, Callable[[Ranking], Floats]]] = MappingProxyType(
    {
        "auroc": compute_auroc,
        "average_precision": compute_average_precision,
        "eer": compute_eer,
        "tpr_at_fpr_01": _measure_tpr(0.01),
        "tpr_at_fpr_05": _measure_tpr(0.05),
        "ece": compute_ece,
        "nll": compute_nll,
        "brier": compute_brier,
    }
)
"""Metrics without a threshold; the `tpr_at_fpr` metrics are NaN with too few reals, see `count_reals_needed`."""

NO_THRESHOLDS: Final[Mapping[str, float]] = MappingProxyType({})


def measure(
    labels: Labels,
    logits: Floats,
    repeats: npt.ArrayLike | None = None,
    thresholds: Mapping[str, float] = NO_THRESHOLDS,
    threshold: float = HALF,
) -> dict[str, Floats]:
    """Compute every metric of a group of images after sorting them once.

    Args:
        labels: Labels, (n,), 0 or 1.
        logits: Logits, (n,).
        repeats: How often each image counts, (..., n), not negative; once by default.
        thresholds: Name → lowest logit that is called fake, in addition to `threshold`. Each adds the metrics of
            `DECISIONS` as `accuracy_at_NAME` and so on; NaN gives NaN.
        threshold: Lowest logit that is called fake; by default P(fake) = 0.5.

    Returns:
        Metric → values (...): `DECISIONS` at `threshold`, `WITHOUT_THRESHOLD`, `DECISIONS` at `thresholds`.
    """
    return measure_ranking(rank_images(labels, logits, repeats), thresholds, threshold)


def measure_ranking(
    ranking: Ranking, thresholds: Mapping[str, float] = NO_THRESHOLDS, threshold: float = HALF
) -> dict[str, Floats]:
    """Compute every metric of a group that is already sorted, as `measure` does."""
    measured = {name: metric(ranking, threshold) for name, metric in DECISIONS.items()}
    measured |= {name: metric(ranking) for name, metric in WITHOUT_THRESHOLD.items()}
    for place, other in thresholds.items():
        measured |= {f"{name}_at_{place}": metric(ranking, other) for name, metric in DECISIONS.items()}
    return measured


def auroc(labels: Labels, logits: Floats) -> Floats:
    """Compute the AUROC of a group that is not yet sorted, see `compute_auroc`."""
    return compute_auroc(rank_images(labels, logits))


def count_above(labels: Labels, logits: Floats) -> tuple[Floats, Floats]:
    """Count the fakes and reals at or above each distinct logit, in falling order: the steps of a ROC curve.

    Returns:
        Counts of fakes and of reals, each (t,) for t distinct logits; all NaN if any logit is NaN.
    """
    ranking = rank_images(labels, logits)
    return ranking.fakes, ranking.reals
