"""The images of one run: how many are requested, and which serve for training, validation and test."""

import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Final, Literal

from fakeid.config.constants import TEST, TRAIN, VAL
from fakeid.data.records import Record
from fakeid.errors import DamagedFileError, DataError
from fakeid.io import read_record, write_record

_PAPER: Final = (25_000, 2_500, 2_000)
"""Training, validation (ours) and test images per class; a budget is lowered in this proportion."""


@dataclass(frozen=True)
class Budget:
    """The number of images of each class that a run requests.

    Attributes:
        train: Training images over all k training categories, `train // k` from each (Lee & Park 2021). None takes as
            many as possible, the same number from each category and class.
        val: Validation images over all training categories, `val // k` from each. 0 takes none; None takes a tenth of
            each category, or the whole validation split if the data set has one.
        test: Test images of each test category. None takes a quarter of a seen category and all of an unseen one, or
            the whole test split if the data set has one, the same number from both classes.
    """

    train: int | None
    val: int | None
    test: int | None

    def __str__(self) -> str:
        """Write the budget as options of the command line."""
        return " ".join(
            f"data.{name}_per_class={'null' if count is None else count}"
            for name, count in (("train", self.train), ("val", self.val), ("test", self.test))
        )


def fit_budget(wanted: Budget, fits: Callable[[Budget], bool], num_categories: int) -> Budget | None:
    """Lower a budget until there are enough images.

    All numbers are first lowered in the paper's proportions. Test and validation are then raised again as far as
    possible, up to what was wanted.

    Args:
        wanted: The upper limit of each number, but each category gets at least one image; None and 0 stay.
        fits: Tells whether there are enough images for a budget; then there are also enough for any smaller one.
        num_categories: Number of categories that share the training and validation images.

    Returns:
        The lowered budget, or None if none fits.
    """
    train, val, test = _PAPER

    def scale(num: int) -> Budget:
        return Budget(
            max(num, num_categories),
            _lower(wanted.val, num * val // train, num_categories),
            _lower(wanted.test, num * test // train, 1),
        )

    best = _find_largest(lambda num: fits(scale(num)), 1, wanted.train or train)
    if best is None:
        return None
    budget = scale(best)
    if wanted.test and budget.test:
        lowered = budget
        more = _find_largest(lambda num: fits(replace(lowered, test=num)), budget.test, wanted.test)
        budget = replace(budget, test=more)
    if wanted.val and budget.val:
        roomy = budget
        more = _find_largest(lambda num: fits(replace(roomy, val=num)), budget.val, max(budget.val, wanted.val))
        budget = replace(budget, val=more)
    return replace(budget, train=None) if wanted.train is None else budget


def _lower(wanted: int | None, most: int, least: int) -> int | None:
    return max(min(wanted, most), least) if wanted else wanted


def _find_largest(holds: Callable[[int], bool], least: int, most: int) -> int | None:
    """Find the largest number in a range for which a monotone condition holds; None if it fails for the smallest."""
    num_holding = bisect_left(range(least, most + 1), True, key=lambda num: not holds(num))
    return least + num_holding - 1 if num_holding else None


@dataclass(frozen=True)
class Plan:
    """The images of one run.

    Attributes:
        train: Training images.
        val: Validation images.
        test: Test images.
        seen: Categories that are trained on.
        unseen: Categories that are only tested on.
        held_out: The category that never reaches training; None if there is none.
        mixture: Category of the training images if they show the seen categories mixed, otherwise None.
    """

    train: list[Record]
    val: list[Record]
    test: list[Record]
    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    held_out: str | None
    mixture: str | None = None

    def splits(self) -> dict[str, list[Record]]:
        """Return the three lists by the name of their split."""
        return {TRAIN: self.train, VAL: self.val, TEST: self.test}

    def records(self) -> list[Record]:
        """List every image of the run."""
        return [*self.train, *self.val, *self.test]

    def digest(self) -> str:
        """Hash every key with its split and label: equal for two runs if and only if they use the same images."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        lines = sorted(f"{split}\t{r.key}\t{r.label}" for split, records in self.splits().items() for r in records)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

    def count(self) -> Counter[tuple[str, str, int]]:
        """Count the images by (split, category, label)."""
        return Counter((split, r.category, r.label) for split, records in self.splits().items() for r in records)


@dataclass(frozen=True)
class _Group:
    """Consecutive records of a plan, with their common fields stored once."""

    label: Literal[0, 1]
    category: str
    generator: str
    split: str
    keys: list[str]
    scenes: list[str]

    def list_records(self) -> list[Record]:
        """List the records of the group one by one."""
        return [
            Record(key, self.label, self.category, self.generator, scene, self.split)
            for key, scene in zip(self.keys, self.scenes, strict=True)
        ]


@dataclass(frozen=True)
class _PlanFile:
    """The schema of a plan file."""

    digest: str
    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    held_out: str | None
    mixture: str | None
    train: list[_Group]
    val: list[_Group]
    test: list[_Group]


def write_plan(path: Path, plan: Plan) -> None:
    """Write a plan as JSON."""
    train, val, test = (_group(records) for records in (plan.train, plan.val, plan.test))
    write_record(path, _PlanFile(plan.digest(), plan.seen, plan.unseen, plan.held_out, plan.mixture, train, val, test))


def read_plan(path: Path) -> Plan:
    """Read a plan that `write_plan` wrote.

    Raises:
        FileNotFoundError: The file does not exist.
        DamagedFileError: The file was changed after it was written, or is not a plan.
    """
    file = read_record(path, _PlanFile)
    try:
        train, val, test = (
            [record for group in groups for record in group.list_records()]
            for groups in (file.train, file.val, file.test)
        )
    except ValueError as error:
        raise DamagedFileError(f"{path} is damaged (a group must have one scene for each key)") from error
    plan = Plan(train, val, test, file.seen, file.unseen, file.held_out, file.mixture)
    if plan.digest() != file.digest:
        raise DamagedFileError(f"{path} is damaged (it was changed since it was written)")
    return plan


def _group(records: Iterable[Record]) -> list[_Group]:
    groups = []
    for shared, neighbors in groupby(records, attrgetter("label", "category", "generator", "split")):
        keys, scenes = zip(*((record.key, record.scene) for record in neighbors), strict=True)
        groups.append(_Group(*shared, list(keys), list(scenes)))
    return groups


def check_no_leak(plan: Plan) -> None:
    """Refuse a plan in which an untrained category reaches training or validation, or two splits share a scene.

    If the data set has its own splits, each scene belongs to one of them by definition: equal names in two splits
    usually mean that each split is numbered from the start. `fakeid.audit.duplicates.find_torn_pairs` finds the others.

    Raises:
        DataError: The plan leaks; the message names the category or the scene.
    """
    for record in plan.train + plan.val:
        if record.category not in (*plan.seen, plan.mixture):
            raise DataError(f"{record.key} is in training, but its category {record.category} is kept for the test")
    scenes = {split: {(r.category, r.scene) for r in records} for split, records in plan.splits().items()}
    shared = scenes[TRAIN] & scenes[VAL] | scenes[TRAIN] & scenes[TEST] | scenes[VAL] & scenes[TEST]
    if shared:
        raise DataError(f"the scene {min(shared)[1]} is in more than one split")
