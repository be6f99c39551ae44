"""Offline runs of W&B, read back from their files: nothing of a run folder is lost."""

import csv
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from made_up_sweep import write_run
from offline_runs import OfflineRun, find_offline_runs, open_tracker, track_run, write_history

from fakeid.config import Config
from fakeid.files import read_json
from fakeid.reporting.style import new_figure
from fakeid.runs.evaluation_command import evaluate
from fakeid.runs.layout import RunFolder
from fakeid.runs.train import run_training
from fakeid.training.tracked_fields import AXES, HEADLINES, LEARNING_CURVES

ROOT = Path(__file__).resolve().parents[2]
RENAMED = {name: f"train/{name}" for name in ("learning_rate", "images", "seconds")}


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")


def check_complete(run: OfflineRun, folder: Path) -> None:
    """Against the folder's own files."""
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
    assert {"test/categories._type"} < set(rows[-1])
    for group in ("seen", "unseen"):
        for metric in ("accuracy", "real_accuracy", "fake_accuracy", "auroc", "average_precision"):
            estimate = summary[group][metric]
            assert rows[-1][f"{group}/{metric}"] == estimate["value"]
            assert run.summary[f"{group}/{metric}"] == estimate["value"]
            assert run.summary[f"{group}/{metric}_low"] == estimate["low"]
            assert run.summary[f"{group}/{metric}_high"] == estimate["high"]
    for name, group in summary["categories"].items():
        assert run.summary[f"categories/{name}/accuracy"] == group["accuracy"]["value"]
    assert run.summary["seconds"] == summary["seconds"]
    assert run.summary["data/digest"] == summary["data"]["digest"]


@pytest.mark.slow
def test_parallel_offline_runs_lose_nothing(tmp_path: Path) -> None:
    axes = [("color=rgb", "categories=1"), ("color=hsv", "categories=5"), ("model=xception", "dropout=0.5")]
    folders = [write_run(tmp_path, *overrides).path for overrides in axes]
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


def test_an_evaluation_is_part_of_the_run(tmp_path: Path) -> None:
    path = tmp_path / "matrix.png"
    new_figure(40, 30).savefig(path)
    estimate = {"value": 0.75, "low": 0.7, "high": 0.8}
    undefined = {"value": None, "low": None, "high": None}
    groups = [
        {"kind": kind, "name": name, "degradation": "jpeg-75", "metrics": {"auroc": estimate, "eer": undefined}}
        for kind, name in (("quadrant", "seen content, seen generators"), ("category", "coral"))
    ]
    folder = write_run(tmp_path).path
    tracker = open_tracker(folder)
    tracker.log_evaluation({"groups": groups}, [path])
    tracker.finish()
    (run,) = find_offline_runs(folder)
    assert run.summary["evaluation/seen content, seen generators/jpeg-75/auroc"] == 0.75
    assert not any("coral" in name or "eer" in name for name in run.summary)
    assert run.history[-1]["evaluation/matrix._type"] == "image-file"


@pytest.mark.slow
@pytest.mark.draws
def test_an_evaluation_of_a_tracked_run_is_logged_to_it(tiny_config: Callable[..., Config]) -> None:
    config = tiny_config("optim.epochs=1", "logger=wandb")
    run_training(config)
    run = RunFolder.locate(config)
    cache = f"paths.cache={config.paths.cache}"
    words = (cache, "trainer=cpu", "evaluation=test", "evaluation.degradations=[blur-1]", "evaluation.per_class=1")
    evaluate(run.path, [*words, "logger=csv"])
    assert len(find_offline_runs(run.path)) == 1
    evaluate(run.path, words)
    first, second = find_offline_runs(run.path)
    assert first.run_id == second.run_id == run.path.name
    assert second.exit_code == 0
    found = read_json(run.evaluation.numbers)["groups"]
    logged = second.summary["evaluation/unseen content, unseen generators/blur-1/auroc"]
    assert [logged] == [
        group["metrics"]["auroc"]["value"]
        for group in found
        if (group["name"], group["degradation"]) == ("unseen content, unseen generators", "blur-1")
    ]
    assert second.history[-1]["evaluation/matrix._type"] == "image-file"


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
    assert f"wandb sync {Path('sweeps/full')}/*/wandb/offline-run-*" in done.stdout
