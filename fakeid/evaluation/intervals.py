"""95 % intervals: how far a number could move if other images of the same kind had been tested."""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from fakeid.evaluation.metrics import (
    Floats,
    Labels,
    auroc,
    auroc_of_counts,
    average_precision,
    average_precision_of_counts,
    count_above,
)
from fakeid.seeding import derive_seed
from fakeid.vocabulary import FAKE, REAL

CONFIDENCE: Final = 0.95
RESAMPLES: Final = 1000

_CELLS_AT_ONCE: Final = 1_000_000  # resamples times images in one batch: some 50 MB

Interval = tuple[float, float]
_NOWHERE: Final = (float("nan"), float("nan"))


def wilson_interval(successes: int, trials: int) -> Interval:
    """Score interval of a proportion (Wilson 1927), sound for few trials and near 0 and 1.

    Returns:
        Lower and upper bound in [0, 1], around successes / trials; NaN without trials.
    """
    if trials == 0:
        return _NOWHERE
    bounds = binomtest(successes, trials).proportion_ci(CONFIDENCE, method="wilson")
    # Rounding leaves the bound at 0 or 1 a hair inside.
    return min(bounds.low, successes / trials), max(bounds.high, successes / trials)


def rank_intervals(labels: Labels, logits: Floats, seed: int, resamples: int = RESAMPLES) -> tuple[Interval, Interval]:
    """Percentile bootstrap over images, reals and fakes drawn apart, for AUROC and average precision.

    Each resample has as many reals and as many fakes as the group (Efron & Tibshirani 1993, chapter 8). The outcome
    does not depend on the order of the images, and numpy's global random state is left alone.

    A detector that separates a group perfectly does so in every resample, so the bootstrap would claim certainty.
    Then the bound is Wilson's for m successes in m trials, m being the size of the smaller class: m pairs of a real
    and a fake without a common image are m independent trials that succeed with probability AUROC. For average
    precision this is a rough stand-in.

    Args:
        labels: (n,), 0 or 1.
        logits: (n,).
        seed: What the draws depend on, apart from the group itself.
        resamples: How many to draw.

    Returns:
        The intervals of AUROC and of average precision, NaN where these are.
    """
    values = float(auroc(labels, logits)), float(average_precision(labels, logits))
    if np.isnan(values).any():
        return _NOWHERE, _NOWHERE
    draws = _resample(labels, logits, np.random.default_rng(derive_seed("bootstrap", seed)), resamples)
    smaller_class = int(min((labels == REAL).sum(), (labels == FAKE).sum()))
    first, second = (_interval(value, drawn, smaller_class) for value, drawn in zip(values, draws, strict=True))
    return first, second


def _resample(labels: Labels, logits: Floats, rng: np.random.Generator, resamples: int) -> tuple[Floats, Floats]:
    order = np.lexsort((logits, labels))  # reals, then fakes
    labels, logits = labels[order], logits[order]
    sizes = [int((labels == label).sum()) for label in (REAL, FAKE)]
    aurocs, precisions = [], []
    batch = max(1, _CELLS_AT_ONCE // len(labels))
    for start in range(0, resamples, batch):
        rows = min(batch, resamples - start)
        repeats = np.concatenate([_draw_repeats(rng, rows, size) for size in sizes], axis=1)  # (rows, n)
        fakes, reals = count_above(labels, logits, repeats)
        aurocs.append(auroc_of_counts(fakes, reals))
        precisions.append(average_precision_of_counts(fakes, reals))
    return np.concatenate(aurocs), np.concatenate(precisions)


def _draw_repeats(rng: np.random.Generator, rows: int, size: int) -> npt.NDArray[np.int64]:
    """How often each of `size` images comes up in `size` draws with replacement: (rows, size)."""
    drawn = rng.integers(size, size=(rows, size)) + np.arange(rows)[:, None] * size
    return np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size)  # one count for each row and image


def _interval(value: float, drawn: Floats, smaller_class: int) -> Interval:
    if value in (0.0, 1.0):
        return wilson_interval(round(value * smaller_class), smaller_class)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail))
    # In groups of a few images the percentiles can miss the value itself, which would only confuse.
    return min(float(low), value), max(float(high), value)
