"""Photos whose translation is in another given split are reported, since given splits cannot be changed."""

from pathlib import Path

import pytest

from fakeid.audit.duplicates import count_duplicates, count_torn_pairs, find_torn_pairs, list_split_warnings
from fakeid.config.constants import TEST, TRAIN
from fakeid.data.plans import Plan
from fakeid.data.records import Record
from fakeid.data.sampling import Budget, draw_plan
from fakeid.data.sources.folders import FolderSource


def write(root: Path, *names: str) -> list[Record]:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return FolderSource(str(root)).records()


def take_all(records: list[Record]) -> Plan:
    return Plan(
        [r for r in records if r.split == TRAIN], [], [r for r in records if r.split == TEST], ("cat",), (), None
    )


def find(records: list[Record]) -> list[tuple[str, str]]:
    return [(pair.real, pair.fake) for pair in find_torn_pairs(take_all(records), records)]


# Each split needs two more images, because a class folder must not be empty.
REST = [f"{split}/cat/{folder}/{split}-{folder}.png" for split in ("train", "test") for folder in ("0_real", "1_fake")]


@pytest.mark.parametrize(
    ("real", "fake"),
    [
        ("train/cat/0_real/x_real.png", "test/cat/1_fake/x_fake.png"),
        ("test/cat/0_real/x_real_B.png", "train/cat/1_fake/x_fake_B.png"),
        ("train/cat/0_real/x.jpg", "test/cat/1_fake/x.png"),
    ],
)
def test_a_torn_pair_is_found(tmp_path: Path, real: str, fake: str) -> None:
    assert find(write(tmp_path, *REST, real, fake)) == [(real, fake)]


@pytest.mark.parametrize(
    "names",
    [
        ["train/cat/0_real/1_real.png", "train/cat/1_fake/1_fake.png",
         "test/cat/0_real/1_real.png", "test/cat/1_fake/1_fake.png"],  # the other split numbers its images anew
        ["train/cat/0_real/1_real.png", "test/cat/0_real/1_real.png"],  # two photos, no translation
        ["train/cat/0_real/1_real.png", "test/dog/1_fake/1_fake.png", "test/dog/0_real/2_real.png"],  # another category
        ["train/cat/0_real/1_real.png", "train/cat/1_fake/1_fake.png"],  # both halves in one split
    ],
)  # fmt: skip
def test_what_is_no_torn_pair(tmp_path: Path, names: list[str]) -> None:
    assert find(write(tmp_path, *REST, *names)) == []


def test_halves_that_were_not_drawn_still_tell_that_names_were_given_anew(tmp_path: Path) -> None:
    names = [
        f"{split}/cat/{side}/{n}.png" for split in ("train", "test") for side in ("0_real", "1_fake") for n in "12"
    ]
    records = write(tmp_path, *names)
    plan = take_all(records)
    some = Plan([r for r in plan.train if r.key.endswith("0_real/1.png")],
                [], [r for r in plan.test if r.key.endswith("1_fake/1.png")], ("cat",), (), None)  # fmt: skip
    assert find_torn_pairs(some, records) == []


def test_a_mixture_does_not_say_its_category(tmp_path: Path) -> None:
    pair = ("train(Add_1)/real/x_real.png", "test/cat/fake/x_fake.png")
    rest = ("train(Add_1)/fake/a.png", "test/cat/real/b.png", "test/dog/real/c.png", "test/dog/fake/d.png")
    records = write(tmp_path, *pair, *rest)
    plan = draw_plan(records, order=["cat"], held_out="dog", num_categories=1, budget=Budget(None, 0, None), seed=0,
                     mixture="add_1")  # fmt: skip
    assert {record.key for record in plan.records()} == {*pair, *rest}
    assert [(each.real, each.fake) for each in find_torn_pairs(plan, records)] == [pair]


def test_the_warning_counts_and_names(tmp_path: Path) -> None:
    records = write(tmp_path, *REST, "train/cat/0_real/x_real.png", "test/cat/1_fake/x_fake.png",
                    "train/cat/0_real/y_real.png", "test/cat/1_fake/y_fake.png")  # fmt: skip
    counted = count_torn_pairs(find_torn_pairs(take_all(records), records))
    assert counted.num == 2
    assert list_split_warnings(count_duplicates([]), counted)[0].startswith(
        "2 photos have their translation in another split of the data set, such as train/cat/0_real/x_real.png and "
        "test/cat/1_fake/x_fake.png: move both to one split"
    )
