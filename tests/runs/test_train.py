import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console
from tiny_runs import read_weights, train

from fakeid.config.constants import DEMO_CATEGORIES
from fakeid.config.parse import Config
from fakeid.data.datamodule import PackedDataset
from fakeid.errors import CheckpointError, OutputError
from fakeid.evaluation.scores import read_scores
from fakeid.io import lock_folder
from fakeid.runs.context import build_context
from fakeid.runs.images import list_images, prepare_images
from fakeid.runs.layout import RunFolder
from fakeid.training.checkpoint import load_module, read_precision
from fakeid.training.module import DetectorModule, compute_loss
from fakeid.training.team import Processes, Team

BuildConfig = Callable[..., Config]


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def read_aurocs(run: RunFolder) -> list[float]:
    with run.history.open() as file:
        return [float(row["val/auroc"]) for row in csv.DictReader(file)]


def interrupt_in_epoch(monkeypatch: pytest.MonkeyPatch, epoch: int, error: type[BaseException]) -> None:
    def training_step(self: DetectorModule, batch: Any, index: int) -> torch.Tensor:
        if self.current_epoch == epoch and index == 1:
            raise error
        return original(self, batch, index)

    original = DetectorModule.training_step
    monkeypatch.setattr(DetectorModule, "training_step", training_step)


@pytest.mark.draws
def test_a_run_leaves_everything_behind(tiny_config: BuildConfig) -> None:
    config = tiny_config("model=pelee_hpf")
    summary, output = train(config)
    files = RunFolder.locate(config)
    assert summary == files.read_summary()
    assert summary.parameters == 2_240_289
    assert list(summary.categories) == list(DEMO_CATEGORIES)
    assert list(summary.list_categories(seen=True)) == list(DEMO_CATEGORIES[:2])
    assert summary.seen
    assert summary.unseen
    assert (summary.seen.num_real, summary.unseen.num_fake) == (4, 18)
    with files.scores.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 44
    assert list(rows[0]) == ["key", "label", "category", "generator", "degradation", "logit", "p_fake", "test_set"]
    with files.history.open() as file:
        history = list(csv.DictReader(file))
    assert [row["epoch"] for row in history] == ["1", "2"]
    assert {path.stem for path in files.figures.iterdir()} == {"learning_curve", "categories", "roc", "samples"}
    assert same(read_weights(files.tested), read_weights(files.last))
    assert files.is_done()
    for part in ("epoch 2/2", "seen content", "unseen content", "coral", "held out", str(files.scores)):
        assert part in output


def test_asking_again_prints_the_table_and_trains_nothing(trained: Config, tiny_config: BuildConfig) -> None:
    summary = RunFolder.locate(trained).read_summary()
    before = RunFolder.locate(trained).last.stat().st_mtime_ns
    again, output = train(trained)
    assert again == summary
    assert "is done; force=true starts it over" in output
    assert "unseen content" in output
    assert RunFolder.locate(trained).last.stat().st_mtime_ns == before
    _, output = train(tiny_config("optim.epochs=1", "force=true"))
    assert "epoch 1/1" in output


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_and_another_does_not(tiny_config: BuildConfig) -> None:
    config = tiny_config("dropout=0.5")
    train(config)
    first = read_weights(RunFolder.locate(config).last)
    train(tiny_config("dropout=0.5", "force=true"))
    assert same(first, read_weights(RunFolder.locate(config).last))
    other = tiny_config("dropout=0.5", "seed=1")
    train(other)
    assert not same(first, read_weights(RunFolder.locate(other).last))


