"""A folder of runs in any state yields a report."""

import csv
import itertools
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from invented_evaluation import describe_evaluation, invent_small_evaluation
from invented_evaluation import invent_scores as invent_evaluated
from invented_sweep import invent_run, write_failed_run, write_run
from offline_runs import find_bad_names, find_offline_runs
from tiny_runs import quiet, said

from fakeid.config.compose import compose_config
from fakeid.errors import DataError
from fakeid.evaluation.quadrants import TrainedOn
from fakeid.evaluation.records.evaluation import EvaluatedSet
from fakeid.evaluation.scores import write_scores
from fakeid.io import write_record
from fakeid.reporting.sweep.page import render_sweep_markdown, render_sweep_page
from fakeid.reporting.sweep.report import FolderRun, build_sweep_report
from fakeid.runs.layout import RUNNING
from fakeid.sweeps.report import read_report, write_report
from fakeid.sweeps.tracking import collect_tables, sum_up_report


@pytest.fixture
def half_finished(tmp_path: Path) -> Path:
    root = tmp_path / "sweep"
    for color in ("rgb", "hsv"):
        for categories in (1, 5):
            write_run(root, f"color={color}", f"categories={categories}", skill=1 + 0.2 * categories)
    write_failed_run(root, "categories=2", reason="DataError: the image x.png is cut short")
    write_failed_run(root, "categories=10").write_status(RUNNING, epochs_done=3, epochs=5)
    damaged = write_run(root, "categories=2", "color=hsv")
    damaged.scores.write_text("key,label\nx,1\n")
    (root / "not a run").mkdir()
    return root


def test_everything_is_written_and_nothing_of_an_earlier_report_stays(half_finished: Path) -> None:
    console = quiet()
    for stale in ("tables/tab9.csv", "figures/fig9.png"):  # left by an earlier report
        (half_finished / "report" / stale).parent.mkdir(parents=True, exist_ok=True)
        (half_finished / "report" / stale).touch()
    report = write_report(half_finished, console)
    files = {str(path.relative_to(half_finished / "report")) for path in (half_finished / "report").rglob("*.*")}
    assert files == {
        "index.html", "report.md", "numbers.csv", "runs.csv", "differences.csv", "effects.csv",
        *(f"tables/tab{i}.{kind}" for i in (1, 2) for kind in ("csv", "md", "tex")),
        *(f"figures/{name}.{kind}" for name in ("fig1", "fig2", "effects") for kind in ("png", "svg")),
    }  # fmt: skip
    assert "4 of 7 runs finished; verdicts: " in said(console)
    assert str(report.answer[0]) in said(console)
    with (half_finished / "report" / "runs.csv").open(newline="") as file:
        assert [row["categories"] for row in csv.DictReader(file)] == ["1", "5", "1", "5"]


def test_evaluations_that_are_whole_are_read_without_their_controls(tmp_path: Path) -> None:
    trained_on = TrainedOn(("cat",), ("old",))
    for number, color in enumerate(("rgb", "hsv")):
        run = write_run(tmp_path, f"color={color}")
        scores = invent_evaluated(["cat", "bus"], ["old", "new"], trained_on=trained_on, seed=number)
        control = invent_evaluated(["bus"], ["bicubic"], test_set="soft")
        write_scores(run.evaluation.scores, pd.concat([scores, control], ignore_index=True))
        if color == "rgb":  # the drawing of the other was interrupted
            evaluation = describe_evaluation(scores, trained_on, None)
            sets = (*evaluation.test_sets, EvaluatedSet("soft", "soft", 0, 20, control=True))
            write_record(run.evaluation.numbers, replace(evaluation, test_sets=sets))
    report = read_report(tmp_path)
    rgb, hsv = sorted(report.tested, key=lambda run: "hsv" in run.name)
    assert {name: len(part.label) for name, part in rgb.quarters.items()} == dict.fromkeys(rgb.quarters, 40)
    assert len(rgb.quarters) == 4
    assert hsv.quarters == {}
    assert [table.slug for table in report.evaluations] == [
        "evaluation-auroc", "evaluation-accuracy", "evaluation-degradations",
    ]  # fmt: skip
    assert [row.cells[0].value for row in report.evaluations[0].table.rows] == ["Pelee+HPF, RGB, dropout 0"]
    assert "## Evaluations" in render_sweep_markdown(report)
    assert 'id="evaluations"' in render_sweep_page(report)


def test_what_is_not_finished_is_told_with_its_reason(half_finished: Path) -> None:
    report = read_report(half_finished)
    told = {run.state: run for run in report.unfinished}
    assert set(told) == {"failed", "interrupted", "unreadable"}
    assert "x.png is cut short (1 of 5 epochs" in told["failed"].reason
    assert "categories=2" in told["failed"].command
    assert told["interrupted"].reason.startswith("3 of 5 epochs")  # its process is gone
    assert "lacks the column" in told["unreadable"].reason


def test_a_damaged_status_stops_nothing(half_finished: Path) -> None:
    run = next(half_finished.glob("*-rgb-k1-*"))
    (run / "status.json").write_text("{")
    assert [run.state for run in read_report(half_finished).unfinished].count("unreadable") == 2


def test_nothing_finished_is_an_error(tmp_path: Path) -> None:
    write_failed_run(tmp_path)
    with pytest.raises(DataError, match=r"no run in .* is finished \(1 begun\)"):
        write_report(tmp_path, quiet())


