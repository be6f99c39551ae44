"""Every number of a test, from its scores: seen content, never-seen content, and each category."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.intervals import estimate_metrics
from fakeid.evaluation.operating_point import AT_HALF, OperatingPoint, list_thresholds
from fakeid.evaluation.scores import NO_DEGRADATION, Scores
from fakeid.vocabulary import FAKE, REAL


def summarize(
    scores: Scores,
    seen: Sequence[str],
    unseen: Sequence[str],
    calibration: Calibration | None = None,
    point: OperatingPoint = AT_HALF,
) -> dict[str, Any]:
    """Measure the detector on the images that were tested as they are (degradation "none").

    `seen` and `unseen` pool the images of their categories instead of averaging over categories: one detector has one
    threshold and one ranking for all content, and one that ranks well within each category but shifts between them
    is worse than the average of its AUROCs says. Accuracies agree with the average where categories are equally large.

    Args:
        scores: One row for each test image; rows of other categories are left out.
        seen: Categories that were trained on, in the order in which to list them.
        unseen: Categories that were not, likewise.
        calibration: Adds the metrics of calls at its thresholds, see `list_thresholds`.
        point: The threshold of `accuracy` and the like.

    Returns:
        `threshold` (the operating point), `seen` and `unseen`, each a group or None where there is no image, and
        `categories`, name → group with `seen`
        (bool), in the given order. A group has `num_real`, `num_fake` and each metric of `fakeid.evaluation.metrics`
        as `value`, `low` and `high` (95 % interval, None where undefined). All of it is ready for JSON.
    """
    assert not set(seen) & set(unseen), "a category is either seen or unseen"
    clean = scores.select(scores.degradation == NO_DEGRADATION)
    return {
        "threshold": point.to_plain(),
        "seen": _pooled(clean, seen, calibration, point),
        "unseen": _pooled(clean, unseen, calibration, point),
        "categories": {
            name: {"seen": name in seen, **measure_group(clean.select(clean.category == name), calibration, point)}
            for name in (*seen, *unseen)
        },
    }


def _pooled(
    scores: Scores, categories: Sequence[str], calibration: Calibration | None, point: OperatingPoint
) -> dict[str, Any] | None:
    chosen = scores.select(np.isin(scores.category, list(categories)))
    return measure_group(chosen, calibration, point) if len(chosen) else None


def measure_group(scores: Scores, calibration: Calibration | None, point: OperatingPoint = AT_HALF) -> dict[str, Any]:
    """Counts and metrics of one group, as `summarize` gives them."""
    # One seed for all: where a single category is unseen, it and "unseen" get the same interval.
    estimates = estimate_metrics(
        scores.label, scores.logit, 0, threshold=point.logit, thresholds=list_thresholds(point, calibration)
    )
    return {
        "num_real": int((scores.label == REAL).sum()),
        "num_fake": int((scores.label == FAKE).sum()),
        **{name: estimate.to_plain() for name, estimate in estimates.items()},
    }
