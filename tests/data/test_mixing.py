import random
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakeid.data.mixing import Plan, check_no_leak, draw_plan
from fakeid.data.records import Record
from fakeid.errors import ConfigError, DataError
from fakeid.vocabulary import FAKE, LSUN_CATEGORIES, REAL

HELD_OUT = "sheep"
ORDER = LSUN_CATEGORIES[:-1]


def make_records(count: int, categories: tuple[str, ...] = LSUN_CATEGORIES, paired: bool = False) -> list[Record]:
    return [
        Record(f"{name}/{label}/{i}", label, name, "gan" if label else "camera", str(i) if paired else f"{label}-{i}")
        for name in categories
        for label in (REAL, FAKE)
        for i in range(count)
    ]


def draw(records: list[Record], **changes: Any) -> Plan:
    options: dict[str, Any] = {
        "order": ORDER, "held_out": HELD_OUT, "num_categories": 3, "train_per_class": 60, "val_per_class": 12,
        "test_per_class": 5, "seed": 0,
    }  # fmt: skip
    return draw_plan(records, **{**options, **changes})


@given(
    k=st.integers(1, 10),
    budget=st.integers(10, 60),
    test=st.integers(1, 20),
    seed=st.integers(0, 99),
    paired=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_budget_balance_and_no_overlap(k: int, budget: int, test: int, seed: int, paired: bool) -> None:
    plan = draw(
        make_records(100, paired=paired), num_categories=k, train_per_class=budget, test_per_class=test, seed=seed
    )
    assert Counter((r.category, r.label) for r in plan.train) == {
        (name, label): budget // k for name in ORDER[:k] for label in (REAL, FAKE)
    }
    assert Counter((r.category, r.label) for r in plan.test) == {
        (name, label): test for name in LSUN_CATEGORIES for label in (REAL, FAKE)
    }
    keys = [r.key for records in plan.splits().values() for r in records]
    assert len(keys) == len(set(keys))
    scenes = [{(r.category, r.scene) for r in records} for records in plan.splits().values()]
    assert not scenes[0] & scenes[1]
    assert not scenes[0] & scenes[2]
    assert not scenes[1] & scenes[2]
    assert HELD_OUT not in {r.category for r in plan.train + plan.val}


def test_paper_counts() -> None:
    expected = [25000, 12500, 8333, 6250, 5000, 4166, 3571, 3125, 2777, 2500]
    assert [25000 // k for k in range(1, 11)] == expected
    plan = draw(make_records(2600, ("cat", "church_outdoor")), order=["cat"], held_out="church_outdoor",
                num_categories=1, train_per_class=2500, val_per_class=0, test_per_class=100)  # fmt: skip
    assert len(plan.train) == 5000


@given(seed=st.integers(0, 50))
@settings(max_examples=10, deadline=None)
def test_more_categories_keep_the_images_of_fewer_and_the_same_test(seed: int) -> None:
    records = make_records(100)
    plans = [draw(records, num_categories=k, seed=seed) for k in (1, 2, 5, 10)]
    for fewer, more in pairwise(plans):
        kept = {r.key for r in more.train if r.category in fewer.seen}
        assert kept < {r.key for r in fewer.train}
        assert {r.key for r in fewer.test} == {r.key for r in more.test}


def test_a_larger_budget_contains_the_smaller() -> None:
    records = make_records(100)
    small, large = (draw(records, train_per_class=budget) for budget in (30, 60))
    assert {r.key for r in small.train} < {r.key for r in large.train}


def test_listing_order_does_not_matter() -> None:
    records = make_records(100)
    shuffled = random.Random(0).sample(records, len(records))
    assert draw(records).digest() == draw(shuffled).digest()
    assert draw(records).digest() != draw(records, seed=1).digest()


def test_the_draw_is_the_same_on_every_machine() -> None:
    assert draw(make_records(100)).digest() == "a466adf8b81129fa"


def test_without_numbers_everything_is_used_and_balanced() -> None:
    records = [*make_records(20, ("a", "b", "c")), Record("extra", REAL, "a", "camera", "extra")]
    plan = draw(records, order=["a", "b"], held_out="c", num_categories=None,
                train_per_class=None, val_per_class=None, test_per_class=None)  # fmt: skip
    assert Counter((r.category, r.label) for r in plan.test) == {
        (name, label): 20 if name == "c" else 5 for name in "abc" for label in (REAL, FAKE)
    }
    assert set(Counter((r.category, r.label) for r in plan.train).values()) == {13}
    assert set(Counter((r.category, r.label) for r in plan.val).values()) == {2}


def test_untrained_categories_are_unseen() -> None:
    plan = draw(make_records(100))
    assert plan.seen == ("cat", "church_outdoor", "train")
    assert plan.unseen == (*ORDER[3:], HELD_OUT)


def test_one_category_has_nothing_to_hold_out() -> None:
    plan = draw(make_records(100, ("faces",)), order=["faces"], held_out=None, num_categories=None)
    assert plan.unseen == ()
    assert plan.held_out is None


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"num_categories": 11},
            ConfigError,
            "categories must be between 1 and 10, got 11; .* beside the held-out sheep",
        ),
        ({"order": ["catt"]}, ConfigError, "no images of the category catt; did you mean cat"),
        ({"train_per_class": 3000}, DataError, "at most data.train_per_class=27. would work"),
        ({"test_per_class": 101}, DataError, "cat has 100 real images for data.test_per_class, and 101 are needed"),
        ({"train_per_class": 2}, DataError, "nothing is left to train on"),
    ],
)
def test_impossible_wishes_are_refused(changes: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        draw(make_records(100), **changes)


def test_guard_refuses_held_out_content_in_training() -> None:
    plan = draw(make_records(100))
    leak = Plan([*plan.train, plan.test[-1]], plan.val, plan.test[:-1], plan.seen, plan.unseen, plan.held_out)
    with pytest.raises(DataError, match="category sheep.*kept for the test"):
        check_no_leak(leak)
    twice = Plan([*plan.train, plan.test[0]], plan.val, plan.test, plan.seen, plan.unseen, plan.held_out)
    with pytest.raises(DataError, match="in more than one split"):
        check_no_leak(twice)
