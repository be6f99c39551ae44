"""Runs and score files are compared, or refused with the reason."""

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from invented_sweep import write_failed_run, write_run
from matplotlib.figure import Figure
from page_outline import Outline
from rich.console import Console

from fakeid.cli import main
from fakeid.commands.compare import read_comparison, write_comparison
from fakeid.commands.status import print_status
from fakeid.errors import ConfigError, DataError
from fakeid.evaluation.scores import read_scores, write_scores
from fakeid.io import read_json, read_record, write_json
from fakeid.reporting.comparison.record import ComparisonRecord, ComparisonReport, build_record
from fakeid.runs.layout import RUNNING, RunFolder


def change(run: RunFolder, path: Path | None = None, **columns: Any) -> Path:
    """Write the run's scores with some columns replaced."""
    path = path or run.scores
    write_scores(path, read_scores(run.scores).assign(**columns))
    return path


def verdicts(report: ComparisonReport) -> set[str]:
    return {difference.verdict for difference in build_record(report).differences}


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs shared by all tests, because the intervals of their summaries take seconds."""
    root = tmp_path_factory.mktemp("runs")
    write_run(root, "categories=5")
    write_run(root, "categories=5", "color=hsv", skill=3.0)
    return root


@pytest.fixture
def rgb(made_up: Path, tmp_path: Path) -> RunFolder:
    shutil.copytree(made_up, tmp_path / "runs")
    return RunFolder(next((tmp_path / "runs").glob("*-rgb-*")))


@pytest.fixture
def hsv(rgb: RunFolder) -> RunFolder:
    return RunFolder(next(rgb.path.parent.glob("*-hsv-*")))


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip drawing, which takes seconds."""
    for module in ("commands.compare", "reporting.comparison.page"):
        monkeypatch.setattr(f"fakeid.{module}.plot_comparison", lambda *_, **__: Figure((1, 1)))


def test_everything_is_written_and_says_the_same(rgb: RunFolder, hsv: RunFolder, tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=80)
    report = write_comparison([rgb.path, hsv.path], tmp_path / "out", console=console)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "index.html", *(f"comparison.{kind}" for kind in ("csv", "md", "json", "png", "svg")),
    }  # fmt: skip
    (comparison,) = report.comparisons
    assert comparison.second == "Pelee+HPF, HSV, dropout 0 at 5 categories"
    with (tmp_path / "out" / "comparison.csv").open(newline="") as file:
        rows = {(row["group"], row["metric"]): row for row in csv.DictReader(file)}
    assert len(rows) == 2 * len(comparison.rows)
    unseen = rows["unseen content, seen generators", "accuracy"]
    assert (unseen["verdict"], unseen["num_real"]) == ("not judged", "120")  # one run each
    assert float(unseen["difference"]) == pytest.approx(float(unseen["value"]) - float(unseen["value_against"]))
    record = read_record(tmp_path / "out" / "comparison.json", ComparisonRecord)
    assert record == build_record(report)
    assert [str(each.difference) for each in record.differences] == [row["difference"] for row in rows.values()]
    assert list(record.detectors.values()) == [[str(rgb.path)], [str(hsv.path)]]
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue()
    page, markdown = ((tmp_path / "out" / name).read_text() for name in ("index.html", "comparison.md"))
    for text in (said, page, markdown):
        assert "not judged" in text
        assert "Holm's" in text.replace("&#39;", "'")
        assert "unseen content," in text
        assert "content seen by some" not in text
    assert max(map(len, said.splitlines()[:-1])) <= 80
    assert all(link.startswith("#") for link in Outline(page).links)
    assert page.count("<svg") == 1


