"""Compare detectors on the same images, group by group."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from fakeid.config.constants import FAKE
from fakeid.config.degradations import DEFAULT_DEGRADATIONS, NO_DEGRADATION
from fakeid.errors import DataError
from fakeid.evaluation.quadrants import QUADRANTS, TrainedOn, select_quadrant, select_with_reals
from fakeid.evaluation.ranking import Floats, Labels
from fakeid.evaluation.scores import Scores
from fakeid.evaluation.statistics.multiple_testing import correct_distinct
from fakeid.evaluation.statistics.paired_tests import Answers, Difference, compare_answers

ALL: Final = "all"
QUADRANT: Final = "quadrant"
CATEGORY: Final = "category"
TEST_SET: Final = "test_set"
DEGRADATION: Final = "degradation"


@dataclass(frozen=True, eq=False)
class Group:
    """A group of images on which detectors are compared.

    Attributes:
        kind: `ALL`, `QUADRANT` (seen and unseen content and generators), `CATEGORY`, `TEST_SET` or `DEGRADATION`.
        name: Displayed name.
        rows: Row positions of the group's images, (n,).
    """

    kind: str
    name: str
    rows: npt.NDArray[np.intp]


def build_groups(
    images: Scores, trained_on: Sequence[TrainedOn] | None = None, categories: Sequence[str] = ()
) -> list[Group]:
    """List the groups to compare: all images, the quadrants, each category, each test set and each degradation.

    All groups except the degradations consist of clean images (degradation `none`). Categories, test sets and
    degradations are listed if there are several. Content and generators count as seen if all detectors were trained on
    them and as unseen if none was; those that only some were trained on form groups of their own. A test set without
    reals borrows the reals of the detectors' own test set, see `fakeid.evaluation.quadrants`.

    Args:
        images: Rows of the images that all detectors scored.
        trained_on: What each detector was trained on; None unless it is known for all of them.
        categories: Categories in the order in which to list them; others follow by name.

    Returns:
        Groups that contain images.
    """
    images = images.reset_index(drop=True)  # so that the index of selected rows is their position
    clean = images[images.degradation == NO_DEGRADATION]
    groups = [_group(ALL, "all images", clean)]
    groups += _split_by_training(clean, trained_on) if trained_on is not None else ()
    names = _order(clean.category, categories)
    if len(names) > 1:
        groups += [_group(CATEGORY, name, clean[clean.category == name]) for name in names]
    sets = sorted(clean.test_set.unique())
    if len(sets) > 1:
        groups += [_group(TEST_SET, name, _select_test_set(clean, name)) for name in sets]
    degradations = [name for name in _order(images.degradation, DEFAULT_DEGRADATIONS) if name != NO_DEGRADATION]
    groups += [_group(DEGRADATION, name, images[images.degradation == name]) for name in degradations]
    return [group for group in groups if len(group.rows)]


def _split_by_training(clean: Scores, trained_on: Sequence[TrainedOn]) -> Iterator[Group]:
    categories = [set(known.categories) for known in trained_on]
    generators = [set(known.generators) for known in trained_on]
    by_all = [set.intersection(*names) for names in (categories, generators)]
    by_any = [set.union(*names) for names in (categories, generators)]
    for quadrant in QUADRANTS:
        # Unseen means that no detector was trained on it: all but the union.
        seen = [
            tuple(every if is_seen else some) for is_seen, every, some in zip(quadrant, by_all, by_any, strict=True)
        ]
        yield _group(QUADRANT, str(quadrant), select_quadrant(clean, TrainedOn(seen[0], seen[1]), quadrant))
    disputed = [sorted(some - every) for every, some in zip(by_all, by_any, strict=True)]
    content, generator = clean.category.isin(disputed[0]), clean.generator.isin(disputed[1])
    fakes = clean.label == FAKE
    yield _group(QUADRANT, "content seen by some", select_with_reals(clean, fakes & content, content))
    others = select_with_reals(clean, fakes & ~content & generator, ~content)
    yield _group(QUADRANT, "other content, generators seen by some", others)


def _select_test_set(clean: Scores, name: str) -> Scores:
    within = clean.test_set == name
    fakes = within & (clean.label == FAKE)
    return select_with_reals(clean, fakes) if fakes.any() else clean[within]


def _order(column: "pd.Series[str]", first: Sequence[str]) -> list[str]:
    found = sorted(column.unique())
    return [*(name for name in first if name in found), *(name for name in found if name not in first)]


def _group(kind: str, name: str, images: Scores) -> Group:
    return Group(kind, name, images.index.to_numpy())


_METRICS: Final = ("accuracy", "auroc")


@dataclass(frozen=True, eq=False)
class Detector:
    """A detector to compare: one configuration, trained once or with several seeds.

    Attributes:
        name: Displayed name.
        logits: Logits of the images that all detectors scored, (runs, n).
        seeds: Seed of each run, (runs,); empty for a single run about which nothing is known.
    """

    name: str
    logits: Floats
    seeds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Measured:
    """One metric of two detectors on one group of images.

    Attributes:
        first: Value of the first detector in [0, 1], averaged over runs; NaN where undefined.
        second: Value of the second detector, likewise.
        difference: Second minus first.
        corrected_p: p-value with Holm's correction over all pairs, groups and both metrics; with one run each, it
            applies to these two trained networks only.
    """

    first: float
    second: float
    difference: Difference
    corrected_p: float = math.nan


@dataclass(frozen=True)
class GroupComparison:
    """Accuracy and AUROC of two detectors on one group of images.

    Attributes:
        kind: Kind of the group, see `Group`.
        name: Displayed name of the group.
        num_real: Number of its real images.
        num_fake: Number of its fakes.
        accuracy: Accuracies at a logit of 0, to which each run's own threshold was shifted.
        auroc: AUROCs on the same images.
    """

    kind: str
    name: str
    num_real: int
    num_fake: int
    accuracy: Measured
    auroc: Measured


@dataclass(frozen=True)
class Comparison:
    """Two detectors compared on all groups.

    Attributes:
        first: Name of the baseline.
        second: Name of the detector compared with it.
        seeds: Seeds of the compared runs; empty for a single pair of runs.
        rows: One comparison per group.
    """

    first: str
    second: str
    seeds: tuple[int, ...]
    rows: tuple[GroupComparison, ...]

    @property
    def num_runs(self) -> int:
        """The number of runs of each detector."""
        return len(self.seeds) or 1


def compare_detectors(
    pairs: Iterable[tuple[Detector, Detector]], labels: Labels, groups: Sequence[Group]
) -> list[Comparison]:
    """Test every pair of detectors on every group.

    A pair with one run each is compared by McNemar's and DeLong's tests, a pair with several runs by tests of runs
    crossed with images. With one run each, the p-values apply to the two trained networks; they say nothing about the
    configurations. Holm's correction covers all pairs, groups, accuracy and AUROC together; groups of exactly the same
    images count once.

    Args:
        pairs: Baseline and the detector compared with it, matched run by run by seed; two single runs may have
            different seeds.
        labels: Labels of the images, (n,), 0 or 1.
        groups: Groups of the images.

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
            f"expected the same seeds for each detector, because runs are matched by seed, but {found}; "
            "give runs with common seeds, or one run of each"
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
