import copy
import json
import random
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakeid.config.constants import FAKE, LSUN_CATEGORIES, REAL, TEST, TRAIN, VAL
from fakeid.data import sampling
from fakeid.data.plans import Plan, check_no_leak, read_plan, write_plan
from fakeid.data.records import Record
from fakeid.data.sampling import Budget, draw_plan
from fakeid.errors import ConfigError, DamagedFileError, DataError

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
        "test_per_class": 5, "seed": 0, **changes,
    }  # fmt: skip
    budget = Budget(*(options.pop(f"{split}_per_class") for split in ("train", "val", "test")))
    return draw_plan(records, budget=budget, **options)


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
            "categories must be between 1 and 10, got 11; .* besides the held-out sheep",
        ),
        ({"order": ["catt"]}, ConfigError, "no images of the category catt; did you mean cat"),
        (
            {"train_per_class": 3000},
            DataError,
            "enough for data.train_per_class=275 data.val_per_class=12 .*=5$",
        ),
        (
            {"val_per_class": 300},
            DataError,
            "enough for data.train_per_class=60 data.val_per_class=227 .*=5$",
        ),
        (
            {"test_per_class": 101},
            DataError,
            r"cat has 100 real images, .* and 19 more have too few; 101 are needed for testing; .*=78$",
        ),
        ({"train_per_class": 2}, DataError, "no image is left to train on"),
        ({"val_per_class": 2}, DataError, "3 categories share data.val_per_class=2, .* data.val_per_class=3 "),
    ],
)
def test_impossible_wishes_are_refused(changes: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        draw(make_records(100), **changes)


@pytest.mark.parametrize("k", [1, 3, 10])
@pytest.mark.parametrize("option", ["train_per_class", "val_per_class"])
def test_the_budget_that_is_named_works_and_one_more_does_not(k: int, option: str) -> None:
    records = make_records(100)
    least = {"train_per_class": k, "val_per_class": 0}
    with pytest.raises(DataError) as refused:
        draw(records, num_categories=k, **{**least, option: 9999})
    named = {name: int(num) for name, num in re.findall(r"data\.(\w+)=(\d+)", str(refused.value))}
    assert set(named) == {"train_per_class", "val_per_class", "test_per_class"}
    draw(records, num_categories=k, **named)
    with pytest.raises(DataError, match="there are enough for"):
        draw(records, num_categories=k, **{**named, option: named[option] + k})


def test_where_all_is_trained_on_a_lower_budget_leaves_something_to_train_on() -> None:
    with pytest.raises(DataError, match=r"enough for data.train_per_class=null data.val_per_class=12 .*=18$"):
        draw(make_records(100), train_per_class=None, test_per_class=200)


def test_of_single_images_nothing_can_be_made() -> None:
    with pytest.raises(DataError, match="there is not even one image per category and split"):
        draw(make_records(2))


@pytest.mark.parametrize(("k", "budget"), [(1, 25), (3, 25), (7, 25), (10, 25), (10, 0)])
def test_validation_is_shared_out_like_training(k: int, budget: int) -> None:
    plan = draw(make_records(100), num_categories=k, train_per_class=budget or 10, val_per_class=budget)
    expected = {(name, label): budget // k for name in ORDER[:k] for label in (REAL, FAKE)} if budget else {}
    assert Counter((r.category, r.label) for r in plan.val) == expected


@given(
    num_scenes=st.integers(60, 400),
    images_a_scene=st.integers(1, 3),
    train=st.integers(2, 12),
    val=st.sampled_from([0, 2, 3, 4, 5, 6]),
    test=st.integers(1, 6),
    seed=st.integers(0, 9),
)
@settings(max_examples=60, deadline=None)
def test_a_long_stream_is_drawn_from_like_a_list(
    num_scenes: int, images_a_scene: int, train: int, val: int, test: int, seed: int
) -> None:
    records = [
        Record(f"{name}/{label}/{i}", label, name, "any", str(i % num_scenes))
        for name in ("a", "b", "c")
        for label in (REAL, FAKE)
        for i in range(num_scenes * (images_a_scene if label else 1))
    ]
    wishes: dict[str, Any] = {
        "order": ["a", "b"], "held_out": "c", "num_categories": 2, "seed": seed, "budget": Budget(train, val, test),
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "_FIRST_TRIM", 16)
        streamed = draw_plan(iter(records), **wishes)
        patch.setattr(sampling, "_compute_reach", lambda _: None)
        assert streamed == draw_plan(records, **wishes)


def test_a_long_stream_is_not_held_in_memory() -> None:
    pool, whole = sampling.Pool(0, (10, 20)), sampling.Pool(0)
    for index in range(20_000):
        for each in (pool, whole):
            each.add(Record(str(index), REAL, "cat", "camera", str(index)))
    assert pool.count == 20_000
    assert len(pool._entries) < 8192
    assert pool.in_order()[:10] == whole.in_order()[:10]
    assert pool.in_order()[-20:] == whole.in_order()[-20:]


def test_given_splits_are_kept() -> None:
    records = [
        Record(f"{split}/{name}/{label}/{i}", label, name, "any", f"{split}/{label}-{i}", split)
        for split, count in ((TRAIN, 30), (VAL, 10), (TEST, 8))
        for name in "abc"
        for label in (REAL, FAKE)
        for i in range(count)
    ]
    nothing: dict[str, Any] = dict.fromkeys(("num_categories", "train_per_class", "val_per_class", "test_per_class"))
    plan = draw(records, order=["a", "b"], held_out="c", **nothing)
    for split, drawn in plan.splits().items():
        assert {record.split for record in drawn} == {split}
    assert [len(drawn) for drawn in plan.splits().values()] == [120, 40, 48]
    without_val = [record for record in records if record.split != VAL]
    plan = draw(without_val, order=["a", "b"], held_out="c", **nothing)
    assert {record.split for record in plan.val} == {TRAIN}
    assert {record.split for record in plan.test} == {TEST}
    assert [len(drawn) for drawn in plan.splits().values()] == [108, 12, 48]


def test_a_mixture_trains_for_its_categories() -> None:
    mixed = [
        Record(f"m/{label}/{i}", label, "add_2", "any", f"m{label}-{i}", TRAIN) for label in (0, 1) for i in range(40)
    ]
    tests = [
        Record(f"{name}/{label}/{i}", label, name, "any", f"{label}-{i}", TEST)
        for name in "abc" for label in (REAL, FAKE) for i in range(5)
    ]  # fmt: skip
    plan = draw(mixed + tests, order=["a", "b"], held_out="c", num_categories=2, mixture="add_2",
                train_per_class=None, val_per_class=None, test_per_class=None)  # fmt: skip
    assert {record.category for record in plan.train + plan.val} == {"add_2"}
    assert (len(plan.train), len(plan.val), len(plan.test)) == (72, 8, 30)
    assert (plan.seen, plan.unseen) == (("a", "b"), ("c",))


def test_a_plan_survives_being_written_and_any_change_is_noticed(tmp_path: Path) -> None:
    plan, path = draw(make_records(100)), tmp_path / "plan.json"
    write_plan(path, plan)
    assert read_plan(path) == plan
    plain = json.loads(path.read_text())
    for change, complaint in (
        (lambda group: group["keys"].__setitem__(0, "another/key"), "changed since"),
        (lambda group: group["scenes"].pop(), "must have one scene for each key"),
        (lambda group: group.update(label=2), r"train\.0\.label is 2"),
    ):
        changed = copy.deepcopy(plain)
        change(changed["train"][0])
        path.write_text(json.dumps(changed))
        with pytest.raises(DamagedFileError, match=complaint):
            read_plan(path)


def test_guard_refuses_held_out_content_in_training() -> None:
    plan = draw(make_records(100))
    leak = Plan([*plan.train, plan.test[-1]], plan.val, plan.test[:-1], plan.seen, plan.unseen, plan.held_out)
    with pytest.raises(DataError, match="category sheep.*kept for the test"):
        check_no_leak(leak)
    twice = Plan([*plan.train, plan.test[0]], plan.val, plan.test, plan.seen, plan.unseen, plan.held_out)
    with pytest.raises(DataError, match="in more than one split"):
        check_no_leak(twice)
