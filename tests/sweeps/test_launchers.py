"""Real sweeps under each launcher run every cell once, and kill -9 at random moments leaves the results unchanged.

FAKEID_DRILL_KILLS=10 pytest -n 0 -m slow tests/sweeps/test_launchers.py runs the long version.
"""

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from fakeid.runs.layout import DONE, FAILED, RUNNING, RunFolder
from fakeid.runs.states import read_state

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
NUM_KILLS = int(os.environ.get("FAKEID_DRILL_KILLS", "2"))
KILLS_A_SWEEP = 2
VICTIMS = ("sweep", "worker", "all", "worker")  # in turn; if a worker is killed, the survivors finish the sweep
TINY = (
    "model.name=test_resnet", "logger=csv", "trainer=cpu", "trainer.precision=float32", "optim.epochs=3",
    "optim.batch_size=8", "data.image_px=40", "data.categories=[leaves,bricks]", "data.held_out=coral",
    "data.train_per_class=16", "data.val_per_class=2", "data.test_per_class=2", "data.audit_per_class=0",
    "paths.cache=../cache", "dropout=0", "seed=0", "paths.runs=runs",
)  # fmt: skip
GRID = ("categories=1", "color=rgb,hsv,ycbcr")
FAILING = ("categories=1", "color=rgb", "data=demo,folders", "paths.data=nowhere")
LAUNCHERS = {
    "basic": (),
    "joblib": ("hydra/launcher=joblib",),
    "submitit_local": ("hydra/launcher=submitit_local",),
    "ray": ("hydra/launcher=ray", "hydra.launcher.ray.init.num_cpus=2"),
}


@dataclass
class Sweep:
    """Sweeps in one folder and all their processes, which carry a mark in their environment."""

    folder: Path
    launcher: str
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    started: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    seconds: float = 0.0  # duration of an undisturbed sweep

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.ray = tempfile.mkdtemp(prefix="ray")  # socket names would be too long in the test's own folder

    def start(self, *options: str) -> "subprocess.Popen[bytes]":
        environment = {
            **os.environ, "OMP_NUM_THREADS": "1", "FAKEID_TEST_MARK": self.mark,
            "RAY_TMPDIR": self.ray, "RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled",
        }  # fmt: skip
        command = [sys.executable, str(ROOT / "sweep.py"), "-m", *TINY, *LAUNCHERS[self.launcher], *options]
        with (self.folder / "output.txt").open("ab") as file:
            process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.started.append(process)
        return process

    def finish(self, *options: str, code: int = 0) -> None:
        assert self.start(*options).wait(timeout=900) == code, self.output()

    def output(self) -> str:
        return (self.folder / "output.txt").read_text(errors="replace")

    def processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("FAKEID_TEST_MARK") == self.mark:
                    found.append(process)
        return found

    def kill_all(self) -> None:
        while found := self.processes():  # repeat, because some may have been starting others
            for process in found:
                with suppress(psutil.Error):
                    process.kill()
            time.sleep(0.1)

    def kill_worker(self) -> bool:
        """Kill one of the training processes, if there is one."""
        ours = {process.pid: process for process in self.processes()}
        for run in self.runs():
            # A process that has just locked a folder has not signed it yet; the number may be that of a dead process.
            worker = ours.get(status.process) if (status := run.read_status()) else None
            if worker and read_state(run).name == RUNNING:
                with suppress(psutil.Error):
                    worker.kill()
                    return True
        return False

    def runs(self) -> list[RunFolder]:
        return [RunFolder(path.parent) for path in sorted(self.folder.glob("runs/*/status.json"))]

    def scores(self) -> dict[str, str]:
        return {run.path.name: run.scores.read_text() for run in self.runs()}

    def count(self, line: str) -> list[int]:
        """Count for each cell (under `basic`, for all together) the printed lines that start with `line`."""
        basic = [self.folder / "output.txt"] if self.launcher == "basic" else []
        logs = basic or sorted(self.folder.glob("runs/logs/*.txt"))
        return [path.read_text(errors="replace").count(f"\n{line}") for path in logs]

    def close(self) -> None:
        self.kill_all()
        for process in self.started:
            process.wait()
        shutil.rmtree(self.ray, ignore_errors=True)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sweep]:
    sweep = Sweep(tmp_path_factory.mktemp("drill") / "undisturbed", "basic")
    try:
        begun = time.monotonic()
        sweep.finish(*GRID)
        sweep.seconds = time.monotonic() - begun
        assert len(sweep.scores()) == 3
        assert sweep.count("epoch 1/3") == [3]
        yield sweep
    finally:
        sweep.close()