@pytest.mark.usefixtures("undrawn")
def test_an_earlier_comparison_is_replaced_whole(rgb: RunFolder, hsv: RunFolder, tmp_path: Path) -> None:
    third = write_run(tmp_path / "runs", "categories=5", "color=ycbcr")
    paths = [rgb.path, hsv.path, third.path]
    quiet = Console(file=io.StringIO())
    pairs = write_comparison(paths, tmp_path / "out", all_pairs=True, console=quiet).comparisons
    assert [(pair.first[11:14], pair.second[11:14]) for pair in pairs] == [
        ("RGB", "HSV"),
        ("RGB", "YCb"),
        ("HSV", "YCb"),
    ]
    assert (tmp_path / "out" / "comparison-2.svg").exists()
    (tmp_path / "out" / "comparison-notes.md").write_text("mine")
    (tmp_path / "out" / "comparison-v1.0").mkdir()
    write_comparison(paths[:2], tmp_path / "out", console=quiet)
    assert (tmp_path / "out" / "comparison-notes.md").exists()
    assert not list((tmp_path / "out").glob("comparison-2*"))


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Path]:
    """Runs with two colors and four seeds each; read only."""
    root = tmp_path_factory.mktemp("seeds")
    return {
        (color, seed): write_run(root, "categories=5", f"color={color}", f"seed={seed}", skill=skill, images=60).path
        for color, skill in (("rgb", 0.5), ("hsv", 2.5))
        for seed in range(4)
    }


def test_seeds_are_runs_of_one_detector(seeds: dict[tuple[str, int], Path]) -> None:
    typed = (("rgb", 1), ("hsv", 0), ("hsv", 1), ("hsv", 2), ("rgb", 0))
    runs = [seeds[each] for each in typed]
    (comparison,) = read_comparison(runs).comparisons
    assert (comparison.first[11:14], comparison.second[11:14], comparison.seeds) == ("RGB", "HSV", (0, 1))
    assert comparison == read_comparison([runs[0], *runs[:0:-1]]).comparisons[0]


def test_several_seeds_are_judged(seeds: dict[tuple[str, int], Path]) -> None:
    report = read_comparison(list(seeds.values()))
    found = {(each.group, each.metric): each.verdict for each in build_record(report).differences}
    assert found["unseen content, seen generators", "accuracy"] == "better"
    assert found["seen content, seen generators", "accuracy"] == "not significant"


def test_seeds_alone_are_compared_one_by_one_and_claim_nothing(seeds: dict[tuple[str, int], Path]) -> None:
    report = read_comparison([seeds["rgb", seed] for seed in (0, 1)])
    assert list(report.places) == ["seed 0", "seed 1"]
    assert "differ only by seed" in report.notes[0]
    assert verdicts(report) == {"not judged"}


def test_content_that_some_trained_on_is_a_group_of_its_own(rgb: RunFolder, tmp_path: Path) -> None:
    more = write_run(tmp_path / "runs", "categories=7")
    names = [row.name for row in read_comparison([rgb.path, more.path]).comparisons[0].rows]
    assert "content seen by some" in names
    assert "seen content, seen generators" in names


def test_files_of_scores_know_nothing_of_trainings(rgb: RunFolder, hsv: RunFolder, tmp_path: Path) -> None:
    theirs = change(hsv, tmp_path / "theirs.csv")
    report = read_comparison([theirs, rgb.path])
    assert list(report.places) == ["theirs", "Pelee+HPF, RGB, dropout 0 at 5 categories"]
    kinds = {row.kind for row in report.comparisons[0].rows}
    assert kinds == {"all", "category"}
    assert "seen and unseen content are not distinguished" in report.notes[-1]
    assert list(read_comparison([rgb.scores, hsv.scores]).places) == [rgb.path.name, hsv.path.name]