@pytest.fixture
def tracked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WANDB_MODE", "offline")
    for color in ("rgb", "hsv"):
        for k in (1, 5):
            options = (f"color={color}", f"categories={k}", "logger.name=wandb", "logger.group=a sweep")
            write_run(tmp_path / "runs", *options, skill=1 + 0.2 * k)
    return tmp_path / "runs"


def test_a_report_over_tracked_runs_is_a_run_in_their_group(tracked: Path) -> None:
    console = quiet()
    report = write_report(tracked, console)
    assert f"wandb sync {tracked}/*/wandb/offline-run-*" in said(console)
    (run,) = find_offline_runs(tracked / "report")
    assert (run.job_type, run.group, run.project, run.exit_code) == ("report", "a sweep", "fakeid", 0)
    assert run.config["categories"] == [1, 5]
    *curves, last = run.history
    assert [row["categories"] for row in curves] == [1, 5]
    for row, configuration in (
        (row, each) for row in curves for each in report.configurations if each.categories == row["categories"]
    ):
        name = f"pelee_hpf_{configuration.setting.color}_dropout_0"
        held_out = configuration.measure(configuration.held_out or "", "accuracy").value
        assert row[f"held_out_accuracy/{name}"] == pytest.approx(held_out)
        assert row[f"unseen_accuracy/{name}"] == pytest.approx(configuration.average(seen=False).value)
        assert row[f"unseen_auroc/{name}"] == pytest.approx(configuration.measure("unseen", "auroc").value)
    logged = {name.partition(".")[0] for name in last if not name.startswith("_")}
    assert find_bad_names(run) == []
    assert {name for name in run.summary if "/" in name} == logged  # no last values of curves
    assert logged == {
        *(f"tables/{name}" for name in ("tab1", "tab2", "averages", "runs", "effects", "differences")), "figures/fig1",
        "figures/effects",
        "figures/fig2",
    }  # fmt: skip
    assert run.summary["answer"] == " ".join(map(str, report.answer))
    assert run.summary["finished_runs"] == 4
    assert not any(name.startswith("best/") for name in run.summary)  # one run each: none is called best


def test_estimates_reach_wandb_as_numbers() -> None:
    runs = [
        replace(
            invent_run(compose_config(["categories=5", f"color={color}", f"seed={seed}"]), images=4)[0],
            evaluation=invent_small_evaluation(),
        )
        for color, seed in itertools.product(("rgb", "hsv"), range(2))
    ]
    report = build_sweep_report("x", [FolderRun(run.name, "done", "", "", run) for run in runs])
    tables = collect_tables(report)
    assert set(tables) > {f"tables/evaluation_{name}" for name in ("auroc", "accuracy", "degradations")}
    words = [name for columns, _ in tables.values() for name in columns]
    assert [name for name in (*tables, *words) if not re.fullmatch(r"[A-Za-z0-9_/]+", name)] == []
    texts = [value for _, rows in tables.values() for row in rows for value in row if isinstance(value, str)]
    assert not [text for text in texts if re.search(r"\d \[|\d to \d|^[+-]?\d+\.\d+$", text)]
    columns, rows = tables["tables/averages"]
    (configuration,) = (
        each for each in report.configurations if each.setting.name == rows[0][columns.index("setting")]
    )
    found = dict(zip(columns, rows[0], strict=True))
    average = configuration.average(seen=False)
    assert [found[f"unseen_accuracy{end}"] for end in ("", "_low", "_high")] == [
        average.value,
        average.low,
        average.high,
    ]
    assert [found[f"one_more_run_{end}"] for end in ("low", "high")] == [average.next_low, average.next_high]
    columns, rows = tables["tables/evaluation_auroc"]
    found = dict(zip(columns, rows[0], strict=True))
    area = invent_small_evaluation().groups[0].read("auroc")
    assert found["seen_content_seen_generators"] == pytest.approx(area.value)
    assert found["seen_content_seen_generators_low"] <= found["seen_content_seen_generators"] <= 1


def test_the_best_configuration_is_in_the_summary_where_one_is_named(tmp_path: Path) -> None:
    for color, skill in (("rgb", 0.5), ("hsv", 2.5)):
        for seed in range(4):
            write_run(tmp_path, "categories=5", f"color={color}", f"seed={seed}", skill=skill, images=60)
    report = read_report(tmp_path)
    named = report.claims.named_best
    assert named is not None
    assert named.setting.color == "hsv"
    assert sum_up_report(report)["best/unseen_accuracy"] == named.average(seen=False).value


def test_another_report_takes_the_place_of_the_first_in_wandb(tracked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fakeid.sweeps.report._write_files", lambda *_: None)  # drawing takes seconds
    write_report(tracked, quiet())
    (first,) = find_offline_runs(tracked / "report")
    write_run(tracked, "categories=10", "logger.name=wandb")
    write_report(tracked, quiet())
    (second,) = find_offline_runs(tracked / "report")
    assert second.run_id == first.run_id
    assert second.group == "a sweep"  # the group that most runs have
    assert second.summary["finished_runs"] == 5


@pytest.mark.slow
def test_wandb_neither_costs_a_report_nor_shows_up_uncalled(
    tracked: Path, half_finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> None:
        raise OSError("no space for W&B")

    monkeypatch.setattr("fakeid.sweeps.report._write_files", lambda *_: None)
    monkeypatch.setattr("wandb.init", fail)
    with pytest.warns(UserWarning, match=r"W&B logging stopped \(no space for W&B\)"):
        assert len(write_report(tracked, quiet()).tested) == 4
    write_report(half_finished, quiet())  # its runs have logger=csv
