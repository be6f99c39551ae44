"""Draw the images of training, validation and test by hash, with pure functions of records."""

import difflib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from fakeid.config.constants import FAKE, LABEL_NAMES, REAL, TEST, TRAIN, VAL
from fakeid.data.plans import Budget, Plan, check_no_leak, fit_budget
from fakeid.data.records import Record
from fakeid.errors import ConfigError, DataError
from fakeid.seeding import derive_seed

_TEST_SHARE, _VAL_SHARE = 4, 10
"""Without a given number, a quarter of a seen category goes to the test and a tenth to validation."""

_Pools = defaultdict[tuple[str, int], list[Record]]
"""Records by (category, label)."""

_FIRST_TRIM = 4096  # number of images at which a pool first drops some


class Pool:
    """The images of one category and class, ordered by a hash of (seed, category, scene).

    Args:
        seed: Seed of the order.
        reach: Number of scenes at the front and at the back of the order that a draw can reach; None means all. The
            other images are counted and dropped, so that three million keys take the memory of some ten thousand.
    """

    def __init__(self, seed: int, reach: tuple[int, int] | None = None) -> None:
        self.count = 0
        self._seed = seed
        self._reach = reach
        self._entries: list[tuple[int, str, Record]] = []
        self._forgotten = (-1, -1)  # places strictly between these two are out of reach
        self._trim_at = _FIRST_TRIM

    def add(self, record: Record) -> None:
        """Add one record at its place in the order."""
        self.count += 1
        place = derive_seed(self._seed, record.category, record.scene)
        low, high = self._forgotten
        if low < place < high:
            return
        self._entries.append((place, record.key, record))
        if self._reach is not None and len(self._entries) >= self._trim_at:
            self._trim(*self._reach)

    def in_order(self) -> list[Record]:
        """List the records that a draw can reach, from front to back."""
        self._entries.sort(key=lambda entry: entry[:2])
        return [record for _, _, record in self._entries]

    def _trim(self, front: int, back: int) -> None:
        places = sorted({place for place, _, _ in self._entries})
        if len(places) > front + back:
            low, high = self._forgotten = places[front - 1], places[-back]
            self._entries = [entry for entry in self._entries if not low < entry[0] < high]
        self._trim_at = max(_FIRST_TRIM, 2 * len(self._entries))


def draw_plan(
    records: Iterable[Record],
    *,
    order: Sequence[str],
    held_out: str | None,
    num_categories: int | None,
    budget: Budget,
    seed: int,
    mixture: str | None = None,
    lower: bool = False,
) -> Plan:
    """Draw training, validation and test images.

    Args:
        records: All images; a stream of millions takes little memory if no number of the budget is None.
        order: Training categories in the order in which they are added; those without training images come last.
        held_out: The category that is only tested on; None if there is only one category.
        num_categories: Number of categories to train on, the first of `order`; None means all.
        budget: Number of images of each class.
        seed: Seed of the order in which images are drawn.
        mixture: Category of training images that show the seen categories mixed, as the authors' `train(Add_k)` does.
        lower: Whether to lower the budget if there are too few images.

    Raises:
        ConfigError: More categories are requested than exist, or a name is unknown.
        DataError: There are too few images; the message names a budget that fits.
    """
    pools = _sort_into_pools(records, seed, _compute_reach(budget))
    _check_names([*order, *([held_out] if held_out else []), *([mixture] if mixture else [])], pools)
    num = len(order) if num_categories is None else num_categories
    if not 1 <= num <= len(order):
        raise ConfigError(
            f"categories must be between 1 and {len(order)}, got {num}; there are {len(order)} to train on"
            + (f" besides the held-out {held_out}" if held_out else "")
        )
    seen, rest = tuple(order[:num]), tuple(order[num:])
    unseen = (*rest, held_out) if held_out else rest
    trained = (mixture,) if mixture else seen

    def draw(budget: Budget) -> Plan:
        test = _draw_test(pools, seen, unseen, budget.test)
        val = _draw_val(pools, trained, budget.val, taken=test)
        train = _draw_train(pools, trained, budget.train, taken=test + val)
        return Plan(train, val, test, seen, unseen, held_out, mixture)

    plan = _draw_what_fits(draw, budget, len(trained), lower=lower)
    check_no_leak(plan)
    return plan


def _draw_what_fits(draw: Callable[[Budget], Plan], budget: Budget, num_categories: int, *, lower: bool) -> Plan:
    def fits(smaller: Budget) -> bool:
        try:
            draw(smaller)
        except DataError:
            return False
        return True

    try:
        return draw(budget)
    except DataError as error:
        fitting = fit_budget(budget, fits, num_categories)
        if fitting is None:
            raise DataError(f"{error}; there is not even one image per category and split") from error
        if lower:
            return draw(fitting)
        raise DataError(f"{error}; there are enough for {fitting}") from error


