"""Metrics of a detector on a group of images: pure functions of labels and logits.

Labels (n,) are 0 for real and 1 for fake, logits (n,) float64 of any size, infinities included. Where a number has no
meaning it is NaN, never an exception: a rank metric of a group with one class, an accuracy of no images, and everything
as soon as one logit is NaN (a detector that broke down must not pass for one that says "real").

With `repeats` (..., n), how often each image counts, a metric is an array of shape (...): a bootstrap needs no second
sort. What each metric is stands beside its `compute_` function.
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
    """Compute the share of images called right: (...), NaN without images."""
    fakes, reals = ranking.count_called(threshold)
    return divide(fakes + (ranking.num_reals - reals), ranking.num_fakes + ranking.num_reals)


def compute_real_accuracy(ranking: Ranking, threshold: float = HALF) -> Floats:
    """Compute the share of the reals called real, the true-negative rate: (...), NaN without reals."""
    return divide(ranking.num_reals - ranking.count_called(threshold)[1], ranking.num_reals)


def compute_fake_accuracy(ranking: Ranking, threshold: float = HALF) -> Floats:
    """Compute the share of the fakes called fake, the true-positive rate or recall: (...), NaN without fakes."""
    return divide(ranking.count_called(threshold)[0], ranking.num_fakes)


def compute_balanced_accuracy(ranking: Ranking, threshold: float = HALF) -> Floats:
    """Average real and fake accuracy, 0.5 for any constant call: (...), NaN where a class is absent."""
    return (compute_real_accuracy(ranking, threshold) + compute_fake_accuracy(ranking, threshold)) / 2


NUM_BINS: Final = 15
"""As in Guo et al. (2017)."""


def compute_nll(ranking: Ranking) -> Floats:
    """Compute the negative log-likelihood of the labels in nats an image: the loss of training, without weights.

    Computed from the logits as log(1 + exp(-margin)), so that nothing saturates: a wrong logit of 800 costs 800, a
    wrong infinite one makes the mean infinite.

    Returns:
        (...), at least 0; log 2 = 0.693 for a constant P(fake) = 0.5; NaN without images.
    """
    loss = np.logaddexp(0.0, -_margins(ranking))
    finite = loss < np.inf
    total = np.einsum("...n,n->...", ranking.repeats, np.where(finite, loss, 0.0))
    mean = divide(total, ranking.repeats.sum(axis=-1))
    # Zero times infinity would be NaN: an infinite loss counts only where it is drawn.
    return np.where((ranking.repeats[..., ~finite] > 0).any(axis=-1), np.inf, mean)


def compute_brier(ranking: Ranking) -> Floats:
    """Average (P(fake) - label)²: (...) in [0, 1], 0.25 for a constant P(fake) = 0.5; NaN without images."""
    squares = expit(-_margins(ranking)) ** 2
    return divide(np.einsum("...n,n->...", ranking.repeats, squares), ranking.repeats.sum(axis=-1))


def compute_ece(ranking: Ranking) -> Floats:
    """Compute the expected calibration error: how far P(fake) is from the share of fakes among the images with it.

    In 15 bins of equal width, each closed above (Guo et al. 2017), the absolute difference of the mean P(fake) and the
    share of fakes, averaged over bins with their numbers of images (Naeini et al. 2015). In a binary task P(fake) is
    binned, as Naeini et al. and netcal do, and not the probability of the called class, as for many classes: a
    detector whose P(fake) is too high everywhere is too sure of fakes and not sure enough of reals, and in the
    latter bins the one would hide the other. Few images in a bin differ from P(fake) by chance, so that a perfectly
    calibrated detector has an ECE above 0.

    Returns:
        (...) in [0, 1], NaN where a class is absent: P(fake) is then no answer to any question.
    """
    if len(ranking.logits) == 0:
        return np.full(ranking.repeats.shape[:-1], np.nan)
    p_fake = expit(ranking.logits)
    bins = find_bins(p_fake)
    starts = np.flatnonzero(np.append(True, bins[1:] != bins[:-1]))  # falling logits fill one bin after the other
    gaps = np.add.reduceat(ranking.repeats * (p_fake - ranking.is_fake), starts, axis=-1)
    both = (ranking.num_fakes > 0) & (ranking.num_reals > 0)
    return divide(np.abs(gaps).sum(axis=-1), np.where(both, ranking.repeats.sum(axis=-1), 0.0))


def find_bins(p_fake: Floats) -> Places:
    """Find the bin of each probability, from 0 up: bin i holds those in (i, i + 1] / `NUM_BINS`, the first also 0."""
    return np.searchsorted(np.linspace(0, 1, NUM_BINS + 1)[1:-1], p_fake, side="left")


def _margins(ranking: Ranking) -> Floats:
    """Measure how far each logit is on the right side: (n,)."""
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
    """Count the reals that it takes to tell how many fakes are found at a false-positive rate.

    As many as hold 5 of them: the threshold is an order statistic of the reals, and the 95 % interval of what it finds
    covers 64 % at a rate of 1 % with 50 reals, 79 % with 100 and 94 % with 500.

    Args:
        limit: In (0, 1].
    """
    return math.ceil(_LEAST_FALSE_POSITIVES / limit)


def _measure_tpr(limit: float) -> Callable[[Ranking], Floats]:
    def measure_tpr(ranking: Ranking) -> Floats:
        found = compute_tpr_at_fpr(ranking, limit)
        # Counted without repeats, so that no resample lacks what the group has.
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
"""Metrics of the logits themselves; the `tpr_at_fpr` are NaN where reals are too few, see `count_reals_needed`."""

NO_THRESHOLDS: Final[Mapping[str, float]] = MappingProxyType({})


def measure(
    labels: Labels,
    logits: Floats,
    repeats: npt.ArrayLike | None = None,
    thresholds: Mapping[str, float] = NO_THRESHOLDS,
    threshold: float = HALF,
) -> dict[str, Floats]:
    """Compute every metric of a group of images, sorting them once.

    Args:
        labels: (n,), 0 or 1.
        logits: (n,).
        repeats: (..., n), not negative, how often each image counts; once by default.
        thresholds: Name → logit from which on an image is called fake, beside `threshold`. Each adds the metrics of
            `DECISIONS` as `accuracy_at_NAME` and so on; NaN gives NaN.
        threshold: Logit from which on an image is called fake; by default P(fake) = 0.5.

    Returns:
        Metric → (...): `DECISIONS` at `threshold`, `WITHOUT_THRESHOLD`, `DECISIONS` at `thresholds`.
    """
    return measure_ranking(rank_images(labels, logits, repeats), thresholds, threshold)


def measure_ranking(
    ranking: Ranking, thresholds: Mapping[str, float] = NO_THRESHOLDS, threshold: float = HALF
) -> dict[str, Floats]:
    """Compute every metric of a group that is sorted already, as `measure` does."""
    measured = {name: metric(ranking, threshold) for name, metric in DECISIONS.items()}
    measured |= {name: metric(ranking) for name, metric in WITHOUT_THRESHOLD.items()}
    for place, other in thresholds.items():
        measured |= {f"{name}_at_{place}": metric(ranking, other) for name, metric in DECISIONS.items()}
    return measured


def auroc(labels: Labels, logits: Floats) -> Floats:
    """Compute the AUROC of a group that is not sorted yet: (...), see `compute_auroc`."""
    return compute_auroc(rank_images(labels, logits))


def count_above(labels: Labels, logits: Floats) -> tuple[Floats, Floats]:
    """Count the fakes and the reals at or above each distinct logit, from the highest down: the steps of a ROC curve.

    Returns:
        Two arrays (t,) for t distinct logits, all NaN when a logit is NaN.
    """
    ranking = rank_images(labels, logits)
    return ranking.fakes, ranking.reals
