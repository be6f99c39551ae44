"""A group's images from the highest logit down, sorted once for every metric and every resample."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from fakeid.evaluation.calls import call_fake
from fakeid.vocabulary import FAKE

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Ranking:
    """The images of a group by falling logit, each counted so often; a metric is a function of this.

    Attributes:
        is_fake: (n,), 1.0 for fakes and 0.0 for reals.
        logits: (n,), falling, infinities included; all 0 where a logit was NaN.
        repeats: (..., n), how often each image counts. All NaN where a logit was NaN, and so is every number made of
            them: a detector that broke down must not pass for one that says "real".
        order: (n,), the place that each image had before sorting.
    """

    is_fake: Floats
    logits: Floats
    repeats: Floats
    order: Places

    @cached_property
    def last(self) -> Places:
        """(t,), the place of the last image with each of the t distinct logits: equal logits are one threshold."""
        return np.flatnonzero(np.append(self.logits[1:] != self.logits[:-1], True)[: len(self.logits)])

    @cached_property
    def fakes(self) -> Floats:
        """(..., t), fakes at or above each distinct logit."""
        return self._cumulate(self.repeats * self.is_fake)

    @cached_property
    def reals(self) -> Floats:
        """(..., t), reals at or above each distinct logit."""
        return self._cumulate(self.repeats * (1 - self.is_fake))

    @property
    def num_fakes(self) -> Floats:
        """(...)."""
        return _take(self.fakes, self.fakes.shape[-1])

    @property
    def num_reals(self) -> Floats:
        """(...)."""
        return _take(self.reals, self.reals.shape[-1])

    def count_called(self, threshold: float) -> tuple[Floats, Floats]:
        """Fakes and reals with a logit of at least the threshold: two arrays (...), NaN for a threshold of NaN."""
        if np.isnan(threshold):
            return self.num_fakes * np.nan, self.num_reals * np.nan
        above = int(np.count_nonzero(call_fake(self.logits[self.last], threshold)))
        return _take(self.fakes, above), _take(self.reals, above)

    def repeat(self, repeats: npt.ArrayLike) -> "Ranking":
        """The same images counted otherwise.

        Args:
            repeats: (..., n), not negative, in the order that the images had before sorting.
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
    """Sort a group.

    Args:
        labels: (n,), 0 or 1.
        logits: (n,), of any size.
        repeats: (..., n), not negative, how often each image counts; once by default.
    """
    logits = np.asarray(logits, dtype=np.float64)
    broken = bool(np.isnan(logits).any())
    order = np.argsort(-logits, kind="stable")
    falling = np.zeros(len(logits)) if broken else logits[order]
    once = np.full(len(logits), np.nan if broken else 1.0)
    ranking = Ranking((np.asarray(labels)[order] == FAKE).astype(np.float64), falling, once, order)
    return ranking if repeats is None else ranking.repeat(repeats)


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """The quotient, NaN where the denominator is 0."""
    missing = np.full(np.broadcast_shapes(np.shape(numerator), np.shape(denominator)), np.nan)
    np.divide(numerator, denominator, out=missing, where=np.asarray(denominator) != 0)
    return missing


def _take(sums: Floats, above: int) -> Floats:
    """What the first `above` thresholds have summed up to: nothing before the first."""
    return np.asarray(sums[..., above - 1]) if above else np.zeros(sums.shape[:-1])
