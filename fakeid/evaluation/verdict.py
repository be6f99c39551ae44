"""Judge whether a detector may be used, by a rule over the bounds of 95 % intervals and never over point values."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from fakeid.evaluation.records.results import Estimate

FALSE_POSITIVE_RATE: Final = 0.05
"""The target false-positive rate if no threshold was chosen for one."""

_TOLERANCE: Final = 2.0
"""The tolerated multiple of the target rate: a threshold chosen on 100 validation reals for a rate of 5 % has a rate of
up to 10 % on photos of the same kind in 95 of 100 cases."""

_LEAST_FOUND: Final = 0.5
"""The smallest share of fakes to find: a detector that misses more than it finds is of no use."""

_CHANCE: Final = 0.5
_NEAR_CHANCE: Final = 0.75
"""If the AUROC may be higher than this, the detector is not said to be at chance: there are too few images to tell."""


class Verdict(str, Enum):
    """The possible verdicts on a detector, from good to bad."""

    PASSES = "passes"
    UNDECIDED = "undecided"
    FAILS = "fails"
    AT_CHANCE = "at chance"
    INVERTED = "inverted"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class RecordedVerdict:
    """A verdict as it is written to files.

    Attributes:
        word: Value of `Verdict`.
        look: `good`, `doubtful` or `bad`.
        lines: Sentences of the verdict.
    """

    word: str
    look: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Trial:
    """The three estimates that decide a verdict.

    Attributes:
        auroc: AUROC of the fakes against the reals.
        false_positives: Share of the reals called fake at the threshold for few false positives.
        found: Share of the fakes called fake at this threshold.
        wished: Target false-positive rate of this threshold, in [0, 1].
    """

    auroc: Estimate
    false_positives: Estimate
    found: Estimate
    wished: float = FALSE_POSITIVE_RATE

    @property
    def most_false_positives(self) -> float:
        """The tolerated false-positive rate, in [0, 1]."""
        return min(1.0, _TOLERANCE * self.wished)

    @property
    def has_too_many_false_positives(self) -> bool:
        """Whether even the favorable end of the interval of false positives exceeds the tolerated rate."""
        return _is_above(self.false_positives.low, self.most_false_positives)

    @property
    def misses_most(self) -> bool:
        """Whether even the favorable end of the interval of found fakes is below one half."""
        return _is_above(_LEAST_FOUND, self.found.high)

    def judge(self) -> Verdict:
        """Judge a detector by the end of each interval that argues against the verdict.

        The detector is inverted if the interval of the AUROC lies below 0.5, and at chance if the interval starts at or
        below 0.5 and does not exceed 0.75. Otherwise it fails if even the favorable end of a rate fails: more than
        twice the target rate of false positives, or fewer than half of the fakes found. It passes if the unfavorable
        ends of all three intervals pass; if not, there are too few images to tell. A detector exactly at one of the
        limits is said to pass, or to fail because of that limit, in about 1 of 40 tests.
        """
        low, high = self.auroc.low, self.auroc.high
        if low is None or high is None:
            return Verdict.UNKNOWN
        if high < _CHANCE:
            return Verdict.INVERTED
        if is_at_chance(self.auroc):
            return Verdict.AT_CHANCE
        if self.has_too_many_false_positives or self.misses_most:
            return Verdict.FAILS
        most, least = self.false_positives.high, self.found.low
        if most is None or least is None:
            return Verdict.UNKNOWN
        passes = low > _CHANCE and most <= self.most_false_positives and least >= _LEAST_FOUND
        return Verdict.PASSES if passes else Verdict.UNDECIDED


def is_at_chance(area: Estimate) -> bool:
    """Tell whether an AUROC is no better than chance: its interval reaches down to 0.5 and does not exceed 0.75."""
    low, high = area.low, area.high
    return low is not None and high is not None and low <= _CHANCE and high <= _NEAR_CHANCE


def _is_above(number: float | None, limit: float | None) -> bool:
    return number is not None and limit is not None and number > limit
