"""What a sweep prints about its seeds and its duration before training."""

import io
import time
from dataclasses import replace
from pathlib import Path

import pytest
from invented_sweep import write_run
from rich.console import Console

from fakeid.config.compose import compose_config
from fakeid.console import build_progress
from fakeid.evaluation.records.run_summary import DataRecord
from fakeid.io import write_record
from fakeid.runs.layout import RunFolder
from fakeid.sweeps import monitor as overview
from fakeid.sweeps.grid import PlannedRun
from fakeid.sweeps.monitor import Overview, estimate_seconds


def plan_runs(root: Path, seeds: range, *options: str) -> list[PlannedRun]:
    words = [("logger=csv", f"paths.runs={root}", f"seed={seed}", *options) for seed in seeds]
    configs = [compose_config(list(each)) for each in words]
    return [PlannedRun(each, config, RunFolder.locate(config)) for each, config in zip(words, configs, strict=True)]


def print_plan(root: Path, seeds: range) -> str:
    planned_runs = plan_runs(root, seeds)
    console = Console(file=io.StringIO(), width=120)
    Overview(planned_runs, console).print_plan([planned for planned in planned_runs if not planned.run.is_done()])
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_seeds_of_the_whole_grid_count_those_that_are_done_too(tmp_path: Path) -> None:
    for seed in range(2):
        write_run(tmp_path, f"seed={seed}")
    said = print_plan(tmp_path, range(3))
    assert "3 cells: 2 done, 1 new" in said
    assert "1 to train, about" in said
    assert "3 seeds of each configuration; seed=0 trains only one, in 1/3 of the time" in said


def test_without_a_budget_a_finished_cell_says_how_many_images_there_are(tmp_path: Path) -> None:
    photos = ("data=simulated", f"paths.data={tmp_path}", "data.simulated.pairs_per_photo=2", "optim.epochs=6")
    planned_runs = plan_runs(tmp_path, range(2), *photos)
    assert estimate_seconds(planned_runs, planned_runs[1:]) is None
    run = write_run(tmp_path, "seed=0", *photos)
    data = DataRecord({}, "0", {"train": 1_200, "val": 100, "test": 100})
    write_record(run.summary, replace(run.read_summary(), images_per_second=60.0, data=data))
    assert estimate_seconds(planned_runs, planned_runs[1:]) == pytest.approx(6 * 1_200 / 60)
    other = plan_runs(tmp_path, range(2), *photos, "data.simulated.pairs_per_photo=3")
    assert estimate_seconds([*planned_runs, *other], other) is None


def test_one_seed_judges_nothing(tmp_path: Path) -> None:
    assert "one seed: the report shows each run and judges no difference" in print_plan(tmp_path, range(1))


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_has_a_line_above_the_bar_and_a_log_one_for_each_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setattr(overview, "_REDRAW_SECONDS", 0.02)
    file = io.StringIO()
    console = Console(file=file, width=120, force_terminal=terminal, force_interactive=terminal)
    with Overview(plan_runs(tmp_path, range(2)), console), build_progress(console) as bar:
        bar.add_task("training", total=8, unit="batches")
        write_run(tmp_path, "seed=0")
        patience = time.monotonic() + 60
        while "sweep: 1 done" not in file.getvalue() and time.monotonic() < patience:
            time.sleep(0.02)
    said = file.getvalue()
    assert "sweep: 1 done, 0 running, 0 failed, 1 left" in said
    if terminal:
        drawn = said.split("1 done")[-1].splitlines()
        assert "training" in drawn[1]
        assert said.endswith("\x1b[?25h\r")
    else:
        assert said.count("sweep:") == 1
