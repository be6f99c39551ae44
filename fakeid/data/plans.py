"""The images of one run: how many are asked for, which are trained on, validated with and tested on."""

import gc
import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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
"""Training, validation (ours) and test images of a class, in whose proportion a budget is lowered."""


@dataclass(frozen=True)
class Budget:
    """How many images of each class a run asks for.

    Attributes:
        train: Over all training categories, shared out as `train // k` (Lee & Park 2021); None takes as many as there
            are, the same number from each category and class.
        val: Likewise over all training categories, `val // k`; 0 takes none, None a tenth of each category, or all that
            are marked as such.
        test: In each test category; None takes a quarter of a seen category and the whole of an unseen one, or all
            that are marked as such, the same number from both classes.
    """

    train: int | None
    val: int | None
    test: int | None

    def __str__(self) -> str:
        """Write the budget as it is typed."""
        return " ".join(
            f"data.{name}_per_class={'null' if count is None else count}"
            for name, count in (("train", self.train), ("val", self.val), ("test", self.test))
        )


def fit_budget(wanted: Budget, fits: Callable[[Budget], bool], num_categories: int) -> Budget | None:
    """Lower a budget until there are enough images: first in the paper's proportions, then up to what was wanted.

    Args:
        wanted: No number of the answer is larger, but each category gets an image; None and 0 stay.
        fits: Whether the images suffice; if they do, they also suffice for less.
        num_categories: How many share the training and validation images.

    Returns:
        None where no budget fits.
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
    """Find the largest number of a range that passes a test which all smaller ones pass; None if the least fails."""
    num_holding = bisect_left(range(least, most + 1), True, key=lambda num: not holds(num))
    return least + num_holding - 1 if num_holding else None


@dataclass(frozen=True)
class Plan:
    """The images of one run. `seen` are trained on, `unseen` are tested only, `held_out` never reaches training.

    `mixture` is the category of the training images where they show the seen ones mixed.
    """

    train: list[Record]
    val: list[Record]
    test: list[Record]
    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    held_out: str | None
    mixture: str | None = None

    def splits(self) -> dict[str, list[Record]]:
        """Give the three lists by the name of their split."""
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
    """Neighboring records of a plan, with what they have in common written once."""

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
    """The schema of a plan's file."""

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
        FileNotFoundError: There is none.
        DamagedFileError: It was changed since, or is none.
    """
    with _collector_paused():
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


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Spare Python's search for cycles, which takes longer than making the records, and finds none among them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def check_no_leak(plan: Plan) -> None:
    """Refuse a plan in which an untrained category reaches training or validation, or two splits share a scene.

    Where the data set gives its splits, a scene lies in one of them by definition, for equal names in two splits are
    mostly numbered anew; `fakeid.audit.duplicates.find_torn_pairs` finds those that are not.

    Raises:
        DataError: Naming the category or the scene.
    """
    for record in plan.train + plan.val:
        if record.category not in (*plan.seen, plan.mixture):
            raise DataError(f"{record.key} of the category {record.category}, kept for the test, is in training")
    scenes = {split: {(r.category, r.scene) for r in records} for split, records in plan.splits().items()}
    shared = scenes[TRAIN] & scenes[VAL] | scenes[TRAIN] & scenes[TEST] | scenes[VAL] & scenes[TEST]
    if shared:
        raise DataError(f"the scene {min(shared)[1]} is in more than one split")
