"""The folder of a run says what is true of it, whoever looks and whenever it was left."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from fakeid.runs import states
from fakeid.runs.layout import DONE, FAILED, INTERRUPTED, RUNNING, RunFolder, Stage
from fakeid.runs.states import read_state


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


@pytest.mark.parametrize("stage", [RUNNING, FAILED, INTERRUPTED])
def test_a_run_of_somebody_else_has_the_state_that_it_says(
    run: RunFolder, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.write_status(stage, epochs_done=1, epochs=2, reason="no data" if stage == FAILED else None)

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(states, "FileLock", refuse)
    assert read_state(run).name == stage
    assert (read_state(run).reason == "no data") == (stage == FAILED)


def test_what_is_cleared_halfway_has_no_results(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    run.checkpoints.mkdir(parents=True)
    run.summary.write_text("{}")
    run.write_status(DONE, epochs_done=2, epochs=2)

    def stop(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", stop)
    with pytest.raises(KeyboardInterrupt):
        run.clear()
    assert not run.summary.exists()
    assert not run.is_tested()
