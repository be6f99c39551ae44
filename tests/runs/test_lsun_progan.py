"""The seed paper's data in its download formats: from the tree to the table, and the other commands."""

import csv
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import lmdb
import pytest
import torch
from genuine_trees import write_add_k, write_lsun, write_progan, write_progan_train
from tiny_runs import quiet, said

from fakeid.cli import main
from fakeid.commands.status import print_status
from fakeid.config.constants import FAKE, LSUN_CATEGORIES, REAL
from fakeid.config.identity import name_run
from fakeid.config.parse import Config
from fakeid.data.catalog import build_plan, build_source
from fakeid.data.plans import Plan
from fakeid.errors import ConfigError, DataError
from fakeid.runs.images import list_images
from fakeid.runs.train import run_training

BuildConfig = Callable[..., Config]
SMALL = (
    "data.train_per_class=12",
    "data.val_per_class=3",
    "data.test_per_class=2",
    "data.image_px=48",
    "optim.epochs=1",
)


@pytest.fixture(scope="session")
def lsun_progan_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    write_lsun(root, LSUN_CATEGORIES, 12)
    write_progan(root, LSUN_CATEGORIES, 12)
    return root


@pytest.fixture
def lsun_progan(tiny_config: BuildConfig, lsun_progan_tree: Path) -> BuildConfig:
    def build(*overrides: str) -> Config:
        return tiny_config("data=lsun_progan", f"paths.data={lsun_progan_tree}", "categories=3", *SMALL, *overrides)

    return build


def check_all_eleven(plan: Plan) -> None:
    assert {*plan.seen, *plan.unseen} == {record.category for record in plan.test} == set(LSUN_CATEGORIES)
    assert plan.held_out == "sheep"


def test_lsun_and_progan_train_and_test_on_all_eleven(lsun_progan: BuildConfig) -> None:
    summary = run_training(lsun_progan(), quiet())
    assert summary
    assert set(summary.categories) == set(LSUN_CATEGORIES)
    assert summary.held_out == "sheep"
    assert summary.data.images == {"train": 24, "val": 6, "test": 44}
    assert summary.config["data"]["prep"] == "squash"


def test_corrected_prepares_as_progan_did(lsun_progan: BuildConfig) -> None:
    config = lsun_progan("protocol=corrected")
    assert (config.data.prep.value, config.data.codec.value) == ("center_crop", "auto")


def test_reals_and_fakes_may_lie_apart(tmp_path: Path, tiny_config: BuildConfig) -> None:
    write_lsun(tmp_path / "photos", LSUN_CATEGORIES, 8)
    write_progan(tmp_path / "samples", LSUN_CATEGORIES, 8, form="tar")
    config = tiny_config(
        "data=lsun_progan", f"data.real.root={tmp_path / 'photos'}", f"data.fake.root={tmp_path / 'samples'}",
        "categories=2", "data.train_per_class=6", "data.val_per_class=2", "data.test_per_class=1",
    )  # fmt: skip
    plan = build_plan(config, build_source(config))
    assert {record.key.partition("/")[0] for record in plan.train} == {"lsun", "progan"}
    assert (plan.seen, plan.held_out) == (("cat", "church_outdoor"), "sheep")


