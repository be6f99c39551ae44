"""Rounds of a sweep, with a launcher that writes statuses instead of training."""

import io
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from rich.console import Console
from tiny_runs import said

from fakeid.config.parse import Config
from fakeid.runs.layout import DONE, FAILED, RUNNING, RunFolder
from fakeid.sweeps import monitor as rounds
from fakeid.sweeps.grid import PlannedRun
from fakeid.sweeps.launchers import launch_runs
from fakeid.sweeps.monitor import run_rounds


class Script:
    """A launcher that gives each cell a scripted result in its n-th launch."""

    def __init__(self, *launches: Callable[[PlannedRun], None]) -> None:
        self.launches = list(launches)
        self.launched: list[list[str]] = []

    def __call__(self, planned_runs: Sequence[PlannedRun]) -> str | None:
        self.launched.append([planned.run.path.name for planned in planned_runs])
        act = self.launches.pop(0)
        for planned in planned_runs:
            act(planned)
        return "WorkerDiedError: kill -9"


def end(planned: PlannedRun, state: str = DONE, epochs_done: int = 5) -> None:
    planned.run.path.mkdir(parents=True, exist_ok=True)
    planned.run.write_status(state, epochs_done=epochs_done, epochs=5)


def only(name: str, act: Callable[[PlannedRun], None]) -> Callable[[PlannedRun], None]:
    return lambda planned: act(planned) if planned.run.path.name == name else None


@pytest.fixture
def planned_runs(tmp_path: Path) -> list[PlannedRun]:
    return [PlannedRun((f"seed={name}",), Config(), RunFolder(tmp_path / name)) for name in "abc"]


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def test_only_what_was_cut_off_is_launched_again(planned_runs: list[PlannedRun], console: Console) -> None:
    script = Script(only("b", end), end)
    run_rounds(planned_runs, script, console)
    assert script.launched == [["a", "b", "c"], ["a", "c"]]
    assert "2 cells were cut off (WorkerDiedError: kill -9); launching them again" in said(console)


def test_a_failure_ends_a_cell(planned_runs: list[PlannedRun], console: Console) -> None:
    end(planned_runs[0], FAILED, 1)
    before = planned_runs[0].run.read_status()
    status = planned_runs[0].run.status
    status.write_text(status.read_text().replace("20", "19", 1))  # as if an earlier command had written it
    assert planned_runs[0].run.read_status() != before
    script = Script(lambda planned: end(planned, FAILED, 1))
    run_rounds(planned_runs, script, console)
    assert script.launched == [["a", "b", "c"]]
    assert said(console) == ""


def test_who_dies_again_and_again_is_given_up(planned_runs: list[PlannedRun], console: Console) -> None:
    script = Script(*[only("b", end)] * 3)
    run_rounds(planned_runs, script, console)
    assert script.launched == [["a", "b", "c"], ["a", "c"], ["a", "c"]]
    assert "2 cells were cut off (WorkerDiedError: kill -9) again without another epoch; giving up" in said(console)


def test_an_epoch_more_each_time_is_enough(planned_runs: list[PlannedRun], console: Console) -> None:
    def one_more(planned: PlannedRun) -> None:
        epochs = planned.run.epochs_done + 1
        end(planned, DONE if epochs == 5 else RUNNING, epochs)  # running, but its lock is free: killed

    script = Script(*[one_more] * 5)
    run_rounds(planned_runs[:1], script, console)
    assert len(script.launched) == 5


@pytest.mark.parametrize("ends_done", [True, False])
def test_cells_of_others_are_waited_for(
    planned_runs: list[PlannedRun], console: Console, monkeypatch: pytest.MonkeyPatch, ends_done: bool
) -> None:
    monkeypatch.setattr(rounds, "_POLL_SECONDS", 0.05)
    end(planned_runs[1], RUNNING, 1)
    theirs = FileLock(planned_runs[1].run.path / ".lock", thread_local=False)
    theirs.acquire()

    def let_go() -> None:
        if ends_done:
            end(planned_runs[1])
        theirs.release()

    threading.Timer(0.5, let_go).start()
    script = Script(end, end)
    run_rounds(planned_runs, script, console)
    assert script.launched == ([["a", "c"]] if ends_done else [["a", "c"], ["b"]])
    assert f"waiting for 1 in progress elsewhere: b ({socket.gethostname()}:" in said(console)


def test_force_trains_once_what_was_done(planned_runs: list[PlannedRun], console: Console) -> None:
    forced = [replace(planned, config=Config(force=True)) for planned in planned_runs]
    for planned in forced:
        end(planned, epochs_done=4)
    script = Script(only("b", end), end)
    run_rounds(forced, script, console)
    assert script.launched == [["a", "b", "c"], ["a", "c"]]


class Engine(Launcher):
    """A launcher that returns or raises what it is given."""

    def __init__(self, *outcomes: JobReturn | Exception) -> None:
        self.outcomes = outcomes

    def setup(self, **_: object) -> None:
        """Do nothing."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        assert [list(words) for words in job_overrides] == [["seed=a"], ["seed=b"], ["seed=c"]]
        for outcome in self.outcomes:
            if isinstance(outcome, Exception):
                raise outcome
        return [outcome for outcome in self.outcomes if isinstance(outcome, JobReturn)]


def test_the_death_of_a_worker_is_told_in_a_line(planned_runs: list[PlannedRun]) -> None:
    died = RuntimeError("\nA worker was terminated.\nIt may have used too much memory.")
    assert launch_runs(Engine(died), planned_runs, at_once=2) == "RuntimeError: A worker was terminated."


def test_what_a_cell_raised_is_told(planned_runs: list[PlannedRun]) -> None:
    failed = JobReturn(_return_value=OSError("disk full"), status=JobStatus.FAILED)
    done = JobReturn(_return_value=None, status=JobStatus.COMPLETED)
    assert launch_runs(Engine(done, failed, done), planned_runs, at_once=2) == "OSError: disk full"
    assert launch_runs(Engine(done, done, done), planned_runs, at_once=2) is None


def test_ctrl_c_goes_up(planned_runs: list[PlannedRun]) -> None:
    class Pressed(Engine):
        def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        launch_runs(Pressed(), planned_runs, at_once=2)
