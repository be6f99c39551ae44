"""How good a detector is on a group of images: pure functions of labels and logits.

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

from fakeid.evaluation.calls import HALF
from fakeid.evaluation.decisions import (
    compute_accuracy,
    compute_balanced_accuracy,
    compute_fake_accuracy,
    compute_real_accuracy,
)
from fakeid.evaluation.probability_metrics import compute_brier, compute_ece, compute_nll
from fakeid.evaluation.rank_metrics import compute_auroc, compute_average_precision, compute_eer, compute_tpr_at_fpr
from fakeid.evaluation.ranking import Floats as Floats  # noqa: PLC0414 - read from here by others
from fakeid.evaluation.ranking import Labels as Labels  # noqa: PLC0414
from fakeid.evaluation.ranking import Ranking, rank_images

DECISIONS: Final[Mapping[str, Callable[[Ranking, float], Floats]]] = MappingProxyType(
    {
        "accuracy": compute_accuracy,
        "real_accuracy": compute_real_accuracy,
        "fake_accuracy": compute_fake_accuracy,
        "balanced_accuracy": compute_balanced_accuracy,
    }
)
"""Metrics that need a threshold."""

_LEAST_ALARMS: Final = 5


def count_reals_needed(limit: float) -> int:
    """How many reals it takes to tell how many fakes are found at a false-positive rate.

    As many as hold 5 of them: the threshold is an order statistic of the reals, and the 95 % interval of what it finds
    covers 64 % at a rate of 1 % with 50 reals, 79 % with 100 and 94 % with 500.

    Args:
        limit: In (0, 1].
    """
    return math.ceil(_LEAST_ALARMS / limit)


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

ERRORS: Final = frozenset({"eer", "ece", "nll", "brier"})
"""Those of which less is better."""

NO_THRESHOLDS: Final[Mapping[str, float]] = MappingProxyType({})


def measure(
    labels: Labels,
    logits: Floats,
    repeats: npt.ArrayLike | None = None,
    thresholds: Mapping[str, float] = NO_THRESHOLDS,
    threshold: float = HALF,
) -> dict[str, Floats]:
    """Every metric of a group, from one sort.

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
    """`measure` of a group that is sorted already."""
    measured = {name: metric(ranking, threshold) for name, metric in DECISIONS.items()}
    measured |= {name: metric(ranking) for name, metric in WITHOUT_THRESHOLD.items()}
    for place, other in thresholds.items():
        measured |= {f"{name}_at_{place}": metric(ranking, other) for name, metric in DECISIONS.items()}
    return measured


def accuracy(labels: Labels, logits: Floats, threshold: float = HALF) -> float:
    """Share of images called right; called fake from the threshold on, by default P(fake) = 0.5, a logit of 0."""
    return float(compute_accuracy(rank_images(labels, logits), threshold))


def real_accuracy(labels: Labels, logits: Floats, threshold: float = HALF) -> float:
    """Share of the real images called real: the true negative rate."""
    return float(compute_real_accuracy(rank_images(labels, logits), threshold))


def fake_accuracy(labels: Labels, logits: Floats, threshold: float = HALF) -> float:
    """Share of the fake images called fake: the true positive rate, or recall."""
    return float(compute_fake_accuracy(rank_images(labels, logits), threshold))


def auroc(labels: Labels, logits: Floats, repeats: npt.ArrayLike | None = None) -> Floats:
    """Chance that a random fake scores higher than a random real, ties counting half: (...), see `compute_auroc`."""
    return compute_auroc(rank_images(labels, logits, repeats))


def average_precision(labels: Labels, logits: Floats, repeats: npt.ArrayLike | None = None) -> Floats:
    """Precision averaged over the fakes: (...), see `compute_average_precision`."""
    return compute_average_precision(rank_images(labels, logits, repeats))


def count_above(labels: Labels, logits: Floats, repeats: npt.ArrayLike | None = None) -> tuple[Floats, Floats]:
    """Fakes and reals at or above each distinct logit, from the highest down: the steps of a ROC curve.

    Returns:
        Two arrays (..., t) for t distinct logits. All NaN when a logit is NaN.
    """
    ranking = rank_images(labels, logits, repeats)
    return ranking.fakes, ranking.reals
