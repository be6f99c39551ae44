"""Whole evaluations of a tiny detector: output, refusals, and resumption without loss after an interruption."""

import io
import json
import shlex
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rich.console import Console
from tiny_runs import TINY, TINY_NETWORK, leave_out_figures

from fakeid.commands.evaluate import evaluate
from fakeid.config.compose import compose_config
from fakeid.config.degradations import parse_degradation
from fakeid.config.identity import name_run
from fakeid.config.parse import Config
from fakeid.data.sources.demo import DemoSource
from fakeid.errors import CheckpointError, ConfigError, DataError
from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.fit_calibration import fit_calibration
from fakeid.evaluation.records.evaluation import Evaluation
from fakeid.evaluation.records.results import Estimate
from fakeid.evaluation.scores import Scores, build_scores, read_scores, to_arrays
from fakeid.evaluation.statistics.intervals import wilson_interval
from fakeid.images.degrade import degrade
from fakeid.io import parse_record
from fakeid.reporting.evaluation.tables import tabulate_test_sets
from fakeid.runs.evaluate import score as score_sets
from fakeid.runs.evaluate.analyze import measure_one_class, read_calibration
from fakeid.runs.evaluate.evaluation import adopt
from fakeid.runs.layout import EvaluationFolder, RunFolder
from fakeid.runs.train import run_training
from fakeid.training.checkpoint import load_module, read_card
from fakeid.training.predict import Scorer

BuildConfig = Callable[..., Config]

SMALL = ("evaluation=test", "evaluation.degradations=[jpeg-50,noise-8]", "evaluation.swap_quality=75", "logger=csv")
OWN = ("optim.epochs=1", "data.val_per_class=8", "data.test_per_class=3")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """One tiny detector shared by all tests; evaluation options need its cache."""
    root = tmp_path_factory.mktemp("trained")
    config = compose_config([*TINY, TINY_NETWORK, *OWN, f"paths.runs={root / 'runs'}", f"paths.cache={root / 'cache'}"])
    with pytest.MonkeyPatch.context() as patch:
        leave_out_figures(patch)
        run_training(config, Console(file=io.StringIO()))
    return RunFolder(root / "runs" / name_run(config))


def try_out(run: RunFolder, output: Path, *words: str) -> tuple[Evaluation, Scores]:
    cache = f"paths.cache={run.path.parents[1] / 'cache'}"
    options = [] if any(word.startswith("evaluation=") for word in words) else SMALL
    found = evaluate(run.path, [cache, "trainer=cpu", *options, *words], output)
    return found, read_scores(output / "scores.csv")