@pytest.mark.parametrize("error", [KeyboardInterrupt, pytest.param(RuntimeError, marks=pytest.mark.slow)])
def test_an_interrupted_run_ends_like_an_undisturbed_one(
    tiny_config: BuildConfig, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    config = tiny_config("dropout=0.5", "protocol.tested=best")
    undisturbed = tiny_config("dropout=0.5", "protocol.tested=best", "paths.runs=" + config.paths.runs + "/x")
    summary, _ = train(undisturbed)
    assert summary.epoch_chosen == np.argmax(read_aurocs(RunFolder.locate(undisturbed))) + 1
    with monkeypatch.context() as patch:
        interrupt_in_epoch(patch, 1, error)
        with pytest.raises(error):
            train(config)
    status = RunFolder.locate(config).read_status()
    assert status
    assert status.state == ("interrupted" if error is KeyboardInterrupt else "failed")
    assert status.epochs_done == 1
    _, output = train(config)
    assert "continuing after epoch 1 of 2" in output
    assert "epoch 1/2" not in output
    for name in ("last", "tested"):
        assert same(
            read_weights(getattr(RunFolder.locate(config), name)),
            read_weights(getattr(RunFolder.locate(undisturbed), name)),
        )
    assert RunFolder.locate(config).scores.read_text() == RunFolder.locate(undisturbed).scores.read_text()


@pytest.mark.slow
def test_patience_stops_a_training_once_and_the_best_epoch_is_tested(tiny_config: BuildConfig) -> None:
    config = tiny_config("protocol.tested=best", "optim.epochs=60", "optim.patience=2")
    summary, said = train(config)
    run = RunFolder.locate(config)
    aurocs = read_aurocs(run)
    assert summary.epoch_chosen == np.argmax(aurocs) + 1 == len(aurocs) - 2 < 58
    assert said.count("stopped early: 2 epochs without a better validation AUROC") == 1
    run.summary.unlink()
    again, _ = train(config)
    assert again.epoch_chosen == summary.epoch_chosen
    assert read_aurocs(run) == aurocs


def test_best_is_the_epoch_with_the_highest_validation_auroc(tiny_config: BuildConfig) -> None:
    config = tiny_config("protocol.tested=best", "optim.epochs=4")
    train(config)
    aurocs = read_aurocs(RunFolder.locate(config))
    tested = torch.load(RunFolder.locate(config).tested, weights_only=True)
    assert tested["epoch"] == aurocs.index(max(aurocs))


def test_all_scores_of_a_bf16_training_are_float32(tiny_config: BuildConfig) -> None:
    config = tiny_config(
        "trainer.precision=bf16", "protocol.loss=bce", "optim.learning_rate=0.01", "color=hsv", "optim.epochs=1"
    )
    summary, _ = train(config)
    assert summary.precision == "bf16"
    files = RunFolder.locate(config)
    scores = read_scores(files.scores)
    console = Console(file=io.StringIO())
    listed = list_images(config, console)
    images = PackedDataset(prepare_images(config, listed, console), listed.plan.test)
    assert [record.key for record in images.records] == scores.key.tolist()
    tested = load_module(files.tested)
    assert not tested.training
    assert tested.hparams["detector"]["color"] == "hsv"
    with torch.no_grad():
        expected = tested.score(images.__getitems__(list(range(len(images)))).rgb_u8)
    np.testing.assert_allclose(scores.logit, expected, rtol=0, atol=1e-5)
    # The tested weights reproduce the validation scores of the training, to more digits than bf16 has.
    validation = read_scores(files.validation)
    loss = compute_loss("bce", torch.tensor(validation.logit.to_numpy()), torch.tensor(validation.label.to_numpy()))
    with files.history.open() as file:
        *_, epoch = csv.DictReader(file)
    assert float(epoch["val/loss"]) == pytest.approx(loss.item(), rel=1e-5)


def test_a_training_keeps_its_precision_on_another_machine(
    tiny_config: BuildConfig, tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = RunFolder(tiny_run).last
    assert read_precision(last) == RunFolder(tiny_run).read_summary().precision == "float32"
    monkeypatch.setattr("fakeid.runs.context.choose_precision", lambda *_: "bf16")
    for options, expected in (("", "float32"), ("force=true", "bf16")):
        config = tiny_config("trainer.precision=auto", *options.split())
        run = RunFolder.locate(config)
        run.checkpoints.mkdir(parents=True, exist_ok=True)
        shutil.copy(last, run.last)
        assert build_context(config, Console(quiet=True), Team(Processes(), "cpu")).precision == expected


def test_a_checkpoint_of_another_model_is_refused(tiny_config: BuildConfig, tiny_run: Path) -> None:
    config = tiny_config("color=ycbcr", "protocol.hpf_channels=each", "optim.epochs=1")
    RunFolder.locate(config).checkpoints.mkdir(parents=True)
    RunFolder.locate(config).last.write_bytes(RunFolder(tiny_run).last.read_bytes())
    with pytest.raises(CheckpointError, match=r"last.ckpt was trained with detector=.*force=true starts over"):
        train(config)


def test_a_damaged_checkpoint_is_refused_and_trained_anew(tiny_config: BuildConfig) -> None:
    config = tiny_config("optim.epochs=1")
    RunFolder.locate(config).checkpoints.mkdir(parents=True)
    RunFolder.locate(config).last.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(CheckpointError, match="damaged or not a checkpoint; retrain the run with force=true"):
        train(config)
    train(tiny_config("optim.epochs=1", "force=true"))


def test_a_run_in_progress_is_left_alone(tiny_config: BuildConfig) -> None:
    config = tiny_config()
    RunFolder.locate(config).path.mkdir(parents=True)
    with (
        lock_folder(RunFolder.locate(config).path, wait=False, busy=""),
        pytest.raises(OutputError, match="is in progress in another process"),
    ):
        train(config)


@pytest.mark.slow
def test_debug_ends_after_two_batches(tiny_config: BuildConfig) -> None:
    config = tiny_config("trainer=debug", "optim.epochs=1")
    train(config)
    with RunFolder.locate(config).history.open() as file:
        assert next(csv.DictReader(file))["images"] == "32"


def test_offline_tracking_keeps_everything_and_says_how_to_upload(
    tiny_config: BuildConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    config = tiny_config("logger=wandb", "optim.epochs=1")
    _, output = train(config)
    assert "wandb sync" in output
    assert list((RunFolder.locate(config).path / "wandb").glob("offline-run-*/*.wandb"))


def test_a_failing_tracker_does_not_stop_the_run(tiny_config: BuildConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> None:
        raise OSError("no space for W&B")

    monkeypatch.setattr("wandb.init", fail)
    config = tiny_config("logger=wandb", "optim.epochs=1")
    with pytest.warns(UserWarning, match=r"W&B logging stopped \(no space for W&B\)"):
        train(config)
    assert RunFolder.locate(config).is_done()