def test_a_file_with_the_needed_columns_only(rgb: RunFolder, tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    with rgb.scores.open(newline="") as file:
        rows = list(csv.DictReader(file))
    needed = ["logit", "key", "generator", "label", "category", "degradation"]
    path.write_text("\n".join([",".join(needed), *(",".join(row[name] for name in needed) for row in rows)]))
    report = read_comparison([rgb.path, path])
    assert {each.difference for each in build_record(report).differences} == {0.0}


def test_names_that_are_not_utf8_are_refused(rgb: RunFolder, tmp_path: Path) -> None:
    latin = tmp_path / "theirs.csv"
    latin.write_bytes(rgb.scores.read_bytes().replace(b"leaves", b"f\xe9uilles"))
    with pytest.raises(DataError, match=r"theirs\.csv is not UTF-8 text"):
        read_comparison([rgb.path, latin])
    with pytest.raises(DataError, match=r"1\\udce9\.csv' is not UTF-8: rename"):
        read_comparison([rgb.path, tmp_path / "1\udce9.csv"])


def test_an_image_that_one_lacks_is_told(rgb: RunFolder, hsv: RunFolder) -> None:
    scores = read_scores(hsv.scores)
    write_scores(hsv.scores, scores[1:])
    report = read_comparison([rgb.path, hsv.path])
    assert report.num_images == 439
    assert f"the 439 images that all detectors scored; left out: 1 of {rgb.path}" in report.notes[0]


def test_precision_threads_and_device_of_the_trainings_are_told(rgb: RunFolder, hsv: RunFolder) -> None:
    device = "with 2 threads on a made-up machine, 2 cores"
    assert f"Trained in float32 {device} (all runs)." in read_comparison([rgb.path, hsv.path]).notes
    write_json(hsv.summary, {**read_json(hsv.summary), "precision": "bf16"})
    notes = read_comparison([rgb.path, hsv.path]).notes
    assert notes[-2:] == [f"Trained in float32 {device}: {rgb.path}.", f"Trained in bf16 {device}: {hsv.path}."]


@pytest.mark.usefixtures("undrawn")
def test_a_broken_down_detector_is_told(rgb: RunFolder, hsv: RunFolder, tmp_path: Path) -> None:
    logit = read_scores(hsv.scores).logit.to_numpy(copy=True)
    logit[0] = np.nan
    change(hsv, logit=logit)
    report = write_comparison([rgb.path, hsv.path], tmp_path / "out", console=Console(file=io.StringIO()))
    assert "failed on 1 image (" in report.notes[0]
    assert "undefined" in verdicts(report)
    json.loads((tmp_path / "out" / "comparison.json").read_text(), parse_constant=pytest.fail)


def write_numbers(run: RunFolder, trained_on: dict[str, list[str]], sets: list[dict[str, Any]]) -> None:
    rest = {"groups": [], "degradations": [], "swap": None, "title": "a run"}
    detector = {"checkpoint": "", "backbone": "pelee", "color": "rgb", "residual": "hpf", "image_px": 64}
    listed = [{"where": "somewhere", "num_real": 0, "num_fake": 0, **part} for part in sets]
    numbers = {**rest, "detector": detector, "trained_on": trained_on, "test_sets": listed}
    write_json(run.evaluation.numbers, numbers)


def test_evaluations_count_where_all_have_one(rgb: RunFolder, hsv: RunFolder) -> None:
    for run in (rgb, hsv):
        scores = read_scores(run.scores)
        coded = scores.assign(degradation="jpeg-75")
        control = scores.assign(test_set="blurred")
        write_scores(run.evaluation.scores, pd.concat([coded, control], ignore_index=True))
        sets = [{"name": "test", "control": False}, {"name": "blurred", "control": True}]
        trained_on = {"categories": ["leaves"], "generators": ["another"]}
        write_numbers(run, trained_on, sets)
    rows = {row.name: row for row in read_comparison([rgb.path, hsv.path]).comparisons[0].rows}
    assert rows["jpeg-75"].num_real == rows["all images"].num_real == 220
    assert "seen content, unseen generators" in rows
    assert "blurred" not in rows
    hsv.evaluation.numbers.unlink()
    report = read_comparison([rgb.path, hsv.path])
    assert "jpeg-75" not in [row.name for row in report.comparisons[0].rows]
    assert f"python -m fakeid evaluate adds further test sets and degradations to {hsv.path}" in report.notes[0]


def test_own_test_images_of_different_sources_are_not_the_same(rgb: RunFolder, hsv: RunFolder) -> None:
    summary = read_json(hsv.summary)
    summary["data"]["source"]["seed"] = 1
    write_json(hsv.summary, summary)
    with pytest.raises(DataError, match="the runs' images come from different sources"):
        read_comparison([rgb.path, hsv.path])
    for run in (rgb, hsv):
        change(run, run.evaluation.scores, test_set="photos")
        write_numbers(run, {"categories": [], "generators": []}, [{"name": "photos", "control": False}])
    report = read_comparison([rgb.path, hsv.path])
    assert report.num_images == 440
    assert "come from different sources and are left out" in report.notes[0]


@pytest.mark.usefixtures("undrawn")
def test_other_folders_of_one_name_are_not_the_same(rgb: RunFolder, hsv: RunFolder) -> None:
    for digest in ("0", "1"):
        for run, own_digest in ((rgb, "0"), (hsv, digest)):
            photos = read_scores(run.scores).assign(test_set="photos")
            write_scores(run.evaluation.scores, pd.concat([read_scores(run.scores), photos], ignore_index=True))
            sets = [{"name": "test", "digest": own_digest}, {"name": "photos", "digest": own_digest}]
            write_numbers(run, {"categories": [], "generators": []}, sets)
        report = read_comparison([rgb.path, hsv.path])
        assert report.num_images == (880 if digest == "0" else 440)
        left_out = "The images of photos come from different sources and are left out"
        assert any(note.startswith(left_out) for note in report.notes) == (digest == "1")


def test_warnings_of_the_audit_are_repeated(rgb: RunFolder, tmp_path: Path) -> None:
    audit = {"verdict": "", "warnings": ["file facts alone tell real from fake"], "probes": {}}
    warned = write_run(tmp_path / "runs", "categories=5", "dropout=0.2", audit=audit)
    console = Console(file=io.StringIO(), width=80)
    write_comparison([rgb.path, warned.path], tmp_path / "out", console=console)
    assert isinstance(console.file, io.StringIO)
    assert "WARNING (1 run): file facts alone" in console.file.getvalue()
    assert "file facts alone" in (tmp_path / "out" / "index.html").read_text()


def test_what_cannot_be_compared_says_why(rgb: RunFolder, hsv: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    begun = write_failed_run(tmp_path / "runs", "categories=2")
    going = write_failed_run(tmp_path / "runs", "categories=3")
    going.write_status(RUNNING, epochs_done=3, epochs=5)
    damaged = write_run(tmp_path / "runs", "categories=6")
    damaged.summary.write_text("{")
    for other, message in (
        (tmp_path / "empty", "is not a run: it has no status.json"),
        (tmp_path / "runs", r"is not a run but a folder of \d; name those to compare, such as .*/runs/demo-pelee-"),
        (rgb.path.with_name(hsv.path.name[:-1]), f"did you mean {hsv.path}"),
        (begun.path, r"not finished \(failed, 1 of 5 epochs\)"),
        (going.path, r"not finished \(interrupted, 3 of 5 epochs\)"),
        (damaged.path, "is damaged"),
    ):
        with pytest.raises(DataError, match=message):
            read_comparison([rgb.path, other])
    with pytest.raises(ConfigError, match="is given twice"):
        read_comparison([rgb.path, hsv.path, rgb.path / ".." / rgb.path.name])
    with pytest.raises(ConfigError, match="expected two or more runs, got 1"):
        read_comparison([rgb.path])


@pytest.mark.usefixtures("undrawn")
def test_the_command_line(
    rgb: RunFolder, hsv: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    main(["compare", str(rgb.path), "--all-pairs", str(hsv.path)])
    (page,) = (rgb.path.parent / "comparisons").glob("*/index.html")
    assert f"written to {page}" in capsys.readouterr().out
    assert page.parent.name.startswith(f"{rgb.path.name}-and-1-more-")
    assert list(tmp_path.glob("*.html")) == []
    names = set(print_status(rgb.path.parent, Console(quiet=True)))
    assert {rgb.path.name, hsv.path.name} <= names
    assert "comparisons" not in names
    (tmp_path / "file").touch()
    for arguments, code, message in (
        ([str(rgb.path)], 2, "expected two or more runs"),
        ([str(rgb.path), "nowhere"], 1, "nowhere does not exist"),
        ([str(rgb.path), str(hsv.path), "--output", "file"], 1, "choose another with --output=DIR"),
    ):
        with pytest.raises(SystemExit) as exit_info:
            main(["compare", *arguments])
        assert exit_info.value.code == code
        assert message in capsys.readouterr().err
