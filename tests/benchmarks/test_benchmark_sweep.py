"""Cost of a sweep: estimates checked by hand, real measurements, and images packed only once."""

import gc
import io
import json
import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from genuine_trees import write_lsun, write_progan
from rich.console import Console

import fakeid.data.cache.image_cache
import fakeid.sweeps.images
import fakeid.sweeps.worker
from fakeid.benchmarks.grid_hours import Network, estimate_packing_seconds, estimate_sweep, group_by_network
from fakeid.benchmarks.step_rates import Rates, measure_rates
from fakeid.benchmarks.sweep import measure_overhead, run_sweep_benchmark
from fakeid.cli import main
from fakeid.config.choices import AugmentName, ColorName
from fakeid.config.compose import compose_config
from fakeid.config.identity import name_run
from fakeid.config.parse import Config, to_plain
from fakeid.config.schema import AugmentConfig, ColorConfig, OptimConfig
from fakeid.data import datamodule as augmented_module
from fakeid.errors import DataError
from fakeid.evaluation.records.run_summary import RunSummary
from fakeid.io import write_record
from fakeid.runs.layout import RunFolder
from fakeid.sweeps.grid import PlannedRun
from fakeid.sweeps.images import count_by_budget, count_images
from fakeid.sweeps.sweeper import compose_grid
from fakeid.training.callbacks import MovingAverage
from fakeid.training.module import DetectorModule

SMALL = (
    "trainer=cpu", "trainer.precision=float32", "logger=csv", "optim.epochs=1", "optim.batch_size=4",
    "data.image_px=48", "data.train_per_class=8", "data.val_per_class=2", "data.test_per_class=1",
    "grid=full", "seed=0", "color=rgb", "dropout=0",
)  # fmt: skip

QUIET = Console(quiet=True)

BuildConfig = Callable[..., Config]


def lsun(*overrides: str) -> Config:
    return compose_config(["data=lsun_progan", "paths.data=/nowhere", *overrides])


def test_the_images_of_a_run_by_its_budgets() -> None:
    # 25,000 // 3 = 8,333 and 2,500 // 3 = 833 of each class in each of 3; 2,000 in each of 11
    assert count_by_budget(lsun("categories=3")) == {"train": 49_998, "val": 4_998, "test": 44_000}


def test_the_hours_of_two_cells_by_hand() -> None:
    config = lsun("categories=3")
    network, splits = Network(config), count_by_budget(config)
    network.add(config, splits)
    network.add(config, splits, epochs_done=40)
    assert network.trained == (50 + 10) * 49_998
    assert network.inferred == (50 + 10) * 4_998 + 2 * 44_000
    rates = Rates(train=100.0, infer=400.0)
    assert network.estimate_seconds(rates, each_seconds=4.0) == pytest.approx(29_998.8 + 749.7 + 220 + 8)


def test_reals_degraded_for_the_threshold_count_too() -> None:
    under = Network(lsun()), Network(lsun("evaluation.calibrated_under=[jpeg-75,social]"))
    for network in under:
        network.add(network.config, Counter(train=100, val=40, test=10))
    assert under[1].inferred == under[0].inferred + 2 * 20


def test_an_estimate_without_evaluations_says_so(tiny_config: BuildConfig) -> None:
    said = io.StringIO()
    config = tiny_config("optim.batch_size=4", "evaluation.degradations=[blur-1]")
    estimate_sweep([PlannedRun((), config, RunFolder.locate(config))], 1.0, 1, Console(file=said, width=200))
    assert said.getvalue().endswith("hours, one cell after the other and without evaluations\n")


def test_limited_epochs_take_no_more_than_they_may() -> None:
    config = lsun("categories=3", "trainer.limit_batches=2", "optim.epochs=5", "optim.batch_size=32")
    network = Network(config)
    network.add(config, count_by_budget(config))
    assert (network.trained, network.inferred) == (5 * 64, 5 * 64 + 44_000)


def test_missing_images_are_counted_once_for_all_cells() -> None:
    one, three = lsun("categories=1"), lsun("categories=3")
    found = count_images([one, three, replace(three, seed=1)], QUIET)
    assert found.missing is not None
    # cat has the 25,000 and 2,500 of k = 1, two more categories the 8,333 and 833 of k = 3
    assert found.num_to_pack == 2 * (25_000 + 2 * 8_333 + 2_500 + 2 * 833 + 11 * 2_000)


