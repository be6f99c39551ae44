"""Run `python -m fakeid evaluate`: turn its command line into an evaluation."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from fakeid.config.choices import LoggerName
from fakeid.config.compose import compose_config
from fakeid.config.constants import OWN_TEST_SET
from fakeid.config.identity import TRAINED_EVALUATION
from fakeid.config.parse import Config
from fakeid.config.validate import check_evaluation
from fakeid.errors import ConfigError
from fakeid.evaluation.records.evaluation import Evaluation
from fakeid.runs.evaluate.evaluation import adopt, find_checkpoint, run_evaluation
from fakeid.runs.evaluate.tracking import track_evaluation
from fakeid.training.checkpoint import read_card

_GROUPS: Final = ("evaluation", "trainer", "paths", "logger")
_ROOTS: Final = ("data.real.root", "data.fake.root")
_OPTIONS: Final = ("data.on_bad_image", *_ROOTS)


def evaluate(
    checkpoint: Path, words: Sequence[str], output: Path | None = None, *, reals: Sequence[str] = ()
) -> Evaluation:
    """Test a checkpoint with the options of the command line.

    Args:
        checkpoint: Folder of a run, or a checkpoint file.
        words: Folders of images, `test` for the run's own test images, and options with `=`.
        output: Output folder; None chooses one.
        reals: Folders of real photos only, nested in any way.

    Returns:
        Evaluation that was written.

    Raises:
        ConfigError: An option belongs to the training, or two folders have the same name.
        DataError: A folder does not exist.
        FakeidError: The evaluation failed; see `run_evaluation`.
    """
    overrides = [word for word in words if "/" not in word.partition("=")[0] and "=" in word]
    places = [word for word in words if word not in overrides]
    _check_overrides(overrides)
    named = any(word.partition("=")[0] == "evaluation" for word in overrides)
    options = compose_config(
        [*([] if named else ["evaluation=matrix"]), *_name_source(checkpoint, overrides), *overrides]
    )
    sets = [*options.evaluation.sets, *(place for place in places if place != OWN_TEST_SET)]
    asked = dataclasses.replace(options.evaluation, sets=sets, reals=[*options.evaluation.reals, *reals])
    options = dataclasses.replace(options, evaluation=asked)
    check_evaluation(options.evaluation)  # again, because two folders may have the same name
    own = OWN_TEST_SET in places or not (places or reals)
    console = Console(highlight=False)
    evaluation = run_evaluation(checkpoint, options, console, own=own, output=output)
    if own and output is None:
        _track(checkpoint, options, evaluation, console)
    return evaluation


def _track(checkpoint: Path, options: Config, evaluation: Evaluation, console: Console) -> None:
    """Log the evaluation to the W&B run of the training, if that was tracked."""
    path, run = find_checkpoint(checkpoint)
    if run is not None and options.logger.name is not LoggerName.csv:
        track_evaluation(adopt(read_card(path), options), run, evaluation, console)


def _name_source(checkpoint: Path, overrides: Sequence[str]) -> list[str]:
    """Name the source of the training where an option is valid only beside it."""
    if not any(word.partition("=")[0].lstrip("+") in _ROOTS for word in overrides):
        return []
    return [f"data.source={read_card(find_checkpoint(checkpoint)[0]).config['data']['source']}"]


def _check_overrides(overrides: Sequence[str]) -> None:
    for word in overrides:
        option = word.partition("=")[0].lstrip("+~")
        if option.removeprefix("evaluation.") in TRAINED_EVALUATION:
            raise ConfigError(f"{option} sets a threshold during training: pass it to train.py instead of evaluate")
        if option.partition(".")[0] not in _GROUPS and option not in _OPTIONS:
            raise ConfigError(
                f"evaluate takes the options of {', '.join(_GROUPS)} and {', '.join(_OPTIONS)}, got {option}; all "
                "other options keep the values that the checkpoint was trained with"
            )