@pytest.fixture(scope="module")
def whole(run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> tuple[Evaluation, Scores, Path]:
    """The evaluation of the detector with `SMALL`, its scores and its folder."""
    folder = tmp_path_factory.mktemp("evaluated")
    with pytest.MonkeyPatch.context() as patch:
        leave_out_figures(patch)
        return *try_out(run, folder), folder


def plant(root: Path, *folders: str, count: int = 4) -> Path:
    rng = np.random.default_rng(0)
    for folder in folders:
        (root / folder).mkdir(parents=True)
        for number in range(count):
            cv2.imwrite(str(root / folder / f"{number}.png"), rng.integers(0, 256, (50, 60, 3), np.uint8))
    return root


def test_the_checkpoint_alone_knows_threshold_and_band(run: RunFolder) -> None:
    card = read_card(run.tested)
    scores = read_scores(run.validation)
    assert len(scores) == 16
    assert set(scores.category.tolist()) == set(card.categories)
    calibration = fit_calibration(*to_arrays(scores))
    assert calibration is not None
    assert card.calibration == asdict(calibration)
    summary = json.loads(run.summary.read_text())
    assert parse_record(summary["calibration"], Calibration) == calibration
    assert summary["unseen"]["metrics"]["accuracy_at_chosen"]["value"] is not None
    assert len(card.generators) == 2
    assert card.held_out == "coral"


def test_every_image_is_scored_under_every_degradation(whole: tuple[Evaluation, Scores, Path]) -> None:
    found, scores, folder = whole
    assert found.degradations == ("none", "jpeg-50", "noise-8", "jpeg-75")
    assert len(scores) == 4 * 11 * 3 * 3
    assert {len(set(scores.key[scores.degradation == word])) for word in found.degradations} == {99}
    filled = {(group.seen_content, group.seen_generator) for group in found.groups if group.kind == "quadrant"}
    assert filled == {(True, True), (True, False), (False, True), (False, False)}
    assert found.swap is not None
    assert found.swap.quality == 75
    assert EvaluationFolder(folder).read_numbers() == found


def test_few_clusters_are_warned_of(run: RunFolder, whole: tuple[Evaluation, Scores, Path], tmp_path: Path) -> None:
    assert not whole[0].warnings
    clustered, _ = try_out(run, tmp_path, *SMALL, "evaluation.cluster=stem")
    (warning,) = clustered.warnings
    assert "fewer than 20 clusters in a class (minimum 3)" in warning
    assert "(evaluation.cluster=stem), except those of the swap test." in clustered.notes[-1]


def test_the_arithmetic_of_training_and_scoring_is_recorded(
    run: RunFolder, whole: tuple[Evaluation, Scores, Path]
) -> None:
    for record in (whole[0], run.read_summary()):
        assert (record.precision, record.scoring_precision) == ("float32", "float32")


@pytest.mark.slow
@pytest.mark.draws
def test_everything_is_there_to_look_at(run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found, _ = try_out(run, tmp_path / "out")
    names = {"scores.csv", "evaluation.json", "evaluation.md", "index.html", "figures"}
    assert names <= {path.name for path in (tmp_path / "out").iterdir()}
    drawn = {"matrix", "robustness", "roc", "histograms", "reliability", "spectra", "mistakes"}
    assert {path.name for path in (tmp_path / "out" / "figures").iterdir()} == {
        f"{name}.{ending}" for name in drawn for ending in ("png", "svg")
    }
    output = capsys.readouterr().out
    assert found.swap is not None
    assert found.swap.verdict.split()[0] in output
    assert "index.html" in output


def test_clean_images_score_as_in_the_run(run: RunFolder, whole: tuple[Evaluation, Scores, Path]) -> None:
    scores, before = whole[1][whole[1].degradation == "none"], read_scores(run.scores)
    logits = dict(zip(scores.key.tolist(), scores.logit.tolist(), strict=True))
    np.testing.assert_allclose([logits[key] for key in before.key.tolist()], before.logit, atol=1e-5)


@pytest.mark.slow
def test_degraded_images_score_as_if_degraded_by_hand(run: RunFolder, whole: tuple[Evaluation, Scores, Path]) -> None:
    scores = whole[1]
    rows = scores[(scores.degradation == "noise-8") & (scores.category == "coral")]
    source = DemoSource(images_per_class=1, image_px=48)
    records = {record.key: record for record in source.held_out_records(3)}
    scorer = Scorer(load_module(run.tested), device="cpu")
    for key, logit in zip(rows.key.tolist(), rows.logit.tolist(), strict=True):
        if key in records:
            image = degrade(source.read(records[key]), parse_degradation("noise-8"), key)
            assert scorer.score(image[None])[0] == pytest.approx(logit, abs=1e-4)
            records.pop(key)
    assert not any(key.startswith("coral") for key in records)


def test_an_interrupted_evaluation_continues(
    run: RunFolder, whole: tuple[Evaluation, Scores, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(score_sets, "_SAVE_SECONDS", 0.0)
    original, calls = Scorer.score, []

    def score(self: Scorer, images: Any) -> Any:
        calls.append(len(images))
        if len(calls) == 4:
            raise KeyboardInterrupt
        return original(self, images)

    monkeypatch.setattr(Scorer, "score", score)
    with pytest.raises(KeyboardInterrupt):
        try_out(run, tmp_path / "cut")
    assert not (tmp_path / "cut" / "scores.csv").exists()
    _, continued = try_out(run, tmp_path / "cut")
    assert "continuing after 3 of 8 batches" in capsys.readouterr().out
    assert len(calls) == 4 + 5
    np.testing.assert_array_equal(continued.logit, whole[1].logit)
    assert sorted(path.name for path in (tmp_path / "cut").iterdir() if path.suffix == ".npz") == []


@pytest.mark.slow
def test_other_folders_take_the_place_of_the_own_images(run: RunFolder, tmp_path: Path) -> None:
    folder = plant(tmp_path / "farm", "biggan/cow/0_real", "biggan/cow/1_fake")
    found, scores = try_out(run, tmp_path / "out", str(folder))
    assert set(scores.test_set.tolist()) == {"farm"}
    assert {group.name for group in found.groups if group.kind == "quadrant"} == {"unseen content, unseen generators"}
    assert found.test_sets[0].file_formats == {"real": {"png": 1.0}, "fake": {"png": 1.0}}
    both, _ = try_out(run, tmp_path / "both", "test", str(folder))
    assert [part.name for part in both.test_sets] == ["test", "farm"]


def test_what_was_cut_is_told(run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = plant(tmp_path / "farm", "cow/0_real", "cow/1_fake")
    found, _ = try_out(run, tmp_path / "out", str(folder), "evaluation.per_class=2")
    counts = [(cell.value, cell.mark) for cell in tabulate_test_sets(found).rows[0].cells[2:4]]
    assert counts == [(2, " of 4"), (2, " of 4")]
    told = "farm: 4 of 8 images were tested, at most 2 of each category, generator and class; evaluation.per_class=null"
    assert found.notes[-1].startswith(told)
    assert told in " ".join(capsys.readouterr().out.split())


def test_a_control_is_judged_and_kept_out_of_the_quadrants(
    run: RunFolder, whole: tuple[Evaluation, Scores, Path], tmp_path: Path
) -> None:
    folder = plant(tmp_path / "bicubic", "cow/1_fake")
    found, _ = try_out(run, tmp_path / "out", "test", f"soft:{folder}", "evaluation.controls=[soft]")
    assert [control.name for control in found.controls] == ["soft"]
    assert found.controls[0].num_control == 4
    assert found.groups == whole[0].groups


def test_controls_alone_are_refused_before_anything_is_scored(run: RunFolder, tmp_path: Path) -> None:
    folder = plant(tmp_path / "bicubic", "cow/1_fake")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "evaluation.json").write_text("earlier")
    with pytest.raises(ConfigError, match="controls are judged beside other images: add the run's own with test"):
        try_out(run, tmp_path / "out", f"soft:{folder}", "evaluation.controls=[soft]")
    assert (tmp_path / "out" / "evaluation.json").read_text() == "earlier"


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (("nowhere",), DataError, "no folder nowhere"),
        (("color=hsv",), ConfigError, "that the checkpoint was trained with"),
        (("evaluation.degradations=[jpg-50]",), ConfigError, "for example jpeg-75"),
        (("conf", "other/conf"), ConfigError, "several test sets are named conf"),
        (('evaluation.cluster="("',), ConfigError, "must be stem or a regular expression"),
        (("evaluation.controls=[bicubic]",), ConfigError, "no test set has that name"),
    ],
)
def test_bad_words_are_answered_at_once(
    run: RunFolder, tmp_path: Path, words: tuple[str, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        try_out(run, tmp_path / "out", *words)


def test_paths_that_are_no_text_are_refused(run: RunFolder, tmp_path: Path) -> None:
    folder = tmp_path / "caf\udce9"
    folder.mkdir()
    with pytest.raises(DataError, match="not UTF-8"):
        try_out(run, tmp_path / "out", str(folder))
    with pytest.raises(CheckpointError, match="not UTF-8"):
        evaluate(folder, [])


def test_who_is_no_detector_is_refused(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError, match="no run and no checkpoint"):
        evaluate(tmp_path / "nothing", [])
    with pytest.raises(CheckpointError, match="has no checkpoints/tested.ckpt"):
        evaluate(tmp_path / "empty", [])
    with pytest.raises(CheckpointError, match="tested.ckpt of a finished run"):
        evaluate(run.last, [])


def test_the_options_of_the_training_come_from_the_checkpoint(run: RunFolder) -> None:
    options = compose_config(["color=hsv", "evaluation=quick"])
    config = adopt(read_card(run.tested), options)
    assert config.color.name.value == "rgb"
    assert config.data.image_px == 48
    assert config.evaluation == options.evaluation


@pytest.mark.parametrize(("folder", "label"), [("0_real", "real"), ("1_fake", "fake")])
def test_of_one_class_the_one_rate_is_told(
    run: RunFolder, tmp_path: Path, folder: str, label: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = plant(tmp_path / "mine", folder, count=6)
    found, scores = try_out(run, tmp_path / "out", str(root))
    calibration = read_calibration(read_card(run.tested))
    assert calibration
    assert [rate.degradation for rate in found.one_class] == list(found.degradations)
    for rate in found.one_class:
        rows = scores[scores.degradation == rate.degradation]
        called = int((rows.logit >= calibration.threshold).sum())
        assert (rate.test_set, rate.label, rate.num_images) == ("mine", label, 6)
        assert rate.called_fake.value == called / 6
        assert (rate.called_fake.low, rate.called_fake.high) == wilson_interval(called, 6)
    printed = " ".join(capsys.readouterr().out.split())
    assert f"The {label}s of mine: " in printed
    assert "of 6 are called fake at the threshold for 5 % false positives; " in printed.replace(
        "\N{NO-BREAK SPACE}", " "
    )
    assert "No answer" not in printed
    assert "Holds on nothing" not in printed


def test_of_photos_in_any_folders_the_rate_called_fake_is_told(run: RunFolder, tmp_path: Path) -> None:
    root = plant(tmp_path / "album", ".", "2024/summer/at the sea/boats", "1_fake", "real", count=2)
    cache = f"paths.cache={run.path.parents[1] / 'cache'}"
    found = evaluate(run.path, [cache, "trainer=cpu", *SMALL], tmp_path / "out", reals=[f"mine:{root}"])
    scores = read_scores(tmp_path / "out" / "scores.csv")
    assert {rate.test_set for rate in found.one_class} == {"mine"}
    assert {(rate.label, rate.num_images) for rate in found.one_class} == {("real", 6)}  # without 1_fake beside real
    clean = scores[scores.degradation == "none"]
    assert sorted(clean.key) == sorted(
        [*(f"{n}.png" for n in range(2)), *(f"2024/summer/at the sea/boats/{n}.png" for n in range(2)),
         *(f"real/{n}.png" for n in range(2))]
    )  # fmt: skip
    assert set(clean.category) == {"album"}
    assert f" --reals mine:{root} " in found.command


def test_the_command_repeats_the_evaluation(run: RunFolder, tmp_path: Path) -> None:
    root = plant(tmp_path / "album", ".", count=2)
    cache = f"paths.cache={run.path.parents[1] / 'cache'}"
    words = [
        cache, "trainer=cpu", "evaluation=test", "evaluation.degradations=[blur-1]", "evaluation.per_class=1",
        "evaluation.cluster='([^/]+)'", "evaluation.seed=3", "paths.data=/a b",
        "data.on_bad_image=skip",
    ]  # fmt: skip
    found = evaluate(run.path, [*words, "test"], tmp_path / "out", reals=[str(root)])
    assert {part.name for part in found.test_sets} == {"test", "album"}
    assert f" test --reals album:{root} " in found.command
    given = ["paths.data='/a b'", "data.on_bad_image=skip", "--output", str(tmp_path / "out")]
    assert shlex.split(found.command)[-4:] == given
    options = [word for word in shlex.split(found.command) if word.startswith("evaluation.")]
    # `evaluate` starts from this preset, which uses only some images of each kind.
    assert compose_config(["evaluation=matrix", *options]).evaluation == compose_config(words).evaluation


def test_photos_that_are_not_there_are_refused_in_a_sentence(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no folder .*nowhere to test on"):
        evaluate(run.path, ["trainer=cpu"], tmp_path / "out", reals=[str(tmp_path / "nowhere")])
    with pytest.raises(DataError, match="no photo below the test set empty=.*empty"):
        evaluate(run.path, ["trainer=cpu"], tmp_path / "out", reals=[str(tmp_path / "empty")])


def test_reals_alone_on_which_a_detector_broke_down_are_not_called_real():
    scores = build_scores(
        key=["a", "b", "c"], label=[0] * 3, category=["a"] * 3, generator=["camera"] * 3,
        logit=[1.0, float("nan"), 1.0], test_set=["mine", "mine", "yours"],
    )  # fmt: skip
    shares = {rate.test_set: rate.called_fake for rate in measure_one_class(scores, 0.0)}
    assert shares["mine"] == Estimate()
    assert shares["yours"].value == 1