def test_images_that_are_there_count_as_by_their_budgets(tmp_path: Path) -> None:
    categories = ("cat", "church_outdoor", "sheep")
    write_lsun(tmp_path / "set", categories, 30)
    write_progan(tmp_path / "set", categories, 30)
    words = (
        "data.categories=[cat,church_outdoor]", "data.held_out=sheep", "data.image_px=40", "data.train_per_class=16",
        "data.val_per_class=5", "data.test_per_class=4", f"paths.cache={tmp_path / 'cache'}",
    )  # fmt: skip
    there, missing = (
        [lsun(*words, f"paths.data={tmp_path / folder}", f"categories={k}") for k in (1, 2)] for folder in ("set", "no")
    )
    found, counted = count_images(there, QUIET), count_images(missing, QUIET)
    assert found.missing is None
    assert found.splits == counted.splits
    assert found.num_to_pack == counted.num_to_pack == len({key for each in found.to_pack for key in each.records})
    assert estimate_packing_seconds(found) > 0


def test_images_without_budgets_must_be_there() -> None:
    with pytest.raises(DataError, match="nowhere"):
        count_images([lsun("data.train_per_class=null")], QUIET)


def test_cells_are_grouped_by_what_changes_the_time_of_a_step() -> None:
    colors = [ColorConfig(name) for name in (ColorName.rgb, ColorName.hsv)]
    configs = [Config(color=color, dropout=dropout) for color in colors for dropout in (0.0, 0.2, 0.5)]
    networks = group_by_network(configs, [Counter(train=10, val=2, test=4)] * 6, [0] * 6)
    assert {label: network.num_runs for label, network in networks.items()} == {
        "dropout=off, color=rgb": 1, "dropout=on, color=rgb": 2,
        "dropout=off, color=hsv": 1, "dropout=on, color=hsv": 2,
    }  # fmt: skip
    configs = [Config(augment=AugmentConfig(name)) for name in (AugmentName.none, AugmentName.safe)]
    configs += [Config(optim=OptimConfig(ema=ema)) for ema in (0.9, 0.99)]
    networks = group_by_network(configs, [Counter(train=10, val=2, test=4)] * 4, [0] * 4)
    assert [network.num_runs for network in networks.values()] == [1, 1, 2]


def test_the_cells_are_those_of_the_sweep() -> None:
    planned_runs = compose_grid(["grid=smoke", "seed=1", "categories=1"])
    assert len(planned_runs) == 7
    words = [word for word in planned_runs[-1].overrides if not word.startswith("grid=")]
    assert name_run(compose_config(words)) == planned_runs[-1].run.path.name


@pytest.mark.slow
def test_tiny_cells_are_all_different_offline_and_silent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[Config, str]] = []

    def train(config: Config) -> None:
        print("a line of the training")
        seen.append((config, os.environ["WANDB_MODE"]))
        tested = RunSummary(seen=None, unseen=None, categories={}, config=to_plain(config), seconds=0.0)
        write_record(RunFolder.locate(config).summary, tested)

    monkeypatch.setattr(fakeid.sweeps.worker, "train_run", train)
    monkeypatch.setattr(fakeid.sweeps.images, "prepare", print)
    monkeypatch.setenv("WANDB_MODE", "online")
    words = ["grid=full", "seed=0", "data=lsun_progan", "paths.data=/nowhere", "model=pelee_hpf", "color=rgb,hsv",
             "dropout=0", "categories=2", "data.seed=0,1", "logger=wandb"]  # fmt: skip
    overhead = measure_overhead(compose_grid(words), 5)
    assert len(overhead.seconds) == 5
    assert len({name_run(config) for config, _ in seen}) == 5
    assert {mode for _, mode in seen} == {"offline"}
    assert Counter(config.color.name.value for config, _ in seen[:4]) == {"rgb": 2, "hsv": 2}
    assert not Path(seen[0][0].paths.runs).exists()
    assert os.environ["WANDB_MODE"] == "online"
    assert capsys.readouterr().out == ""


def test_each_step_is_measured_without_the_first(tiny_config: BuildConfig) -> None:
    ticks: list[int] = []
    rates = measure_rates(tiny_config("optim.batch_size=4"), steps=2, on_step=lambda: ticks.append(1))
    assert len(ticks) == 2 * 3
    assert rates.train > 0
    assert rates.infer > rates.train  # training also runs the backward pass


