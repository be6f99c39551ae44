"""Offline W&B runs, read back from their files: nothing in a run folder is lost."""

import csv
import io
import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from invented_evaluation import invent_small_evaluation
from invented_sweep import write_run
from offline_runs import OfflineRun, find_bad_names, find_offline_runs, open_tracker, track_run, write_history
from rich.console import Console

from fakeid.commands.evaluate import evaluate
from fakeid.config.compose import compose_config
from fakeid.config.parse import Config
from fakeid.evaluation.records.evaluation import Evaluation
from fakeid.io import read_json, to_plain_record, write_record
from fakeid.reporting.style import new_figure
from fakeid.runs.evaluate.tracking import EVALUATION_SUMMARY, track_evaluation
from fakeid.runs.layout import RunFolder
from fakeid.runs.train import run_training
from fakeid.training.tracked_fields import AXES, CURVES, HEADLINES, LEARNING_CURVES, TRAINING_SUMMARY, make_key
from fakeid.training.tracking import make_id

ROOT = Path(__file__).resolve().parents[2]
RENAMED = {name: f"train/{name}" for name in ("learning_rate", "images", "seconds")}


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")


def check_complete(run: OfflineRun, folder: Path) -> None:
    """Compare the W&B run with the files in the folder."""
    summary: dict[str, Any] = read_json(folder / "summary.json")
    config = summary["config"]
    assert (run.run_id, run.job_type, run.exit_code) == (folder.name, "train", 0)
    assert run.config["options"] == config
    assert {axis: run.config[axis] for axis in AXES} == {
        "model": config["model"]["name"], "residual": config["residual"]["name"], "color": config["color"]["name"],
        "dropout": config["dropout"], "categories": config["categories"], "protocol": config["protocol"]["name"],
        "seed": config["seed"], "augment": config["augment"]["name"], "ema": config["optim"]["ema"],
        "views": config["protocol"]["views"],
    }  # fmt: skip
    with (folder / "history.csv").open(newline="") as file:
        expected = [
            {RENAMED.get(name, name): float(cell) for name, cell in row.items() if cell} for row in csv.DictReader(file)
        ]
    rows = [{name: row[name] for name in row if not name.startswith("_")} for row in run.history]
    assert rows[:-1] == expected
    assert {"test/all._type"} < set(rows[-1])
    assert find_bad_names(run) == []
    for group in ("seen", "unseen"):
        for metric in ("accuracy", "real_accuracy", "fake_accuracy", "auroc", "average_precision"):
            estimate = summary[group]["metrics"][metric]
            assert rows[-1][f"{group}/{metric}"] == estimate["value"]
            assert run.summary[f"{group}/{metric}"] == estimate["value"]
            if metric in ("accuracy", "auroc"):
                assert run.summary[f"{group}/{metric}_low"] == estimate["low"]
                assert run.summary[f"{group}/{metric}_high"] == estimate["high"]
    assert run.summary["seconds"] == summary["seconds"]
    assert run.config["data"]["digest"] == summary["data"]["digest"]
    numbers = {name for name, value in run.summary.items() if isinstance(value, int | float)}
    known = {name for name in numbers if not name.startswith("_")}
    assert known <= set(TRAINING_SUMMARY)
    curves = set(read_curves(run))
    assert set(run.summary) - {name for name in run.summary if name.startswith(("_", "figures/"))} == (
        known | curves | {"test/all"} | ({"verdict"} if summary["verdict"] else set())
    )
    table = read_table(folder, run, "test/all")
    assert table["columns"] == ["group", "metric", "value", "low", "high"]
    for name, group in summary["categories"].items():
        assert [name, "accuracy", *group["metrics"]["accuracy"].values()] in table["data"]


def read_curves(run: OfflineRun) -> list[str]:
    """List the curves that have a value in the list of runs."""
    assert run.metrics == {"epoch": "", **dict.fromkeys(CURVES, "epoch")}
    return [name for name in CURVES if name in run.summary]


def read_table(folder: Path, run: OfflineRun, name: str) -> dict[str, Any]:
    """Read a table beside the `.wandb` file; for a second run in the same second, W&B appends `-1` to the id."""
    (file,) = (folder / "wandb").glob(f"offline-run-*-{run.run_id}*/files/{run.summary[name]['path']}")
    return json.loads(file.read_text())


