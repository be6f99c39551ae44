"""A threshold that also keeps its false-positive rate under degradations: what is stored, printed and refused."""

import io
from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np
import pytest
from rich.console import Console
from tiny_runs import train

from fakeid.commands.evaluate import evaluate
from fakeid.config.constants import REAL
from fakeid.config.degradations import parse_degradation
from fakeid.config.parse import Config
from fakeid.data.datamodule import PackedDataset
from fakeid.errors import ConfigError
from fakeid.evaluation.fit_calibration import fit_calibration
from fakeid.evaluation.scores import read_scores, to_arrays
from fakeid.evaluation.thresholds import choose_threshold, count_allowed
from fakeid.images.degrade import degrade
from fakeid.io import write_record
from fakeid.runs.evaluate.analyze import read_calibration
from fakeid.runs.images import list_images, prepare_images
from fakeid.runs.layout import RunFolder
from fakeid.runs.states import lacks_evaluation
from fakeid.training.checkpoint import load_module, read_card
from fakeid.training.predict import Scorer

BuildConfig = Callable[..., Config]

UNDER = ("jpeg-30", "downup-0.5", "social")
ASKED = (
    f"evaluation.calibrated_under=[{','.join(UNDER)}]", "evaluation.false_alarm_rate=0.2", "protocol.threshold=photos",
    "optim.epochs=1", "data.val_per_class=24",
)  # fmt: skip


def score_reals(config: Config, word: str) -> np.ndarray:
    """Score each validation real under a degradation."""
    console = Console(file=io.StringIO())
    listed = list_images(config, console)
    dataset = PackedDataset(prepare_images(config, listed, console), listed.plan.val)
    scorer = Scorer(load_module(RunFolder.locate(config).tested), device="cpu")
    found = []
    for index, record in enumerate(dataset.records):
        if record.label == REAL:
            (image,) = dataset.__getitems__([index]).rgb_u8.permute(0, 2, 3, 1).numpy()
            found.append(scorer.score(degrade(image, parse_degradation(word), record.key, seed=config.data.seed)[None]))
    return np.concatenate(found)


def test_the_stored_threshold_is_the_strictest_and_keeps_its_rate_everywhere(tiny_config: BuildConfig) -> None:
    config = tiny_config(*ASKED)
    summary, output = train(config)
    run = RunFolder.locate(config)
    scores = read_scores(run.validation)
    assert set(scores.degradation) == {"none"}
    calibration = read_calibration(read_card(run.tested))
    assert calibration is not None
    assert summary.calibration == run.read_summary().calibration == calibration
    assert calibration.conditions == ("none", *UNDER)
    reals = {"none": scores.logit[scores.label == REAL].to_numpy()} | {
        word: score_reals(config, word) for word in UNDER
    }
    labels = np.full(calibration.num_real, REAL)
    own = {word: choose_threshold(labels, some, "false_positive_rate", 0.2) for word, some in reals.items()}
    clean = fit_calibration(*to_arrays(scores), 0.2)
    assert clean is not None
    own["none"] = clean.threshold
    assert calibration.threshold == pytest.approx(max(own.values()), abs=1e-5)
    assert own[calibration.decided_by] == max(own.values())
    for word, some in reals.items():
        assert (some >= calibration.threshold).sum() <= count_allowed(len(some), 0.2), word
    assert summary.threshold.rule == "photos"
    assert summary.threshold.logit == calibration.threshold
    assert summary.seen is not None
    assert summary.seen.read("accuracy") == summary.seen.read("accuracy_at_chosen")
    assert "the strictest of those for clean images, JPEG 30, rescaling by 0.5 and social" in " ".join(output.split())

    wanted = ("evaluation.degradations=[blur-1,social]", "evaluation.per_class=1", "logger=csv")
    plain = evaluate(run.path, [*wanted, "evaluation=test", f"paths.cache={config.paths.cache}"])
    assert plain.calibration == calibration
    assert plain.threshold.rule == "photos"
    assert plain.evaluation is not None
    assert plain.evaluation["calibrated_under"] == list(UNDER)
    asked = tiny_config(*ASKED, *wanted)
    # As an earlier release wrote it, and as requested with other options.
    for kept, lacks in (({}, False), ({"calibrated_under": ["social"]}, False), ({"seed": 1}, True)):
        options = {**asdict(asked.evaluation), **kept}
        if not kept:
            del options["calibrated_under"]
        write_record(run.evaluation.numbers, replace(plain, evaluation=options))
        assert lacks_evaluation(run, asked) == lacks, kept


def test_without_conditions_nothing_changes(trained: Config) -> None:
    run = RunFolder.locate(trained)
    card = read_card(run.tested)
    calibration = fit_calibration(*to_arrays(read_scores(run.validation)))
    assert calibration is not None
    assert read_calibration(card) == calibration
    assert (calibration.conditions, calibration.decided_by) == (("none",), "none")


@pytest.mark.parametrize("option", ["calibrated_under=[social]", "false_alarm_rate=0.01", "max_error=0.2"])
def test_an_evaluation_cannot_change_what_the_training_chose(trained: Config, option: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"evaluation\.{option.split('=', maxsplit=1)[0]} sets a threshold during training"
    ):
        evaluate(RunFolder.locate(trained).path, [f"evaluation.{option}"])