def _compute_reach(budget: Budget) -> tuple[int, int] | None:
    """Compute how many scenes of one category and class a draw can reach from the front and from the back.

    A draw skips scenes that either class has used, so it may reach further by as many scenes as both have taken.
    """
    if budget.train is None or budget.val is None or budget.test is None:
        return None
    return 2 * budget.test + budget.val, 2 * budget.test + 2 * budget.val + budget.train


def _sort_into_pools(records: Iterable[Record], seed: int, reach: tuple[int, int] | None) -> dict[str, _Pools]:
    """Sort the records by the split that may draw them, then by category and class, in drawing order."""
    given: dict[str, dict[tuple[str, int], Pool]] = defaultdict(lambda: defaultdict(lambda: Pool(seed, reach)))
    for record in records:
        given[record.split][record.category, record.label].add(record)
    pools: dict[str, _Pools] = {split: defaultdict(list) for split in (*given, TRAIN)}
    for split, by_class in given.items():
        pools[split].update({key: pool.in_order() for key, pool in by_class.items()})
    to_draw = pools[TRAIN] or pools.get("", pools[TRAIN])
    return {TRAIN: to_draw, VAL: pools.get(VAL, to_draw), TEST: pools.get(TEST, to_draw)}


def _check_names(names: Sequence[str], pools: dict[str, _Pools]) -> None:
    known = sorted({category for by_class in pools.values() for category, _ in by_class})
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise ConfigError(
                f"there are no images of the category {name}; "
                + (f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}")
            )


def _draw_test(pools: dict[str, _Pools], seen: Sequence[str], unseen: Sequence[str], count: int | None) -> list[Record]:
    own, is_given = pools[TEST], pools[TEST] is not pools[TRAIN]
    smaller = {name: min(len(own[name, REAL]), len(own[name, FAKE])) for name in (*seen, *unseen)}
    if count is not None:
        left = {(name, label): own[name, label] for name in smaller for label in (REAL, FAKE)}
        _check_enough(left, count, "testing")
    test: list[Record] = []
    for name, num in smaller.items():
        share = num // _TEST_SHARE if name in seen and not is_given else num
        for label in (REAL, FAKE):
            test += own[name, label][: max(1, share) if count is None else count]
    return test


def _draw_val(
    pools: dict[str, _Pools], trained: Sequence[str], budget: int | None, taken: list[Record]
) -> list[Record]:
    own, is_given = pools[VAL], pools[VAL] is not pools[TRAIN]
    left = {(name, label): _without(own[name, label], taken) for name in trained for label in (REAL, FAKE)}
    if budget is not None:
        num = len(trained)
        count = budget // num
        if budget and not count:
            raise DataError(
                f"no image is left to validate with: {num} categories share data.val_per_class={budget}, and 0 turns "
                "validation off"
            )
        _check_enough(left, count, f"validation ({budget} // {num})")
        return [record for pool in left.values() for record in pool[:count]]
    val: list[Record] = []
    for name in trained:
        smaller = min(len(own[name, REAL]), len(own[name, FAKE]))
        for label in (REAL, FAKE):
            val += left[name, label][: smaller if is_given else max(1, smaller // _VAL_SHARE)]
    return val


def _draw_train(
    pools: dict[str, _Pools], trained: Sequence[str], budget: int | None, taken: list[Record]
) -> list[Record]:
    num = len(trained)
    left = {(name, label): _without(pools[TRAIN][name, label], taken) for name in trained for label in (REAL, FAKE)}
    smallest = min(map(len, left.values()))
    count = smallest if budget is None else budget // num
    if budget is None and not smallest:
        empty = " and ".join(dict.fromkeys(category for (category, _), pool in left.items() if not pool))
        raise DataError(
            f"no image is left to train on of {empty}: add some, lower categories, or leave it out of data.categories"
        )
    if count < 1:
        raise DataError(f"no image is left to train on: {num} categories share data.train_per_class={budget}")
    _check_enough(left, count, f"training ({budget} // {num}, besides test and validation)")
    return [record for pool in left.values() for record in pool[::-1][:count]]


def _without(pool: list[Record], taken: list[Record]) -> list[Record]:
    scenes = {(record.category, record.scene) for record in taken}
    return [record for record in pool if (record.category, record.scene) not in scenes]


def _check_enough(pools: Mapping[tuple[str, int], list[Record]], needed: int, purpose: str) -> None:
    """Raise a DataError that names the classes with too few images, if there are any."""
    short = [
        f"{category} has {len(pool):,} {LABEL_NAMES[label]} images"
        for (category, label), pool in pools.items()
        if len(pool) < needed
    ]
    if short:
        more = f" and {len(short) - 3} more have too few" if len(short) > 3 else ""
        raise DataError(f"{', '.join(short[:3])}{more}; {needed:,} are needed for {purpose}")