def test_the_plan_is_remembered(lsun_progan: BuildConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    config = lsun_progan("data.seed=7")
    plan = build_plan(config, build_source(config))

    def refuse(*_: object) -> None:
        raise AssertionError("listed again")

    monkeypatch.setattr("fakeid.data.sources.base.RealFakeSource.records", refuse)
    assert build_plan(config, build_source(config)) == plan
    (remembered,) = (
        path for path in (Path(config.paths.cache) / "plans").iterdir() if plan.digest() in path.read_text()
    )
    remembered.write_text(remembered.read_text().replace("lsun/", "nuls/", 1))
    with pytest.raises(AssertionError, match="listed again"):
        build_plan(config, build_source(config))


def test_more_categories_keep_the_images_of_fewer(lsun_progan: BuildConfig) -> None:
    plans = {
        k: build_plan(config, build_source(config))
        for k in (1, 2, 3)
        for config in [lsun_progan(f"categories={k}", "data.train_per_class=6", "data.val_per_class=0")]
    }
    for k in (1, 2):
        more = {r.key for r in plans[k + 1].train if r.category in plans[k].seen}
        assert more < {r.key for r in plans[k].train}
        assert {r.key for r in plans[k].test} == {r.key for r in plans[k + 1].test}
    assert all(r.category != "sheep" for plan in plans.values() for r in plan.train + plan.val)


def test_progan_train_has_all_eleven(tmp_path: Path, tiny_config: BuildConfig) -> None:
    write_progan_train(tmp_path / "progan_train", LSUN_CATEGORIES, 6)
    config = tiny_config(
        "data=folders", f"paths.data={tmp_path / 'progan_train'}", "categories=3", *SMALL[3:], "data.train_per_class=6",
        "data.val_per_class=3", "data.test_per_class=2",
    )  # fmt: skip
    plan = build_plan(config, build_source(config))
    check_all_eleven(plan)
    assert [len(records) for records in (plan.train, plan.val, plan.test)] == [12, 6, 44]


def test_the_authors_tree_has_all_eleven(tmp_path: Path, tiny_config: BuildConfig) -> None:
    write_add_k(tmp_path / "authors", (1, 3), 12, 3)
    config = tiny_config("data=folders", f"paths.data={tmp_path / 'authors'}", "categories=3", *SMALL[3:],
                         "data.train_per_class=null", "data.val_per_class=3", "data.test_per_class=3")  # fmt: skip
    plan = build_plan(config, build_source(config))
    check_all_eleven(plan)
    assert plan.seen == ("cat", "church_outdoor", "train")
    assert all(record.key.startswith("train(Add_3)/") for record in plan.train + plan.val)
    assert all(record.key.startswith("test/") for record in plan.test)
    missing = tiny_config("data=folders", f"paths.data={tmp_path / 'authors'}", "categories=2")
    with pytest.raises(ConfigError, match=r"categories=2 needs the folder train\(Add_2\).*there is train\(Add_1\), "):
        build_plan(missing, build_source(missing))


def test_held_out_content_in_a_mixture_is_refused(tmp_path: Path, tiny_config: BuildConfig) -> None:
    write_add_k(tmp_path / "authors", (1,), 6, 2)
    stray = next((tmp_path / "authors" / "train(Add_1)" / "fake").iterdir())
    stray.rename(stray.with_name("sheep_0007.png"))
    config = tiny_config("data=folders", f"paths.data={tmp_path / 'authors'}", "categories=1")
    with pytest.raises(DataError, match=r"sheep_0007.png is named after sheep, which train\(Add_1\) must not contain"):
        build_plan(config, build_source(config))


def test_doctor_counts_what_is_there(
    lsun_progan_tree: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    main(["doctor", f"paths.data={lsun_progan_tree}", f"paths.cache={tmp_path}"])
    out = capsys.readouterr().out
    assert out.count("karras2018iclr") == 11
    assert "everything is there" in out
    assert "sheep (held out)" in out
    machine, _, images = out.partition("LSUN's databases in")
    for name in ("Python", "torch", "GPU", "bf16", "threads", "paths.cache", "paths.runs", "W&B"):
        assert any(line.startswith(name) for line in machine.splitlines())
    assert f"{torch.get_num_threads()} of {os.cpu_count()} cores" in machine
    assert re.search(r"^ *sheep \(held out\) +12 +[\d.]+ kB", images, re.MULTILINE)


def test_doctor_names_the_files_that_are_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_lsun(tmp_path, ["cat", "bedroom"], 4)
    write_progan(tmp_path, ["bedroom"], 2)
    with zipfile.ZipFile(tmp_path / "karras2018iclr-lsun-cat-256x256.zip", "w") as archive:
        archive.writestr("readme.txt", "no image")
    with pytest.raises(SystemExit) as exit_info:
        main(["doctor", f"paths.data={tmp_path}", f"paths.cache={tmp_path / 'cache'}"])
    assert exit_info.value.code == 1
    needed = capsys.readouterr().out.partition("missing files of LSUN, as published by Yu et al. 2015:")[2]
    photos, _, samples = needed.partition("missing files of ProGAN's samples, as published by Karras et al. 2018:")
    assert "bridge_train_lmdb.zip and bridge_val_lmdb.zip, unzipped" in photos
    assert "sheep.zip, unzipped" in photos
    assert "karras2018iclr-lsun-cat-256x256.zip" in samples
    assert "bedroom" not in needed


def test_plan_writes_every_key(lsun_progan_tree: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    options = ["data=lsun_progan", f"paths.data={lsun_progan_tree}", f"paths.cache={tmp_path}", "categories=3", *SMALL]
    main(["plan", *options, "--output", str(tmp_path / "plan.csv")])
    out = capsys.readouterr().out
    rows = list(csv.DictReader((tmp_path / "plan.csv").read_text().splitlines()))
    assert len(rows) == 74
    assert {row["split"] for row in rows if row["category"] == "sheep"} == {"test"}
    assert "sheep (held out)" in out
    assert "digest" in out


def test_plan_and_audit_write_beside_the_runs(
    lsun_progan_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["data=lsun_progan", f"paths.data={lsun_progan_tree}", "categories=3", *SMALL, "paths.runs=mine"]
    main(["plan", *options])
    main(["audit", *options])
    files = sorted(path.relative_to("mine").as_posix() for path in Path("mine").rglob("*.*"))
    assert [re.sub(r"[0-9a-f]{8}", "HASH", name) for name in files] == [
        "audits/lsun_progan-48px-k3-HASH/audit.html",
        "audits/lsun_progan-48px-k3-HASH/audit.json",
        "plans/lsun_progan-48px-k3-HASH.csv",
    ]
    assert {path.name for path in tmp_path.iterdir()} == {"mine", "cache"}
    with pytest.raises(DataError, match="there is no run in mine"):
        print_status(Path("mine"), quiet())


def test_prepare_packs_a_whole_grid_once(
    lsun_progan_tree: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = ["data=lsun_progan", f"paths.data={lsun_progan_tree}", f"paths.cache={tmp_path}", *SMALL, "logger=csv"]
    main(["prepare", *options, "categories=1,2", "color=rgb,hsv", "data.train_per_class=6", "data.val_per_class=2"])
    assert (
        "preparing 68 images, once: 470.0 kB" in capsys.readouterr().out
    )  # 44 test images, 16 for k=1, 8 more for k=2
    main(["prepare", *options, "categories=1,2", "data.train_per_class=6", "data.val_per_class=2", "--verify"])
    out = capsys.readouterr().out
    assert "preparing" not in out
    assert "packs are intact" in out


@pytest.mark.parametrize("k", [1, 3])
def test_too_few_images_name_a_line_that_works(lsun_progan: BuildConfig, k: int) -> None:
    wanted = [f"categories={k}", "data.train_per_class=25000", "data.val_per_class=2500", "data.test_per_class=2000"]
    config = lsun_progan(*wanted)
    with pytest.raises(DataError, match=r"cat has 12 real images.*2,000 are needed for testing") as refused:
        build_plan(config, build_source(config))
    named = str(refused.value).partition("enough for ")[2].split()
    assert [word.partition("=")[0] for word in named] == [f"data.{name}_per_class" for name in ("train", "val", "test")]
    typed = lsun_progan(*wanted, *named)
    plan = build_plan(typed, build_source(typed))
    assert len(plan.test) == 2 * 11 * typed.data.test_per_class
    auto = lsun_progan(*wanted, "data.budget=auto")
    console = quiet()
    assert list_images(auto, console).plan == plan
    asked = f"data.test_per_class={typed.data.test_per_class}; requested were data.train_per_class=25000"
    assert asked in said(console)


def test_a_budget_that_fits_is_not_lowered(lsun_progan: BuildConfig) -> None:
    configs = [lsun_progan("data.budget=auto"), lsun_progan()]
    plans = [build_plan(config, build_source(config)) for config in configs]
    assert plans[0] == plans[1]
    assert name_run(configs[0]) != name_run(configs[1])
    with pytest.raises(ConfigError, match="data.budget=auto works only with data=lsun_progan"):
        lsun_progan("data=folders", "data.budget=auto")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data.categories=[catt]"], "LSUN has no category catt; did you mean cat"),
        (["categories=12"], "categories must be between 1 and 10, got 12; sheep is held out"),
        (["data.held_out=cat"], "held-out category cat must not be trained on"),
    ],
)
def test_wrong_categories_are_refused_at_once(lsun_progan: BuildConfig, overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        lsun_progan(*overrides)


def test_no_folder_named(tiny_config: BuildConfig) -> None:
    with pytest.raises(ConfigError, match=r"data=lsun_progan needs paths.data=DIR.*python -m fakeid doctor"):
        tiny_config("data=lsun_progan")
    with pytest.raises(ConfigError, match="data.real.root and data.fake.root belong to data=lsun_progan"):
        tiny_config("data.real.root=somewhere")


def cut_real(root: Path, key: str) -> None:
    _, folder, name = key.split("/")
    with lmdb.open(str(root / folder), map_size=1 << 24) as env, env.begin(write=True) as transaction:
        transaction.put(name.encode(), (transaction.get(name.encode()) or b"")[:50])


def cut_fake(root: Path, key: str) -> None:
    path = root / key.removeprefix("progan/")
    path.write_bytes(path.read_bytes()[:50])


@pytest.mark.parametrize(("label", "cut"), [(REAL, cut_real), (FAKE, cut_fake)])
@pytest.mark.slow
def test_one_undecodable_image_stops_or_is_listed(
    tmp_path: Path, tiny_config: BuildConfig, label: int, cut: Callable[[Path, str], None]
) -> None:
    write_lsun(tmp_path, LSUN_CATEGORIES, 8)
    write_progan(tmp_path, LSUN_CATEGORIES, 8, form="folder")
    options = ["data=lsun_progan", f"paths.data={tmp_path}", f"paths.cache={tmp_path / 'cache'}", "categories=1",
               "data.train_per_class=4", "data.val_per_class=2", "data.test_per_class=2", "optim.epochs=1"]  # fmt: skip
    config = tiny_config(*options)
    victim = next(r for r in build_plan(config, build_source(config)).train if r.label == label)
    cut(tmp_path, victim.key)
    with pytest.raises(DataError, match=r"(cut short|damaged|unreadable).*data.on_bad_image=skip"):
        run_training(config, quiet())
    summary = run_training(tiny_config(*options, "data.on_bad_image=skip"), quiet())
    assert list(summary.skipped_images) == [victim.key]
