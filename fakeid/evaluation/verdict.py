"""May a detector be used? A rule over the bounds of 95 % intervals, never over point values."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from fakeid.evaluation.records.results import Estimate

FALSE_POSITIVE_RATE: Final = 0.05
"""The false-positive rate that is wished for where no threshold was chosen for one."""

_TOLERANCE: Final = 2.0
"""How many times the rate that was wished for may be exceeded: a threshold from 100 validation reals that is meant for
5 % has, on photos of the same kind, up to 10 % in 95 of 100 cases."""

_LEAST_FOUND: Final = 0.5
"""Of the fakes: a detector that misses more than it finds is of no use."""

_CHANCE: Final = 0.5
_NEAR_CHANCE: Final = 0.75
"""An AUROC that may be as high as this is not said to be at chance: the images are too few to tell."""


class Verdict(str, Enum):
    """The verdicts on a detector, from good to bad."""

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
        word: A value of `Verdict`.
        look: `good`, `doubtful` or `bad`.
        lines: Sentences.
    """

    word: str
    look: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Trial:
    """The three numbers that decide a verdict.

    Attributes:
        auroc: Of the fakes against the reals.
        false_positives: Share of the reals called fake at the threshold for few false positives.
        found: Share of the fakes called fake there.
        wished: The false-positive rate that this threshold was chosen for, in [0, 1].
    """

    auroc: Estimate
    false_positives: Estimate
    found: Estimate
    wished: float = FALSE_POSITIVE_RATE

    @property
    def most_false_positives(self) -> float:
        """The false-positive rate that is tolerated, in [0, 1]."""
        return min(1.0, _TOLERANCE * self.wished)

    @property
    def has_too_many_false_positives(self) -> bool:
        """Tell whether even the good end of the interval is above what is tolerated."""
        return _is_above(self.false_positives.low, self.most_false_positives)

    @property
    def misses_most(self) -> bool:
        """Tell whether even the good end of the interval is below one half of the fakes."""
        return _is_above(_LEAST_FOUND, self.found.high)

    def judge(self) -> Verdict:
        """Judge a detector by the end of each interval that speaks against the verdict.

        At chance where the interval of the AUROC holds 0.5, and not 0.75; inverted where it lies below 0.5. Otherwise
        the detector fails where the good end of a rate fails: more than twice the wished false positives, or fewer than
        half of the fakes found. It passes where the bad ends of all three pass; else the images are too few to tell. A
        detector exactly at one of the limits is said to pass, or to fail by that limit, in about 1 of 40 tests.
        """
        low, high = self.auroc.low, self.auroc.high
        if low is None or high is None:
            return Verdict.UNKNOWN
        if high < _CHANCE:
            return Verdict.INVERTED
        if low <= _CHANCE and high <= _NEAR_CHANCE:
            return Verdict.AT_CHANCE
        if self.has_too_many_false_positives or self.misses_most:
            return Verdict.FAILS
        most, least = self.false_positives.high, self.found.low
        if most is None or least is None:
            return Verdict.UNKNOWN
        passes = low > _CHANCE and most <= self.most_false_positives and least >= _LEAST_FOUND
        return Verdict.PASSES if passes else Verdict.UNDECIDED


def _is_above(number: float | None, limit: float | None) -> bool:
    return number is not None and limit is not None and number > limit
