"""Which categories are trained on and tested where a folder has its own splits."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fakeid.config.parse import Config
from fakeid.data.catalog import build_plan, build_source
from fakeid.data.plans import Plan
from fakeid.errors import DataError

BuildConfig = Callable[..., Config]


@pytest.fixture
def plan_for(tiny_config: BuildConfig, tmp_path: Path) -> Callable[..., Plan]:
    def build(train: str, test: str, *options: str) -> Plan:
        for split, names in (("train", train), ("test", test)):
            for folder in (f"{split}/{name}/{side}" for name in names.split() for side in ("0_real", "1_fake")):
                (tmp_path / folder).mkdir(parents=True)
                for number in range(4):
                    (tmp_path / folder / f"{number}.png").write_bytes(b"listed, never read")
        config = tiny_config(
            "data=folders", f"paths.data={tmp_path}", "data.train_per_class=null", "data.val_per_class=0",
            "data.test_per_class=null", "categories=null", *options,
        )  # fmt: skip
        return build_plan(config, build_source(config))

    return build


@pytest.mark.parametrize(
    ("train", "test", "options", "seen", "held_out", "unseen"),
    [
        ("ant bee", "ant bee", [], {"ant"}, "bee", {"bee"}),
        ("ant bee", "ant bee crow", [], {"ant", "bee"}, "crow", {"crow"}),
        ("ant bee", "ant bee crow duck", [], {"ant", "bee"}, "duck", {"crow", "duck"}),
        ("ant bee", "ant bee crow duck", ["data.held_out=bee"], {"ant"}, "bee", {"bee", "crow", "duck"}),
        ("ant bee", "ant bee crow duck", ["categories=1"], {"ant"}, "duck", {"bee", "crow", "duck"}),
        ("ant bee", "crow ant", ["data.categories=[ant]"], {"ant"}, "crow", {"crow"}),
        ("ant zebra", "ant", [], {"zebra"}, "ant", {"ant"}),
        ("ant", "ant", [], {"ant"}, None, set()),
    ],
)
def test_what_has_no_training_images_is_tested_as_unseen(
    plan_for: Callable[..., Plan],
    train: str,
    test: str,
    options: list[str],
    seen: set[str],
    held_out: str | None,
    unseen: set[str],
) -> None:
    plan = plan_for(train, test, *options)
    assert (set(plan.seen), plan.held_out, set(plan.unseen)) == (seen, held_out, unseen)
    assert {record.category for record in plan.train} == seen
    assert {record.category for record in plan.test} == set(test.split()) & (seen | unseen)


def test_a_named_category_without_training_images_is_refused(plan_for: Callable[..., Plan]) -> None:
    with pytest.raises(DataError, match="no image is left to train on of crow: add some, lower categories, or"):
        plan_for("ant", "ant crow", "data.categories=[ant,crow]")
