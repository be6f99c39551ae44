"""Which images enter training, validation and test: pure functions on records, drawn by hash.

Within a category and class all images are ordered by a hash of (seed, category, scene). The test takes its images
from the front, validation follows, and training takes its own from the *end*. So the choice does not depend on the
listing order or the machine, a larger training set contains the smaller one, and the test images are the same for every
number of training categories. A scene that occurs in several images (a photo and its translation) never enters two
splits.
"""

import difflib
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fakeid.data.records import Record
from fakeid.errors import ConfigError, DataError
from fakeid.seeding import derive_seed
from fakeid.vocabulary import FAKE, LABEL_NAMES, REAL, TEST, TRAIN, VAL

_TEST_SHARE, _VAL_SHARE = 4, 10
"""Without a number, a quarter of a seen category is tested on and a tenth of it validates."""

_Class = tuple[str, int]
_Pools = dict[_Class, list[Record]]


@dataclass(frozen=True)
class Plan:
    """The images of one run. `seen` are trained on, `unseen` are tested only, `held_out` never reaches training."""

    train: list[Record]
    val: list[Record]
    test: list[Record]
    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    held_out: str | None

    def splits(self) -> dict[str, list[Record]]:
        """The three lists by the name of their split."""
        return {TRAIN: self.train, VAL: self.val, TEST: self.test}

    def digest(self) -> str:
        """Hash of every key with its split: equal for two runs if and only if they use the same images."""
        lines = sorted(f"{split}\t{r.key}\t{r.label}" for split, records in self.splits().items() for r in records)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def draw_plan(
    records: Iterable[Record],
    *,
    order: Sequence[str],
    held_out: str | None,
    num_categories: int | None,
    train_per_class: int | None,
    val_per_class: int | None,
    test_per_class: int | None,
    seed: int,
) -> Plan:
    """Draw training, validation and test images.

    Args:
        records: All images that there are.
        order: Training categories in the order in which they are added.
        held_out: The category that is tested only; None where there is but one category.
        num_categories: Train on the first so many; None means all of `order`.
        train_per_class: Budget of each class over all training categories, shared out as `budget // k`
            (Lee & Park 2021); None takes as many as there are, the same number from each category and class.
        val_per_class: The same for validation; None takes a tenth of each category.
        test_per_class: Images of each class in each test category; None takes a quarter of a seen category and the
            whole of an unseen one, the same number from both classes.
        seed: Draws the order.

    Raises:
        ConfigError: More categories than there are, or an unknown name.
        DataError: Too few images; says how many there are and how many would do.
    """
    pools = _pool(records, seed)
    _check_names([*order, *([held_out] if held_out else [])], pools)
    num = len(order) if num_categories is None else num_categories
    if not 1 <= num <= len(order):
        raise ConfigError(
            f"categories must be between 1 and {len(order)}, got {num}; there are {len(order)} to train on"
            + (f" beside the held-out {held_out}" if held_out else "")
        )
    seen, rest = tuple(order[:num]), tuple(order[num:])
    unseen = (*rest, held_out) if held_out else rest
    test = _draw_test(pools, seen, unseen, test_per_class)
    val = _draw_val(pools, seen, val_per_class, taken=test)
    train = _draw_train(pools, seen, train_per_class, taken=test + val)
    plan = Plan(train, val, test, seen, unseen, held_out)
    check_no_leak(plan)
    return plan


def check_no_leak(plan: Plan) -> None:
    """Refuse a plan in which an untrained category reaches training or validation, or two splits share a scene.

    Raises:
        DataError: Naming the category or the scene.
    """
    for record in plan.train + plan.val:
        if record.category not in plan.seen:
            raise DataError(f"{record.key} of the category {record.category}, kept for the test, is in training")
    scenes = {split: {(r.category, r.scene) for r in records} for split, records in plan.splits().items()}
    shared = scenes[TRAIN] & scenes[VAL] | scenes[TRAIN] & scenes[TEST] | scenes[VAL] & scenes[TEST]
    if shared:
        raise DataError(f"the scene {min(shared)[1]} is in more than one split")


def _pool(records: Iterable[Record], seed: int) -> _Pools:
    pools: _Pools = defaultdict(list)
    for record in records:
        pools[record.category, record.label].append(record)
    for pool in pools.values():
        pool.sort(key=lambda r: (derive_seed(seed, r.category, r.scene), r.key))
    return pools


def _check_names(names: Sequence[str], pools: _Pools) -> None:
    known = sorted({category for category, _ in pools})
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise ConfigError(
                f"there are no images of the category {name}; "
                + (f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}")
            )


def _draw_test(pools: _Pools, seen: Sequence[str], unseen: Sequence[str], count: int | None) -> list[Record]:
    test: list[Record] = []
    for category in (*seen, *unseen):
        smaller = min(len(pools[category, REAL]), len(pools[category, FAKE]))
        share = smaller // _TEST_SHARE if category in seen else smaller
        for label in (REAL, FAKE):
            test += _take(pools[category, label], max(1, share) if count is None else count, "data.test_per_class")
    return test


def _draw_val(pools: _Pools, seen: Sequence[str], budget: int | None, taken: list[Record]) -> list[Record]:
    val: list[Record] = []
    for category in seen:
        smaller = min(len(pools[category, REAL]), len(pools[category, FAKE]))
        count = max(1, smaller // _VAL_SHARE) if budget is None else -(-budget // len(seen))
        for label in (REAL, FAKE):
            val += _take(_without(pools[category, label], taken), count, "data.val_per_class", len(seen))
    return val


def _draw_train(pools: _Pools, seen: Sequence[str], budget: int | None, taken: list[Record]) -> list[Record]:
    left = {(c, label): _without(pools[c, label], taken)[::-1] for c in seen for label in (REAL, FAKE)}
    count = min(map(len, left.values())) if budget is None else budget // len(seen)
    if count < 1:
        raise DataError(
            f"nothing is left to train on: {len(seen)} categories share data.train_per_class={budget}; "
            "raise it, or lower data.test_per_class and data.val_per_class"
        )
    return [r for pool in left.values() for r in _take(pool, count, "data.train_per_class", len(seen))]


def _without(pool: list[Record], taken: list[Record]) -> list[Record]:
    scenes = {(record.category, record.scene) for record in taken}
    return [record for record in pool if (record.category, record.scene) not in scenes]


def _take(pool: list[Record], count: int, option: str, num_categories: int = 1) -> list[Record]:
    if len(pool) < count:
        what = f"{pool[0].category} has {len(pool)} {LABEL_NAMES[pool[0].label]} images" if pool else "nothing is left"
        raise DataError(
            f"{what} for {option}, and {count} are needed; at most {option}={len(pool) * num_categories} would work"
        )
    return pool[:count]