@pytest.mark.slow
def test_parallel_offline_runs_lose_nothing(tmp_path: Path) -> None:
    axes = [("color=rgb", "categories=1"), ("color=hsv", "categories=5"), ("model=xception", "dropout=0.5")]
    folders = [write_run(tmp_path, *overrides, "logger.group=a sweep").path for overrides in axes]
    with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as processes:
        list(processes.map(track_run, folders))
    runs = [run for folder in folders for run in find_offline_runs(folder)]
    assert len(runs) == 3
    for run, folder in zip(runs, folders, strict=True):
        check_complete(run, folder)
        assert (run.project, run.group) == ("fakeid", "a sweep")
        assert len(run.tags) == 3
    for held in (lambda run: set(run.summary), lambda run: set(run.config), lambda run: set(run.history[0])):
        assert held(runs[0]) == held(runs[1]) == held(runs[2])
    assert set(HEADLINES) < set(runs[0].summary)
    assert set(LEARNING_CURVES) < set(runs[0].history[0])
    assert not [name for run in runs for name in (*run.summary, *run.config) if "." in name]  # W&B reads it as nesting


def test_a_continued_offline_run_keeps_its_identity_and_is_whole_by_itself(tmp_path: Path) -> None:
    folder = write_run(tmp_path).path
    write_history(folder / "history.csv", 2)
    tracker = open_tracker(folder)
    tracker.log_history()
    tracker.finish(failed=True)
    track_run(folder, epochs=4)
    runs = find_offline_runs(folder)
    assert {run.run_id for run in runs} == {folder.name}
    assert [run.exit_code for run in runs] == [1, 0]
    assert [row["epoch"] for row in runs[0].history] == [1, 2]
    check_complete(runs[1], folder)


def test_a_run_is_written_where_it_belongs_though_the_service_was_started_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_tracker(write_run(tmp_path / "first").path).finish()
    (tmp_path / "second").mkdir()
    monkeypatch.chdir(tmp_path / "second")
    folder = write_run(Path("runs")).path
    track_run(folder)
    (run,) = find_offline_runs(folder)
    check_complete(run, folder)


