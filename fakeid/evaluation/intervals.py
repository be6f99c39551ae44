"""95 % intervals: how far a number could move if other images of the same kind had been tested."""

import math
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from fakeid.evaluation.auroc_interval import auroc_interval
from fakeid.evaluation.calls import HALF, call_fake
from fakeid.evaluation.metrics import DECISIONS, NO_THRESHOLDS, measure_ranking
from fakeid.evaluation.proportions import CONFIDENCE as CONFIDENCE  # noqa: PLC0414 - read from here by others
from fakeid.evaluation.proportions import NOWHERE, Interval
from fakeid.evaluation.proportions import wilson_interval as wilson_interval  # noqa: PLC0414
from fakeid.evaluation.rank_metrics import compute_auroc, compute_average_precision
from fakeid.evaluation.ranking import Floats, Labels, Ranking, rank_images
from fakeid.evaluation.resampling import count_clusters, draw_repeats
from fakeid.seeding import derive_seed

RESAMPLES: Final = 1000

LEAST_CLUSTERS: Final = 20
"""Of each class, below which a bootstrap of clusters must not be believed: with 5 it covers 81 to 83 %."""

_PROPORTIONS: Final = ("accuracy", "real_accuracy", "fake_accuracy")


class Estimate(NamedTuple):
    """A number and its 95 % interval, all NaN where the number has no meaning."""

    value: float
    low: float
    high: float

    def to_plain(self) -> dict[str, float | None]:
        """The three by name, ready for JSON: None for what is not finite."""
        return {name: number if math.isfinite(number) else None for name, number in self._asdict().items()}


def estimate_called_fake(logits: Floats, threshold: float) -> Estimate:
    """Share of images called fake, with Wilson's interval; NaN where there is none or the detector broke down.

    Args:
        logits: (n,).
        threshold: Logit from which on an image is called fake.
    """
    if not len(logits) or np.isnan(logits).any():
        return Estimate(*[math.nan] * 3)
    called = int(call_fake(logits, threshold).sum())
    return Estimate(called / len(logits), *wilson_interval(called, len(logits)))


def estimate_metrics(
    labels: Labels,
    logits: Floats,
    seed: int,
    *,
    clusters: npt.ArrayLike | None = None,
    threshold: float = HALF,
    thresholds: Mapping[str, float] = NO_THRESHOLDS,
    resamples: int = RESAMPLES,
) -> dict[str, Estimate]:
    """Every metric of `measure` with its interval, from one sort and one set of resamples.

    Accuracy and the accuracies of reals and fakes get Wilson's interval, the AUROC that of `auroc_interval`, everything
    else the percentiles of a bootstrap that draws reals and fakes apart (Efron & Tibshirani 1993, chapter 8); that of
    the average precision covers 92 to 95 % up to 0.92 and 87 to 89 % at 0.993, with 50 to 200 images a class. With
    clusters, images that share one are not independent: all metrics are then bootstrapped, and whole clusters are drawn
    (`draw_repeats`); see `LEAST_CLUSTERS`. The outcome does not depend on the order of the images, and numpy's global
    random state is left alone.

    Three kinds of numbers are special:

    - A detector without a mistake makes none in any resample, so the bootstrap would claim certainty. At 0 and at 1 the
      bound is Wilson's for m trials with one outcome, m being the images (with clusters: the clusters) of the smaller
      class, or of the class that is measured: a rough stand-in. A likelihood of 1 has no upper bound at all, and an
      infinite one no interval.
    - A resample repeats images, which raises the ECE (by chance, bins are off more). Its percentiles are moved back by
      the mean difference; what they enclose is the ECE that this many images are expected to show.
    - What rests on a single image or cluster of a class has no interval, proportions and the AUROC excepted: every
      resample would be the same.

    Args:
        labels: (n,), 0 or 1.
        logits: (n,).
        seed: What the draws depend on, apart from the group itself.
        clusters: (n,), names or numbers; images that share one came from one file or scene. None makes each its own.
        threshold: As in `measure`.
        thresholds: Likewise.
        resamples: How many to draw.
    """
    return _estimate(
        lambda ranking: measure_ranking(ranking, thresholds, threshold), labels, logits, clusters, seed, resamples
    )


def rank_intervals(labels: Labels, logits: Floats, seed: int, resamples: int = RESAMPLES) -> tuple[Interval, Interval]:
    """The intervals of AUROC and of average precision alone, as `estimate_metrics` gives them."""

    def measure_both(ranking: Ranking) -> dict[str, Floats]:
        return {"auroc": compute_auroc(ranking), "average_precision": compute_average_precision(ranking)}

    estimates = _estimate(measure_both, labels, logits, None, seed, resamples)
    first, second = ((estimate.low, estimate.high) for estimate in estimates.values())
    return first, second


def _estimate(
    measure: Callable[[Ranking], dict[str, Floats]],
    labels: Labels,
    logits: Floats,
    clusters: npt.ArrayLike | None,
    seed: int,
    resamples: int,
) -> dict[str, Estimate]:
    ranking = rank_images(labels, logits)
    values = {name: float(value) for name, value in measure(ranking).items()}
    if np.isnan(list(values.values())).all():
        return {name: Estimate(value, *NOWHERE) for name, value in values.items()}
    rng = np.random.default_rng(derive_seed("bootstrap", seed))
    batches = [measure(ranking.repeat(repeats)) for repeats in draw_repeats(labels, logits, clusters, rng, resamples)]
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
        estimates[name] = Estimate(value, *interval)
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
    # In groups of a few images the percentiles can miss the value itself, which would only confuse.
    return min(float(low), value), max(float(high), value)
