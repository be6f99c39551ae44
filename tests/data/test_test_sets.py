from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from fakeid.config.constants import DEMO_CATEGORIES, FAKE, REAL
from fakeid.data.records import Record
from fakeid.data.sampling import Budget, draw_plan
from fakeid.data.sources.demo import DemoSource
from fakeid.data.test_sets import build_folder_set, build_own_set, take_per_class
from fakeid.errors import DataError


def plant(root: Path, *folders: str, count: int = 3) -> None:
    for folder in folders:
        (root / folder).mkdir(parents=True)
        for number in range(count):
            cv2.imwrite(str(root / folder / f"{number}.png"), np.full((40, 40, 3), number, np.uint8))


def build(name: str, root: Path, **options: object) -> list[Record]:
    settings = {"per_class": None, "seed": 0, "control": False, "max_megapixels": 100.0} | options
    return build_folder_set(name, str(root), **settings).records  # type: ignore[arg-type]


def records(num: int) -> list[Record]:
    return [Record(f"{c}/{g}/{i}", int(g != "camera"), c, g, f"{g}-{i}") for c in "ab" for g in ("camera", "gan")
            for i in range(num)]  # fmt: skip


def test_some_of_each_are_taken_and_more_are_a_superset() -> None:
    few, many = (take_per_class(records(30), number, seed=0) for number in (5, 8))
    assert set(Counter((record.category, record.generator) for record in few).values()) == {5}
    assert set(few) < set(many)
    assert few != take_per_class(records(30), 5, seed=1)
    assert take_per_class(records(30)[::-1], 5, seed=0) == few[::-1]
    assert take_per_class(records(3), None, seed=0) == records(3)


def test_a_set_that_is_hardly_larger_is_taken_whole(tmp_path: Path) -> None:
    assert take_per_class(records(60), 50, seed=0) == records(60)
    assert len(take_per_class(records(75), 50, seed=0)) == 4 * 50
    plant(tmp_path, "cat/0_real", "cat/1_fake", count=6)
    cut = build_folder_set("cats", str(tmp_path), per_class=3, seed=0, control=False, max_megapixels=100.0)
    assert (len(cut.records), cut.left_out) == (6, {REAL: 3, FAKE: 3})
    whole = build_folder_set("cats", str(tmp_path), per_class=5, seed=0, control=False, max_megapixels=100.0)
    assert (len(whole.records), whole.left_out) == (12, {})


def test_the_built_in_set_adds_a_kind_of_decoder_that_is_never_trained_on() -> None:
    source = DemoSource(images_per_class=6, image_px=40)
    plan = draw_plan(
        source.records(), order=DEMO_CATEGORIES[:-1], held_out=DEMO_CATEGORIES[-1], num_categories=2,
        budget=Budget(4, 2, 3), seed=0,
    )  # fmt: skip
    own = build_own_set(source, plan, "built-in data", per_class=2, held_out_generators=True)
    known = {record.generator for record in source.records()}
    assert Counter((r.label, r.generator in known) for r in own.records) == {
        (REAL, True): 22, (FAKE, True): 22, (FAKE, False): 22,
    }  # fmt: skip
    assert {r.generator for r in own.records if r.generator not in known} == {"transposed_fir"}
    assert len({r.key for r in own.records}) == 66
    without = build_own_set(source, plan, "built-in data", per_class=2, held_out_generators=False)
    assert len(without.records) == 44
    assert source.read(own.records[-1]).shape == (40, 40, 3)


def test_a_folder_names_the_generator_that_it_does_not_tell(tmp_path: Path) -> None:
    plant(tmp_path, "cat/0_real", "cat/1_fake")
    assert {(r.category, r.generator) for r in build("mygan", tmp_path)} == {("cat", "camera"), ("cat", "mygan")}


def test_what_no_folder_names_is_told(tmp_path: Path) -> None:
    def list_unnamed(name: str, *folders: str) -> tuple[str, ...]:
        root = tmp_path / "-".join((name, *folders)).replace("/", "+") / "faces_test"
        plant(root, *folders)
        options = {"per_class": None, "seed": 0, "control": False, "max_megapixels": 100.0}
        return build_folder_set(name, str(root), **options).unnamed  # type: ignore[arg-type]

    assert list_unnamed("faces_test", "0_real", "1_fake") == ("category", "generator")
    assert list_unnamed("mygan", "0_real", "1_fake") == ("category",)
    assert list_unnamed("faces_test", "cat/0_real", "cat/1_fake") == ("generator",)
    assert list_unnamed("faces_test", "progan/cat/0_real", "progan/cat/1_fake") == ()
    assert list_unnamed("faces_test", "0_real") == ()


def test_generators_of_a_tree_keep_their_names(tmp_path: Path) -> None:
    plant(tmp_path, "progan/cat/0_real", "progan/cat/1_fake", "stylegan/car/0_real", "stylegan/car/1_fake")
    assert {r.generator for r in build("forensynths", tmp_path)} == {"camera", "progan", "stylegan"}


def test_one_class_is_enough(tmp_path: Path) -> None:
    plant(tmp_path, "face/1_fake")
    assert [r.label for r in build("ffhq", tmp_path)] == [FAKE] * 3


def test_of_a_tree_with_splits_only_test_images_are_taken(tmp_path: Path) -> None:
    plant(tmp_path, "train/cat/0_real", "train/cat/1_fake", "test/cat/0_real", "test/cat/1_fake")
    assert {r.key.partition("/")[0] for r in build("mine", tmp_path)} == {"test"}


@pytest.mark.parametrize("folders", [(), ("cat",), ("train/cat/0_real", "train/cat/1_fake")])
def test_a_folder_without_test_images_is_refused_by_its_name(tmp_path: Path, folders: tuple[str, ...]) -> None:
    plant(tmp_path / "set", *folders) if folders else None
    if folders[:1] == ("train/cat/0_real",):
        plant(tmp_path / "set", "val/cat/0_real", "val/cat/1_fake")
    with pytest.raises(DataError, match="the test set mine"):
        build("mine", tmp_path / "set")