def test_an_evaluation_is_a_run_of_its_own(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    track_run(run.path, 2)
    (training,) = find_offline_runs(run.path)
    run.evaluation.figures.mkdir(parents=True)
    new_figure(40, 30).savefig(run.evaluation.figures / "the matrix.png")
    evaluation = invent_small_evaluation()
    config = compose_config(["logger=wandb", "logger.group=a later sweep", f"paths.runs={tmp_path}"])
    # The evaluation joins the training's group, whichever sweep requests it.
    summary = run.read_summary()
    logger = {**summary.config["logger"], "name": "wandb", "group": "a sweep"}
    write_record(run.summary, replace(summary, config={**summary.config, "logger": logger}))
    for _ in range(2):  # the second replaces the first
        console = Console(file=io.StringIO(), width=300)
        track_evaluation(config, run, replace(evaluation, test_sets=()), console)
    untouched, tested = find_offline_runs(run.path)
    assert untouched == training
    assert (tested.run_id, tested.name) == (f"{run.path.name}_evaluation", f"{run.path.name}/evaluation")
    assert (tested.job_type, tested.group, tested.exit_code) == ("eval", "a sweep", 0)
    assert tested.config["checkpoint"] == evaluation.detector.checkpoint
    assert tested.config["trained_on"] == to_plain_record(evaluation)["trained_on"]
    assert tested.config["degradations"] == list(evaluation.degradations)
    assert tested.config["trained_run"] == run.path.name
    assert tested.config["categories"] == len(evaluation.trained_on.categories)
    assert {tag.partition("=")[0] for tag in tested.tags} == set(AXES) < set(tested.config)
    assert find_bad_names(tested) == []
    check_evaluation(run.path, tested, evaluation)
    assert tested.history[-1]["figures/the_matrix._type"] == "image-file"
    assert isinstance(console.file, io.StringIO)
    assert f"W&B logged the evaluation offline; to upload: wandb sync {run.path}" in console.file.getvalue()


def check_evaluation(folder: Path, run: OfflineRun, evaluation: Evaluation) -> None:
    """Check that the list of runs shows the evaluation's numbers, and that the table has all of them."""
    assert {name for name in run.summary if not name.startswith(("_", "figures/"))} <= {
        *EVALUATION_SUMMARY, "eval/all",
    }  # fmt: skip
    groups = {(group.name, group.degradation): group for group in evaluation.groups}
    group = groups["unseen content, seen generators", "none"]
    assert run.summary["eval/unseen_seen/auroc"] == group.read("auroc").value
    assert run.summary["eval/unseen_seen/auroc_low"] == group.read("auroc").low
    assert run.summary["eval/unseen_seen/accuracy"] == group.read("accuracy").value
    if "real_accuracy_at_chosen" in group.metrics:
        rate = 1 - group.read("real_accuracy_at_chosen").value
        assert run.summary["eval/unseen_seen/false_positive_rate"] == pytest.approx(rate)
    worst = min(
        (found.read("auroc").value, degradation)
        for (name, degradation), found in groups.items()
        if "content," in name and degradation != "none"
    )
    assert (run.summary["eval/worst/auroc"], run.summary["eval/worst/degradation"]) == worst
    table = read_table(folder, run, "eval/all")
    assert table["columns"] == ["kind", "group", "degradation", "metric", "value", "low", "high"]
    rows = {tuple(row[:4]): row[4:] for row in table["data"]}
    for group in evaluation.groups:
        for metric, estimate in group.metrics.items():
            row = rows[group.kind, group.name, group.degradation, metric]
            assert row == [estimate.value, estimate.low, estimate.high]


def test_long_names_have_identities_of_their_own() -> None:
    name = "x" * 128
    assert len({make_id(name), make_id(f"{name}/evaluation"), make_id(f"{name}/other")}) == 3
    assert len(make_id(f"{name}/evaluation")) <= 128


def test_everything_that_is_listed_of_a_run_is_named_in_one_place() -> None:
    assert len(TRAINING_SUMMARY) == 27
    assert len(EVALUATION_SUMMARY) == 28
    for name in (*TRAINING_SUMMARY, *EVALUATION_SUMMARY, *HEADLINES):
        assert make_key(*name.split("/")) == name
    assert set(HEADLINES) < set(TRAINING_SUMMARY)
    assert make_key("figures", "évaluation, jpeg-75") == "figures/valuation_jpeg_75"
    assert make_key("tables", "图") == "tables/_"


@pytest.mark.slow
@pytest.mark.draws
def test_a_tracked_training_and_its_evaluations_are_runs_of_one_group(tiny_config: Callable[..., Config]) -> None:
    words = ("evaluation=test", "evaluation.degradations=[blur-1]", "evaluation.per_class=1")
    config = tiny_config("optim.epochs=2", "logger=wandb", "logger.group=a sweep", *words)
    run_training(config)
    run = RunFolder.locate(config)
    training, tested = find_offline_runs(run.path)
    check_complete(training, run.path)
    assert training.summary["epoch_chosen"] in (1, 2)
    assert training.summary["verdict"] == json.loads(run.summary.read_text())["verdict"]["word"]
    assert tested.summary["eval/verdict"] == run.evaluation.read_numbers().verdict.word
    assert training.summary["epochs"] == 2
    assert (training.job_type, tested.job_type, training.group, tested.group) == ("train", "eval", "a sweep", "a sweep")
    assert find_bad_names(tested) == []
    check_evaluation(run.path, tested, run.evaluation.read_numbers())
    options = (f"paths.cache={config.paths.cache}", "trainer=cpu", *words[:2], "evaluation.per_class=2")
    evaluate(run.path, [*options, "logger=csv"])
    assert find_offline_runs(run.path) == [training, tested]
    evaluate(run.path, options)
    untouched, again = find_offline_runs(run.path)
    assert untouched == training
    assert (again.run_id, again.group, again.exit_code) == (tested.run_id, "a sweep", 0)
    assert again.config["options"]["evaluation"]["per_class"] == 2
    check_evaluation(run.path, again, run.evaluation.read_numbers())
    assert again.history[-1]["figures/matrix._type"] == "image-file"
    # An evaluation requested by a later training command also leaves the training's run unchanged.
    run_training(tiny_config("optim.epochs=2", "logger=wandb", "logger.group=a sweep", *words))
    assert find_offline_runs(run.path)[0] == training


@pytest.mark.slow
def test_a_parallel_sweep_and_its_report_are_whole_offline(tmp_path: Path) -> None:
    command = [
        sys.executable, str(ROOT / "sweep.py"), "-m", "grid=full", "seed=0", "categories=1,2", "color=rgb,hsv",
        "dropout=0", "logger=wandb", "trainer=cpu", "trainer.precision=float32", "optim.epochs=2",
        "optim.batch_size=16",
        "data.image_px=48", "data.train_per_class=24", "data.val_per_class=4", "data.test_per_class=2",
        "data.audit_per_class=0", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2",
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    folders = sorted(path.parent for path in tmp_path.glob("sweeps/full/*/status.json"))
    assert len(folders) == 4
    for folder in folders:
        (run,) = find_offline_runs(folder)
        check_complete(run, folder)
        assert run.group == "full"
        assert {tag.partition("=")[0] for tag in run.tags} == set(AXES)
        assert {"figures/roc._type", "figures/samples._type"} < set(run.history[-1])
    (report,) = find_offline_runs(tmp_path / "sweeps" / "full" / "report")
    assert (report.group, report.job_type) == ("full", "report")
    assert find_bad_names(report) == []
    assert f"wandb sync {Path('sweeps/full')}/*/wandb/offline-run-*" in done.stdout
