"""The images of one run: how many are asked for, which are trained on, validated with and tested on."""

import gc
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from fakeid.config.constants import TEST, TRAIN, VAL
from fakeid.data.records import Record
from fakeid.errors import DataError
from fakeid.shapes import find_fault

_PAPER: Final = (25_000, 2_500, 2_000)
"""Training, validation (ours) and test images of a class, in whose proportion a budget is lowered."""


@dataclass(frozen=True)
class Budget:
    """Images of each class.

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
        """As it is typed."""
        return " ".join(
            f"data.{name}_per_class={'null' if count is None else count}"
            for name, count in (("train", self.train), ("val", self.val), ("test", self.test))
        )


def fit_budget(wanted: Budget, fits: Callable[[Budget], bool], num_categories: int) -> Budget | None:
    """Lower a budget until the images suffice: first in the paper's proportions, then up to what was wanted.

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
    """The largest number of a range for which it holds, if it does for all below; None if not for the least."""
    if not holds(least):
        return None
    low, high = least, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


_SHARED: Final = ("label", "category", "generator", "split")
"""What neighbors in a plan have in common; it is written once for all of them."""

_GROUP: Final = {
    "label": range(2), "category": str, "generator": str, "split": str, "keys": [str], "scenes": [str],
}  # fmt: skip
_PLAN: Final = {
    "digest": str, "seen": [str], "unseen": [str], "held_out": (None, str), "mixture": (None, str),
    TRAIN: [_GROUP], VAL: [_GROUP], TEST: [_GROUP],
}  # fmt: skip


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
        """The three lists by the name of their split."""
        return {TRAIN: self.train, VAL: self.val, TEST: self.test}

    def records(self) -> list[Record]:
        """Every image of the run."""
        return [*self.train, *self.val, *self.test]

    def digest(self) -> str:
        """Hash of every key with its split: equal for two runs if and only if they use the same images."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        lines = sorted(f"{split}\t{r.key}\t{r.label}" for split, records in self.splits().items() for r in records)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

    def count(self) -> Counter[tuple[str, str, int]]:
        """Number of images by (split, category, label)."""
        return Counter((split, r.category, r.label) for split, records in self.splits().items() for r in records)

    def to_plain(self) -> dict[str, Any]:
        """Nested lists and strings, for JSON."""
        splits = {split: _to_groups(records) for split, records in self.splits().items()}
        return {
            "digest": self.digest(), "seen": self.seen, "unseen": self.unseen, "held_out": self.held_out,
            "mixture": self.mixture, **splits,
        }  # fmt: skip

    @staticmethod
    def from_plain(plain: Mapping[str, Any]) -> "Plan":
        """The plan that `to_plain` was called on.

        Raises:
            DataError: It was changed since, or is none.
        """
        fault = find_fault(plain, _PLAN)
        if fault:
            raise DataError(f"the plan is not one that fakeid wrote ({fault})")
        try:
            with _collector_paused():
                train, val, test = (_from_groups(plain[split]) for split in (TRAIN, VAL, TEST))
            names = (tuple(plain["seen"]), tuple(plain["unseen"]), plain["held_out"], plain["mixture"])
            plan, digest = Plan(train, val, test, *names), plain["digest"]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError("the plan is not one that fakeid wrote") from error
        if plan.digest() != digest:
            raise DataError("the plan was changed since it was written")
        return plan


def _to_groups(records: Iterable[Record]) -> list[dict[str, Any]]:
    groups = []
    for shared, neighbors in groupby(records, attrgetter(*_SHARED)):
        keys, scenes = zip(*((record.key, record.scene) for record in neighbors), strict=True)
        groups.append({**dict(zip(_SHARED, shared, strict=True)), "keys": keys, "scenes": scenes})
    return groups


def _from_groups(groups: Iterable[Mapping[str, Any]]) -> list[Record]:
    return [
        Record(key, group["label"], group["category"], group["generator"], scene, group["split"])
        for group in groups
        for key, scene in zip(group["keys"], group["scenes"], strict=True)
    ]


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
