"""What was typed after `python -m fakeid evaluate`, made into an evaluation."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from fakeid.config.choices import LoggerName
from fakeid.config.compose import compose_config
from fakeid.config.constants import OWN_TEST_SET
from fakeid.config.parse import Config
from fakeid.config.validate import check_evaluation
from fakeid.errors import ConfigError
from fakeid.evaluation.records.evaluation import Evaluation
from fakeid.runs.evaluate.evaluation import adopt, find_checkpoint, run_evaluation
from fakeid.runs.evaluate.tracking import track_evaluation
from fakeid.training.checkpoint import read_card

_GROUPS: Final = ("evaluation", "trainer", "paths", "logger")
_LEARNT: Final = "evaluation.calibrated_under"
_OPTIONS: Final = ("data.on_bad_image", "data.real.root", "data.fake.root")


def evaluate(
    checkpoint: Path, words: Sequence[str], output: Path | None = None, *, reals: Sequence[str] = ()
) -> Evaluation:
    """Test a checkpoint as the command line asks.

    Args:
        checkpoint: A run folder or a checkpoint file.
        words: Folders of images, `test` for the run's own, and options with `=`.
        output: Folder of the files; None chooses one.
        reals: Folders of real photos alone, nested in any way.

    Raises:
        ConfigError: An option that belongs to the training, or two folders of one name.
        DataError: A folder that is not there.
        FakeidError: As `run_evaluation`.
    """
    overrides = [word for word in words if "=" in word]
    places = [word for word in words if "=" not in word]
    _check_overrides(overrides)
    named = any(word.partition("=")[0] == "evaluation" for word in overrides)
    options = compose_config([*([] if named else ["evaluation=matrix"]), *overrides])
    sets = [*options.evaluation.sets, *(place for place in places if place != OWN_TEST_SET)]
    asked = dataclasses.replace(options.evaluation, sets=sets, reals=[*options.evaluation.reals, *reals])
    options = dataclasses.replace(options, evaluation=asked)
    check_evaluation(options.evaluation)  # two folders may have one name
    own = OWN_TEST_SET in places or not (places or reals)
    console = Console(highlight=False)
    evaluation = run_evaluation(checkpoint, options, console, own=own, output=output)
    if own and output is None:
        _track(checkpoint, options, evaluation, console)
    return evaluation


def _track(checkpoint: Path, options: Config, evaluation: Evaluation, console: Console) -> None:
    """Log to W&B, beside the training, if that was tracked."""
    path, run = find_checkpoint(checkpoint)
    if run is not None and options.logger.name is not LoggerName.csv:
        track_evaluation(adopt(read_card(path), options), run, evaluation, console)


def _check_overrides(overrides: Sequence[str]) -> None:
    for word in overrides:
        option = word.partition("=")[0].lstrip("+~")
        if option == _LEARNT:
            raise ConfigError(f"{_LEARNT} decides a threshold in training: give it to train.py")
        if option.partition(".")[0] not in _GROUPS and option not in _OPTIONS:
            raise ConfigError(
                f"evaluate takes the options of {', '.join(_GROUPS)} and {', '.join(_OPTIONS)}, got {option}; all else "
                "is as the checkpoint was trained"
            )
