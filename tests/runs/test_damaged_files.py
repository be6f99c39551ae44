"""A damaged file in a run folder is named, left out of reports, no obstacle to other runs, and repaired on request."""

import contextlib
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from invented_sweep import write_run
from rich.console import Console
from tiny_runs import read_weights, train

from fakeid.checkpoints import read_checkpoint
from fakeid.commands.status import print_status
from fakeid.config.parse import Config, to_plain
from fakeid.errors import CheckpointError, DamagedFileError
from fakeid.runs.evaluate.evaluation import adopt
from fakeid.runs.layout import RunFolder
from fakeid.runs.states import DAMAGED, is_complete, read_state
from fakeid.sweeps.grid import PlannedRun
from fakeid.sweeps.monitor import Overview, run_rounds
from fakeid.sweeps.report import read_report
from fakeid.sweeps.worker import train_run
from fakeid.training.checkpoint import read_card

BuildConfig = Callable[..., Config]

DAMAGES = [b"", b"\xff\xfe\x00", b'{"state": 3}']


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def console() -> Console:
    return Console(file=io.StringIO(), width=200)


@pytest.mark.parametrize("name", ["status.json", "summary.json"])
def test_reports_and_status_name_a_damaged_run_and_leave_it_out(tmp_path: Path, name: str) -> None:
    write_run(tmp_path, "seed=0", images=4)
    damaged = write_run(tmp_path, "seed=1", images=4)
    for damage in DAMAGES:
        (damaged.path / name).write_bytes(damage)
        report = read_report(tmp_path)
        assert [run.seed for run in report.tested] == [0]
        (left,) = report.unfinished
        assert left.name == damaged.path.name
        assert f"{name} is damaged (" in left.reason
        said = console()
        assert print_status(tmp_path, said)[damaged.path.name].name == DAMAGED
        assert f"{name} is damaged (" in printed(said)


@pytest.mark.parametrize("name", ["status.json", "summary.json"])
def test_the_same_command_goes_on_without_training_anew(trained: Config, name: str) -> None:
    run = RunFolder.locate(trained)
    before, weights = run.read_summary(), read_weights(run.tested)
    history = run.history.read_text()
    if name == "summary.json":  # otherwise the history is not needed again
        run.history.write_bytes(b"epoch,\xff")
    (run.path / name).write_bytes(b"[]")
    assert not is_complete(run, trained)
    summary, said = train(trained)
    assert f"{name} is damaged (its content is []: input should be an object); continuing" in said
    assert "epoch 1/1" not in said
    assert summary.seen == before.seen
    assert run.history.read_text() == history
    assert run.is_done()
    after = read_weights(run.tested)
    assert all(torch.equal(weights[key], after[key]) for key in weights)


def test_without_its_images_a_run_stays_as_it_is_until_it_is_trained_anew(
    trained: Config, tiny_config: BuildConfig
) -> None:
    run = RunFolder.locate(trained)
    for damage in DAMAGES:
        run.data.write_bytes(damage)
        with pytest.raises(
            DamagedFileError, match=r"data.json is damaged \(.*\), so the images of the run are not known.* force=true"
        ):
            train(trained)
        assert run.is_done()
    run.status.write_bytes(b"[]")
    run.summary.write_bytes(b"")
    _, said = train(tiny_config("optim.epochs=1", "force=true"))
    assert "epoch 1/1" in said
    assert run.is_done()


def test_a_damaged_cell_does_not_stop_a_sweep(trained: Config, tiny_config: BuildConfig) -> None:
    configs = [trained, *(tiny_config("optim.epochs=1", f"seed={seed}") for seed in (1, 2))]
    planned_runs = [PlannedRun((f"seed={config.seed}",), config, RunFolder.locate(config)) for config in configs]
    for planned in planned_runs[1:]:
        shutil.copytree(planned_runs[0].run.path, planned.run.path)
    planned_runs[0].run.status.write_bytes(b"[]")
    planned_runs[1].run.summary.write_bytes(b"")
    planned_runs[2].run.status.write_bytes(b"")
    planned_runs[2].run.data.write_bytes(b"[]")
    pending = [planned for planned in planned_runs if not is_complete(planned.run, planned.config)]
    assert pending == planned_runs
    said = console()
    Overview(planned_runs, said).print_plan(pending)
    assert "3 cells: 3 damaged" in printed(said)

    def launch(left: list[PlannedRun]) -> str | None:
        for planned in left:
            with contextlib.suppress(DamagedFileError):
                train_run(planned.config)
        return None

    run_rounds(pending, launch, said)
    assert [read_state(planned.run).name for planned in planned_runs] == ["done", "done", "failed"]
    assert "data.json is damaged" in (read_state(planned_runs[2].run).reason or "")


