"""A training that is followed by an evaluation: `python train.py evaluation=…`."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from fakeid.config.identity import name_run
from fakeid.config.parse import Config
from fakeid.errors import DataError
from fakeid.runs import train
from fakeid.runs.layout import RunFolder
from fakeid.runs.states import read_state
from fakeid.runs.train import run_training

BuildConfig = Callable[..., Config]


@pytest.mark.slow
@pytest.mark.draws
def test_a_training_evaluates_itself_when_asked_to(tiny_config: BuildConfig) -> None:
    plain = tiny_config("optim.epochs=1")
    run_training(plain, Console(file=io.StringIO()))
    folder = RunFolder.locate(plain)
    assert not folder.evaluation.numbers.exists()
    asked = tiny_config("optim.epochs=1", "evaluation.degradations=[blur-1]", "evaluation.per_class=1")
    assert name_run(asked) == name_run(plain)
    before = folder.tested.stat().st_mtime_ns
    for _ in range(2):
        run_training(asked, Console(file=io.StringIO()))
        assert json.loads(folder.evaluation.numbers.read_text())["degradations"] == ["none", "blur-1"]
    assert folder.tested.stat().st_mtime_ns == before


def test_a_missing_test_set_is_found_before_the_training(tiny_config: BuildConfig) -> None:
    config = tiny_config("evaluation.sets=[/nowhere/ffhq]")
    with pytest.raises(DataError, match="no folder /nowhere/ffhq"):
        run_training(config, Console(file=io.StringIO()))
    assert not Path(config.paths.runs).exists()


def test_a_failing_evaluation_fails_the_run_and_leaves_its_training(
    trained: Config, tiny_config: BuildConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tiny_config("optim.epochs=1", "evaluation.degradations=[blur-1]", "evaluation.per_class=1")
    folder = RunFolder.locate(trained)

    def fail(*_: Any) -> None:
        raise DataError("the disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr(train, "run_evaluation", fail)
        with pytest.raises(DataError, match="gone"):
            run_training(asked, Console(file=io.StringIO()))
    state = read_state(folder)
    assert (state.name, state.epochs_done, state.reason) == ("failed", 1, "DataError: the disk is gone")
    before = folder.tested.stat().st_mtime_ns
    said = io.StringIO()
    run_training(asked, Console(file=said))
    assert "is trained and tested" in said.getvalue()
    assert read_state(folder).name == "done"
    assert folder.evaluation.numbers.exists()
    assert folder.tested.stat().st_mtime_ns == before
    run_training(trained, Console(file=io.StringIO()))
    assert read_state(folder).name == "done"