@pytest.fixture
def sweeps() -> Iterator[list[Sweep]]:
    """A list of sweeps that a test adds to, for cleanup."""
    added: list[Sweep] = []
    yield added
    for sweep in added:
        sweep.close()


def build(sweeps: list[Sweep], undisturbed: Sweep, launcher: str, name: str) -> Sweep:
    sweep = Sweep(undisturbed.folder.parent / f"{launcher}-{name}", launcher)
    sweeps.append(sweep)
    return sweep


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_cells_end_the_same_whatever_is_killed(launcher: str, undisturbed: Sweep, sweeps: list[Sweep]) -> None:
    moments = random.Random(launcher)
    victims = itertools.cycle(VICTIMS)
    for number in range(NUM_KILLS // KILLS_A_SWEEP):
        sweep = build(sweeps, undisturbed, launcher, f"killed{number}")
        for _ in range(KILLS_A_SWEEP):
            is_whole = kill(sweep, next(victims), moments.uniform(0.2, 0.6) * undisturbed.seconds)
        if not is_whole:
            sweep.finish(*GRID)
        assert {read_state(run).name for run in sweep.runs()} == {DONE}
        assert sweep.scores() == undisturbed.scores()
        # A job also says so if its cell was finished by a survivor of an earlier sweep.
        ends = [done - found for done, found in zip(sweep.count("done: "), sweep.count("runs/"), strict=True)]
        assert max(ends) <= (3 if launcher == "basic" else 1)


def kill(sweep: Sweep, victim: str, seconds: float) -> bool:
    """Start the sweep and kill a victim after `seconds`, or once a worker is training; tell whether others finished."""
    process = sweep.start(*GRID)
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    if victim == "sweep":
        process.kill()
    elif victim == "all":
        sweep.kill_all()
    else:
        while not sweep.kill_worker():
            if process.poll() is not None:
                victim = "nobody, for all was done"
                break
            time.sleep(0.05)
    code = process.wait(timeout=900)
    print(f"{sweep.launcher}: kill -9 of {victim} after {seconds:.1f} s, exit code {code}")
    survives = victim == "worker" and sweep.launcher != "basic"  # under `basic` the sweep itself is the worker
    if survives:
        assert code == 0, sweep.output()
    return survives


@pytest.mark.parametrize("launcher", [name for name in LAUNCHERS if name != "basic"])
def test_a_cell_is_trained_once_and_another_fails_alone(launcher: str, undisturbed: Sweep, sweeps: list[Sweep]) -> None:
    sweep = build(sweeps, undisturbed, launcher, "failing")
    sweep.finish(*FAILING, code=1)
    states = [read_state(run) for run in sweep.runs()]
    (trained,) = [run for run in sweep.runs() if read_state(run).name == DONE]
    assert trained.scores.read_text() == undisturbed.scores()[trained.path.name]
    assert sorted(sweep.count("epoch 1/3")) == [0, 1]
    assert sorted(state.name for state in states) == [DONE, FAILED]
    (reason,) = [state.reason for state in states if state.name == FAILED]
    assert "nowhere" in str(reason)
    assert str(reason) in sweep.output()
    assert "launching" not in sweep.output()


def test_a_job_that_must_leave_its_machine_is_put_back_and_continues(undisturbed: Sweep, sweeps: list[Sweep]) -> None:
    sweep = build(sweeps, undisturbed, "submitit_local", "requeued")
    process = sweep.start("categories=1", "color=rgb", "optim.epochs=12")
    deadline = time.monotonic() + 900
    while not (sweep.runs() and sweep.runs()[0].epochs_done >= 2):
        assert process.poll() is None, sweep.output()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    status = sweep.runs()[0].read_status()
    assert status
    os.kill(status.process, signal.SIGUSR2)
    assert process.wait(timeout=900) == 0, sweep.output()
    assert sweep.count("continuing after epoch") == [1]
    assert sweep.count("epoch 1/12") == [1]
    (log,) = sweep.folder.glob("runs/logs/*.txt")
    assert "Requeued job" in log.read_text()