def test_a_damaged_evaluation_is_left_out_of_reports(tmp_path: Path) -> None:
    write_run(tmp_path, "seed=0", images=4)
    damaged = write_run(tmp_path, "seed=1", images=4)
    damaged.evaluation.path.mkdir()
    damaged.evaluation.numbers.write_text('{"groups": [3]}')
    (left,) = read_report(tmp_path).unfinished
    assert "evaluation.json is damaged" in left.reason


def drop(checkpoint: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in checkpoint.items() if name not in names}


def change_optimizer(checkpoint: dict[str, Any]) -> dict[str, Any]:
    state = checkpoint["optimizer_states"][0]
    return {**checkpoint, "optimizer_states": [{**state, "state": {0: {"exp_avg": "x"}}}]}


Change = Callable[[dict[str, Any]], Any]

UNREADABLE: dict[str, Change] = {
    "options of text": lambda whole: {**whole, "hyper_parameters": "x"},
    "a detector of text": lambda whole: {**whole, "hyper_parameters": {**whole["hyper_parameters"], "detector": "x"}},
    "weights of text": lambda whole: {**whole, "state_dict": dict.fromkeys(whole["state_dict"], "x")},
    "a negative epoch": lambda whole: {**whole, "epoch": -3},
    "an epoch of text": lambda whole: {**whole, "epoch": "x"},
    "a list": lambda whole: [whole],
}
"""Errors raised when the file is read."""

UNFIT: dict[str, Change] = {
    "no weights": lambda whole: {**whole, "state_dict": {}},
    "no optimizer": lambda whole: drop(whole, "optimizer_states"),
    "a loop of text": lambda whole: {**whole, "loops": {**whole["loops"], "fit_loop": "x"}},
    "callbacks of text": lambda whole: {**whole, "callbacks": dict.fromkeys(whole["callbacks"], "x")},
    "another optimizer": change_optimizer,
}
"""Errors raised when the training continues; the last of them at its first step."""


class Killed(BaseException):
    """Simulates the end of the process."""


@pytest.fixture
def interrupted(tiny_config: BuildConfig, monkeypatch: pytest.MonkeyPatch) -> tuple[Config, RunFolder]:
    """A run that was killed while saving the second of its two epochs."""
    config = tiny_config()
    save = torch.save

    def die(checkpoint: Any, file: Any) -> None:
        if checkpoint["epoch"] == 1:
            file.write(b"half of it")
            raise Killed
        save(checkpoint, file)

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", die)
        with pytest.raises(Killed):
            train(config)
    return config, RunFolder.locate(config)


def test_a_checkpoint_of_another_shape_is_told_and_the_one_before_is_continued_from(
    interrupted: tuple[Config, RunFolder],
) -> None:
    config, run = interrupted
    whole = torch.load(run.last, weights_only=True)
    assert whole["epoch"] == 0
    for changes, attempt in ((UNREADABLE, lambda: read_checkpoint(run.last)), (UNFIT, lambda: train(config))):
        for name, change in changes.items():
            torch.save(change(whole), run.last)
            with pytest.raises(CheckpointError, match="last.ckpt .*force=true") as told:
                attempt()
            assert len(str(told.value).splitlines()) == 1, name
    for content in (b"", b"\x80\x02U\x03\xff\xfe\xfd.", b"\x80\x02X\x03\x00\x00\x00\xff\xfe\xfd.", b"no checkpoint"):
        run.last.write_bytes(content)
        with pytest.raises(CheckpointError, match="last.ckpt is damaged or not a checkpoint; retrain"):
            read_checkpoint(run.last)
    torch.save(whole, run.last)
    left = run.checkpoints / ".last.ckpt.1.part"  # a kill leaves such a file too
    left.write_bytes(b"half of it")
    _, said = train(config)
    assert "continuing after epoch 1 of 2" in said
    assert read_weights(run.tested)
    assert not left.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"calibration": {"scale": 1.0}}, {"calibration": {"scale": "x"}}, {"config": {"seed": "x"}},
        {"config": {"data": 3}},
        {"config": {"seed": "${x}"}}, {"data": "x"}, {"categories": 3}, {"config": {"optim": {"epochs": [1]}}},
    ],
)  # fmt: skip
def test_a_card_of_another_shape_is_told_before_anything_is_scored(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "tested.ckpt"
    card = {
        "name": "run", "categories": ["leaves"], "generators": ["gan"], "held_out": None, "config": to_plain(Config()),
        "data": {"source": {}, "digest": "x", "images": {}}, "precision": "float32", "calibration": None,
    }  # fmt: skip
    options = {"detector": {"backbone": "pelee"}}
    torch.save({"state_dict": {}, "hyper_parameters": options, "epoch": 0, "fakeid": {**card, **change}}, path)
    with pytest.raises(
        CheckpointError, match="run was trained by another|calibration of run is damaged|tested.ckpt does not say"
    ):
        adopt(read_card(path), Config())