def test_augmentation_and_averaging_count_as_time(tiny_config: BuildConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    original, augmented = augmented_module.augment, []

    def note(rgb_u8: np.ndarray, name: str, rng: np.random.Generator) -> np.ndarray:
        augmented.append(name)
        return original(rgb_u8, name, rng)

    monkeypatch.setattr(augmented_module, "augment", note)
    averaged: list[int] = []
    monkeypatch.setattr(MovingAverage, "on_train_batch_end", lambda *_: averaged.append(1))
    rates = measure_rates(tiny_config("optim.batch_size=4", "augment=jpeg_blur", "optim.ema=0.9"), steps=2)
    assert augmented == ["jpeg_blur"] * 3 * 4  # only training images are augmented
    assert len(averaged) == 3
    assert rates.train > 0


def test_ctrl_c_while_measuring_is_ctrl_c(tiny_config: BuildConfig) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # shells make background jobs ignore Ctrl-C
    try:
        with pytest.raises(KeyboardInterrupt):
            measure_rates(tiny_config("optim.batch_size=4"), steps=1, on_step=interrupt)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sweep", "grid=papr"], "fakeid: grid has no choice papr; it has .*full.*, paper.*, smoke"),
        (
            ["sweep", "--cells", "3", "dropout=7", "categories=1", "color=rgb"],
            "fakeid: dropout must be in .*of 3 cells",
        ),
        (["sweep", "--cells", "0"], "must be at least 1"),
        (["swep"], "there is no command fakeid benchmark swep; did you mean sweep"),
        (["training", "seed=1"], "unexpected extra argument .*seed=1"),
        (["--cells", "3"], "there is no option --cells; see fakeid benchmark training --help"),
    ],
)
def test_mistakes_come_first(words: list[str], message: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(["benchmark", *words])
    assert exit_info.value.code == 2
    said = capfd.readouterr()
    assert re.search(message, said.err)
    assert said.out == ""


@pytest.mark.slow
def test_a_sweep_is_measured_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    packed: list[str] = []
    pack = fakeid.data.cache.image_cache.pack_in_parallel

    def count(folder: Path, source: Any, chunks: Sequence[list[Any]], *more: Any) -> Any:
        packed.extend(record.key for chunk in chunks for record in chunk)
        return pack(folder, source, chunks, *more)

    monkeypatch.setattr(fakeid.data.cache.image_cache, "pack_in_parallel", count)
    monkeypatch.chdir(tmp_path)
    overhead, estimate = run_sweep_benchmark([*SMALL, "categories=1,2"], num_runs=2, steps=1)
    assert len(packed) == len(set(packed)) > 0
    assert list(tmp_path.iterdir()) == []
    assert len(overhead.seconds) == 2
    ((label, rates),) = estimate.rates.items()
    # Two cells, each with 16 training, 4 validation (2 with one category, rounded up) and 22 test images.
    by_hand = 2 * (16 / rates[0] + (4 + 22) / rates[1] + overhead.seconds[1]) + estimate.packing_seconds
    assert estimate.seconds == pytest.approx(by_hand)
    said = capsys.readouterr().out
    assert "2 cells, 2 to train" in said
    assert label in said
    assert "in total" in said


@pytest.mark.slow
def test_a_cell_leaves_no_network_in_memory(tiny_config: BuildConfig) -> None:
    gc.collect()
    before = [thing for thing in gc.get_objects() if issubclass(type(thing), DetectorModule)]
    gc.disable()
    try:
        fakeid.sweeps.worker.train_run(tiny_config("optim.epochs=1"))
        after = [thing for thing in gc.get_objects() if issubclass(type(thing), DetectorModule)]
    finally:
        gc.enable()
    assert len(after) == len(before)


@pytest.mark.slow
@pytest.mark.usefixtures("without_drawings")
def test_a_sweep_packs_each_image_once_and_before_its_first_cell(
    tmp_path: Path, typed: Callable[..., tuple[int, str, str]]
) -> None:
    assert typed("sweep", "-m", *SMALL, "categories=1,2")[0] == 0
    indices = sorted(tmp_path.glob("cache/demo-*/*.index.json"))
    keys = [key for path in indices for key in json.loads(path.read_text())["keys"]]
    assert len(keys) == len(set(keys)) > 0
    begun = [path.stat().st_mtime_ns for path in tmp_path.glob("sweeps/*/*/config.yaml")]
    assert len(begun) == 2
    assert max(path.stat().st_mtime_ns for path in indices) < min(begun)
