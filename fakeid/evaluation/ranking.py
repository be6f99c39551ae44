"""Sort a group's images once by falling logit, and compute the metrics that depend only on that order."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from fakeid.config.constants import FAKE

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]


HALF: Final = 0.0
"""The logit at which P(fake) = 0.5."""


def call_fake(logits: npt.ArrayLike, threshold: float = HALF) -> npt.NDArray[np.bool_]:
    """Call each logit fake if it is at least the threshold.

    Logits and threshold are the detector's uncalibrated ones: scaling and shifting rounds, and an image that ties with
    the threshold could then fall on either side of it.

    Args:
        logits: Logits of any shape.
        threshold: Threshold on the same scale.

    Returns:
        Calls of the same shape; False for NaN.
    """
    return np.asarray(np.asarray(logits, dtype=np.float64) >= threshold)


@dataclass(frozen=True, eq=False)
class Ranking:
    """The images of a group by falling logit, with how often each one counts; every ranking metric is computed from it.

    Attributes:
        is_fake: 1.0 for fakes and 0.0 for reals, (n,).
        logits: Falling logits, (n,), infinities included; all 0 if any logit was NaN.
        repeats: How often each image counts, (..., n). All NaN if any logit was NaN, and with them every derived
            number: a detector that broke down must not look like one that says "real".
        order: Position of each image before sorting, (n,).
    """

    is_fake: Floats
    logits: Floats
    repeats: Floats
    order: Places

    @cached_property
    def last(self) -> Places:
        """The position of the last image with each of the t distinct logits, (t,): ties share one threshold."""
        return np.flatnonzero(np.append(self.logits[1:] != self.logits[:-1], True)[: len(self.logits)])

    @cached_property
    def fakes(self) -> Floats:
        """The number of fakes at or above each distinct logit, (..., t)."""
        return self._cumulate(self.repeats * self.is_fake)

    @cached_property
    def reals(self) -> Floats:
        """The number of reals at or above each distinct logit, (..., t)."""
        return self._cumulate(self.repeats * (1 - self.is_fake))

    @property
    def num_fakes(self) -> Floats:
        """The number of fakes, (...)."""
        return _take(self.fakes, self.fakes.shape[-1])

    @property
    def num_reals(self) -> Floats:
        """The number of reals, (...)."""
        return _take(self.reals, self.reals.shape[-1])

    def count_called(self, threshold: float) -> tuple[Floats, Floats]:
        """Count the fakes and the reals with a logit of at least the threshold, each (...); NaN for a NaN threshold."""
        if np.isnan(threshold):
            return self.num_fakes * np.nan, self.num_reals * np.nan
        above = int(np.count_nonzero(call_fake(self.logits[self.last], threshold)))
        return _take(self.fakes, above), _take(self.reals, above)

    def repeat(self, repeats: npt.ArrayLike) -> "Ranking":
        """Return the same ranking with other repeats.

        Args:
            repeats: How often each image counts, (..., n), not negative, in the order before sorting.
        """
        counts = np.asarray(repeats, dtype=np.float64)[..., self.order]
        if len(self.logits) and np.isnan(self.repeats).all():
            counts = np.full_like(counts, np.nan)
        repeated = Ranking(self.is_fake, self.logits, counts, self.order)
        repeated.__dict__["last"] = self.last  # the same for any repeats
        return repeated

    def _cumulate(self, counts: Floats) -> Floats:
        sums = np.cumsum(counts, axis=-1)
        return sums if len(self.last) == len(self.logits) else sums[..., self.last]


def rank_images(labels: Labels, logits: Floats, repeats: npt.ArrayLike | None = None) -> Ranking:
    """Sort the images of a group by falling logit.

    Args:
        labels: Labels, (n,), 0 or 1.
        logits: Logits, (n,), unbounded.
        repeats: How often each image counts, (..., n), not negative; once by default.
    """
    logits = np.asarray(logits, dtype=np.float64)
    broken = bool(np.isnan(logits).any())
    order = np.argsort(-logits, kind="stable")
    falling = np.zeros(len(logits)) if broken else logits[order]
    once = np.full(len(logits), np.nan if broken else 1.0)
    ranking = Ranking((np.asarray(labels)[order] == FAKE).astype(np.float64), falling, once, order)
    return ranking if repeats is None else ranking.repeat(repeats)


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """Divide two arrays; the result is NaN where the denominator is 0."""
    missing = np.full(np.broadcast_shapes(np.shape(numerator), np.shape(denominator)), np.nan)
    np.divide(numerator, denominator, out=missing, where=np.asarray(denominator) != 0)
    return missing


def _take(sums: Floats, above: int) -> Floats:
    """Take the cumulative sums (...) of the first `above` thresholds; 0 before the first."""
    return np.asarray(sums[..., above - 1]) if above else np.zeros(sums.shape[:-1])


def compute_auroc(ranking: Ranking) -> Floats:
    """Compute the AUROC: the probability that a random fake scores higher than a random real, ties counting half.

    It is the area under the ROC curve by the trapezoidal rule, which equals the Mann-Whitney statistic with midranks
    (Hanley & McNeil 1982).

    Returns:
        AUROC, (...), in [0, 1]; NaN if a class is absent.
    """
    fakes, reals = ranking.fakes, ranking.reals
    if fakes.shape[-1] == 0:
        return np.full(fakes.shape[:-1], np.nan)
    # Before the first step both counts are 0.
    area = 0.5 * fakes[..., 0] * reals[..., 0]
    area = area + 0.5 * np.einsum("...t,...t->...", np.diff(reals), fakes[..., 1:] + fakes[..., :-1])
    return divide(area, fakes[..., -1] * reals[..., -1])


def compute_average_precision(ranking: Ranking) -> Floats:
    """Compute the average precision: the sum over distinct logits of precision times gain in recall.

    This is scikit-learn's definition: ties share one threshold, and nothing is interpolated. A detector at chance level
    reaches the share of fakes.

    Returns:
        Average precision, (...), in [0, 1]; NaN if a class is absent.
    """
    fakes, reals = ranking.fakes, ranking.reals
    if fakes.shape[-1] == 0:
        return np.full(fakes.shape[:-1], np.nan)
    # With repeats of 0, no image may count above the highest logits; no recall is gained there.
    precision = fakes / np.maximum(fakes + reals, 1e-300)
    gained = fakes[..., 0] * precision[..., 0]
    gained = gained + np.einsum("...t,...t->...", np.diff(fakes), precision[..., 1:])
    one_class = reals[..., -1] == 0
    return divide(gained, np.where(one_class, 0.0, fakes[..., -1]))


def compute_eer(ranking: Ranking) -> Floats:
    """Compute the equal error rate, at which the share of reals called fake equals the share of fakes called real.

    If no threshold makes the two equal, the ROC curve is interpolated linearly between the two neighboring thresholds,
    as for ties in the AUROC; the convex hull is not used.

    Returns:
        Equal error rate, (...), in [0, 1]; 0.5 at chance level, NaN if a class is absent.
    """
    if ranking.fakes.shape[-1] == 0:
        return np.full(ranking.fakes.shape[:-1], np.nan)
    false_alarms = divide(ranking.reals, ranking.num_reals[..., None])
    excess = divide(ranking.fakes, ranking.num_fakes[..., None])
    excess += false_alarms
    excess -= 1  # false positives minus misses, from -1 rising to 1
    after = np.count_nonzero(excess < 0, axis=-1)
    alarms_before, alarms_after = _at(false_alarms, after - 1, 0.0), _at(false_alarms, after, np.nan)
    excess_before, excess_after = _at(excess, after - 1, -1.0), _at(excess, after, np.nan)
    way = excess_before / (excess_before - excess_after)
    return np.asarray(alarms_before + way * (alarms_after - alarms_before))


def compute_tpr_at_fpr(ranking: Ranking, limit: float) -> Floats:
    """Compute the largest share of fakes that a threshold can find while calling at most `limit` of the reals fake.

    The result is conservative: nothing is interpolated, and equal logits get the same call. With fewer than 1 / limit
    reals, no false positive is allowed.

    Args:
        ranking: Sorted images of the group.
        limit: Largest false-positive rate, in [0, 1].

    Returns:
        True-positive rate, (...), in [0, 1]; 0 if every threshold that finds a fake exceeds the limit, NaN if a class
        is absent.
    """
    allowed = divide(ranking.reals, ranking.num_reals[..., None]) <= limit
    found = _at(ranking.fakes, np.count_nonzero(allowed, axis=-1) - 1, 0.0)
    return divide(found, np.where(ranking.num_reals == 0, 0.0, ranking.num_fakes))


def _at(values: Floats, place: npt.ArrayLike, before: float) -> Floats:
    """Take one value from each row of (..., t); position -1 gives `before`."""
    places = np.asarray(place)
    if values.shape[-1] == 0:
        return np.full(places.shape, before)
    taken = np.take_along_axis(values, np.clip(places, 0, values.shape[-1] - 1)[..., None], axis=-1)[..., 0]
    return np.where(places < 0, before, taken)
