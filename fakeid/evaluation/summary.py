"""Every number of a test, from its scores: seen content, never-seen content, and each category."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fakeid.evaluation import metrics
from fakeid.evaluation.intervals import Interval, rank_intervals, wilson_interval
from fakeid.evaluation.scores import NO_DEGRADATION, Scores
from fakeid.vocabulary import FAKE, REAL


def summarize(scores: Scores, seen: Sequence[str], unseen: Sequence[str]) -> dict[str, Any]:
    """Measure the detector on the images that were tested as they are (degradation "none").

    `seen` and `unseen` pool the images of their categories instead of averaging over categories: one detector has one
    threshold and one ranking for all content, and one that ranks well within each category but shifts between them
    is worse than the average of its AUROCs says. Accuracies agree with the average where categories are equally large.

    Args:
        scores: One row for each test image; rows of other categories are left out.
        seen: Categories that were trained on, in the order in which to list them.
        unseen: Categories that were not, likewise.

    Returns:
        `seen` and `unseen`, each a group or None where there is no image, and `categories`, name → group with `seen`
        (bool), in the given order. A group has `num_real`, `num_fake` and, as `value`, `low` and `high` (95 % interval,
        in [0, 1], None where undefined), `accuracy`, `real_accuracy`, `fake_accuracy`, `auroc`, `average_precision`.
        All of it is ready for JSON.
    """
    assert not set(seen) & set(unseen), "a category is either seen or unseen"
    clean = scores.select(scores.degradation == NO_DEGRADATION)
    return {
        "seen": _pooled(clean, seen),
        "unseen": _pooled(clean, unseen),
        "categories": {
            name: {"seen": name in seen, **_group(clean.select(clean.category == name))} for name in (*seen, *unseen)
        },
    }


def _pooled(scores: Scores, categories: Sequence[str]) -> dict[str, Any] | None:
    chosen = scores.select(np.isin(scores.category, list(categories)))
    return _group(chosen) if len(chosen) else None


def _group(scores: Scores) -> dict[str, Any]:
    labels, logits = scores.label, scores.logit
    num_real, num_fake = int((labels == REAL).sum()), int((labels == FAKE).sum())
    # One seed for all: where a single category is unseen, it and "unseen" get the same interval.
    auroc_interval, precision_interval = rank_intervals(labels, logits, seed=0)
    return {
        "num_real": num_real,
        "num_fake": num_fake,
        "accuracy": _proportion(metrics.accuracy(labels, logits), num_real + num_fake),
        "real_accuracy": _proportion(metrics.real_accuracy(labels, logits), num_real),
        "fake_accuracy": _proportion(metrics.fake_accuracy(labels, logits), num_fake),
        "auroc": _estimate(float(metrics.auroc(labels, logits)), auroc_interval),
        "average_precision": _estimate(float(metrics.average_precision(labels, logits)), precision_interval),
    }


def _proportion(value: float, trials: int) -> dict[str, float | None]:
    successes, trials = (0, 0) if math.isnan(value) else (round(value * trials), trials)
    return _estimate(value, wilson_interval(successes, trials))


def _estimate(value: float, interval: Interval) -> dict[str, float | None]:
    numbers = {"value": value, "low": interval[0], "high": interval[1]}
    # JSON has no NaN.
    return {name: None if math.isnan(number) else number for name, number in numbers.items()}
