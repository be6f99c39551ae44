"""One detector against another, group by group, on the same images."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from fakeid.errors import DataError
from fakeid.evaluation.comparison_groups import Group
from fakeid.evaluation.metrics import Floats, Labels
from fakeid.evaluation.multiple_testing import correct_distinct
from fakeid.evaluation.paired_tests import Answers, Difference, compare_answers
from fakeid.vocabulary import FAKE

_METRICS: Final = ("accuracy", "auroc")


@dataclass(frozen=True, eq=False)
class Detector:
    """One configuration, trained once or with several seeds.

    Attributes:
        name: For people.
        logits: (runs, n), of the images that all detectors scored.
        seeds: (runs,); empty where it is a single run that nothing is known of.
    """

    name: str
    logits: Floats
    seeds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Measured:
    """One metric of two detectors on one group.

    Attributes:
        first: In [0, 1], averaged over runs; NaN where undefined.
        second: Likewise.
        difference: Second minus first.
        corrected_p: By Holm, for both metrics and all groups of the pair; with one run each, of the two networks alone.
    """

    first: float
    second: float
    difference: Difference
    corrected_p: float = math.nan


@dataclass(frozen=True)
class GroupComparison:
    """Both metrics on one group.

    Attributes:
        kind: See `Group`.
        name: See `Group`.
        num_real: Its real images.
        num_fake: Its fakes.
        accuracy: From a logit of 0 on, to which each run's own threshold was moved.
        auroc: Of the same images.
    """

    kind: str
    name: str
    num_real: int
    num_fake: int
    accuracy: Measured
    auroc: Measured


@dataclass(frozen=True)
class Comparison:
    """Two detectors on all groups.

    Attributes:
        first: Name of the one that is compared with.
        second: Name of the other.
        seeds: Of the runs that were compared; empty for a single pair of runs.
        rows: One a group.
    """

    first: str
    second: str
    seeds: tuple[int, ...]
    rows: tuple[GroupComparison, ...]

    @property
    def num_runs(self) -> int:
        """Of each detector."""
        return len(self.seeds) or 1


def compare_detectors(
    pairs: Iterable[tuple[Detector, Detector]], labels: Labels, groups: Sequence[Group]
) -> list[Comparison]:
    """Test every group for every pair: McNemar and DeLong for one run each, runs crossed with images for several.

    With one run each the p-values are of the two trained networks, and nothing about their configurations follows.
    Holm's correction takes all pairs, groups, accuracy and AUROC together; it counts groups of the very same images
    once.

    Args:
        pairs: The baseline, and what is compared with it, run by run of the same seed; two single runs may have
            different seeds.
        labels: (n,), 0 or 1, of the images.
        groups: Of the images.

    Raises:
        DataError: The runs of a pair cannot be matched by seed.
    """
    compared = [_compare(first, second, labels, groups) for first, second in pairs]
    tests = [
        (place, group.rows.tobytes(), metric)
        for place in range(len(compared))
        for group in groups
        for metric in _METRICS
    ]
    p_values = [getattr(row, metric).difference.p_value for one in compared for row in one.rows for metric in _METRICS]
    corrected = iter(correct_distinct(tests, p_values))
    return [replace(one, rows=tuple(_correct(row, corrected) for row in one.rows)) for one in compared]


def _compare(first: Detector, second: Detector, labels: Labels, groups: Sequence[Group]) -> Comparison:
    seeds, chosen = _match_seeds(first, second)
    rows = tuple(_compare_group(group, labels, chosen) for group in groups)
    return Comparison(first.name, second.name, seeds, rows)


def _correct(row: GroupComparison, corrected: Iterator[float]) -> GroupComparison:
    measured = {metric: replace(getattr(row, metric), corrected_p=next(corrected)) for metric in _METRICS}
    return replace(row, **measured)


def _match_seeds(first: Detector, second: Detector) -> tuple[tuple[int, ...], tuple[Floats, Floats]]:
    if len(first.logits) == len(second.logits) == 1:
        return (), (first.logits, second.logits)
    common = tuple(sorted(set(first.seeds) & set(second.seeds)))
    if not common:
        found = " and ".join(
            f"{side.name} has {', '.join(str(seed) for seed in side.seeds) or 'none'}" for side in (first, second)
        )
        raise DataError(
            f"expected runs with the same seeds, for they are matched by seed, but {found}; "
            "give runs that agree in their seeds, or one run of each"
        )
    one, other = (side.logits[[side.seeds.index(seed) for seed in common]] for side in (first, second))
    return common, (one, other)


def _compare_group(group: Group, labels: Labels, sides: Sequence[Floats]) -> GroupComparison:
    label = labels[group.rows]
    first, second = ([Answers(label, logits[group.rows]) for logits in side] for side in sides)
    accuracy, auroc = compare_answers(first, second)
    num_fake = int((label == FAKE).sum())
    return GroupComparison(
        group.kind,
        group.name,
        len(label) - num_fake,
        num_fake,
        Measured(_average_accuracy(first), _average_accuracy(second), accuracy),
        Measured(_average_auroc(first), _average_auroc(second), auroc),
    )


def _average_accuracy(side: Sequence[Answers]) -> float:
    return float(np.mean([answers.right for answers in side]))


def _average_auroc(side: Sequence[Answers]) -> float:
    shares = np.array([answers.placements.fakes for answers in side])
    return float(shares.mean()) if shares.size else math.nan
