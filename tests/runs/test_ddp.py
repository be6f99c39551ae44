"""Two real CPU processes, started by `train.py`, by torchrun and in the way srun does."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_runs import hear_ctrl_c

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = (
    "logger=csv", "trainer.precision=float32", "categories=1", "optim.epochs=2", "optim.batch_size=16",
    "data.image_px=48", "data.train_per_class=21", "data.val_per_class=4", "data.test_per_class=2",
    "data.audit_per_class=0", "paths.cache=cache",
)  # fmt: skip
ONE, TWO = ("trainer=cpu",), ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")
STARTED = ("trainer=ddp", "trainer.accelerator=cpu")
TRAIN = (sys.executable, str(ROOT / "train.py"))
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", TRAIN[1])


def start(folder: Path, *words: str, program: tuple[str, ...] = TRAIN, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*program, *OPTIONS, *words], cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1", **environment}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        preexec_fn=hear_ctrl_c,  # noqa: PLW1509 - no other thread of this process holds a lock
    )  # fmt: skip


def finish(process: subprocess.Popen[str], returncode: int = 0) -> str:
    output, _ = process.communicate(timeout=540)
    assert process.returncode == returncode, output
    return output


def wait_for(process: subprocess.Popen[str], text: str) -> str:
    """Read output up to the line that starts with `text`."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if line.startswith(text):
            return seen
    raise AssertionError(seen)


def find_processes(runs: Path) -> dict[int, str]:
    """Return the living training processes of a folder, with their environments."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if f"paths.runs={runs}\0" in (path / "cmdline").read_text():
                found[int(path.name)] = f"\0{(path / 'environ').read_text()}"
        except OSError:  # it ended in the meantime
            continue
    return found


def wait_until_gone(runs: Path) -> None:
    deadline = time.monotonic() + 20
    while find_processes(runs) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not find_processes(runs)


def check_trained(folder: Path, output: str, processes: int) -> None:
    """Check for one table and one complete run of two epochs on 42 images."""
    assert output.count("epoch 1/2") == output.count("epoch 2/2") == output.count("\nnumbers ") == 1
    assert "Warning" not in output
    (run,) = (path.parent for path in folder.glob("*/summary.json"))
    assert json.loads((run / "summary.json").read_text())["processes"] == processes
    rows = list(csv.DictReader((run / "history.csv").read_text().splitlines()))
    assert [row["images"] for row in rows] == ["42", "42"]
    assert len((run / "scores.csv").read_text().splitlines()) == 1 + 44


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose runs share its cache."""
    return tmp_path_factory.mktemp("ddp")


@pytest.mark.slow
def test_train_py_starts_two_processes(folder: Path) -> None:
    options = ("augment=safe", "optim.ema=0.9", "protocol.views=crops")
    output = finish(start(folder, *TWO, *options, "paths.runs=together"))
    assert "on 2 processes, each on its CPU in float32" in output
    check_trained(folder / "together", output, 2)
    output = finish(start(folder, *TWO, *options, "paths.runs=together"))
    assert "is done; force=true starts it over" in output
    assert output.count("\nnumbers ") == 1


@pytest.mark.slow
def test_torchrun_starts_them_too(folder: Path) -> None:
    output = finish(start(folder, *STARTED, "paths.runs=torchrun", program=TORCHRUN))
    check_trained(folder / "torchrun", output, 2)
    output = finish(start(folder, *STARTED, "paths.runs=torchrun", "force=true", program=TORCHRUN))
    check_trained(folder / "torchrun", output, 2)


@pytest.mark.slow
def test_srun_starts_them_too(folder: Path) -> None:
    step = {
        "SLURM_JOB_ID": "1234", "SLURM_STEP_NUM_TASKS": "2", "SLURM_NTASKS": "2", "SLURM_NTASKS_PER_NODE": "2",
        "SLURM_NODELIST": "localhost", "MASTER_PORT": "29417", "SLURM_NODEID": "0",
    }  # fmt: skip
    ranks = [
        start(folder, *STARTED, "paths.runs=srun", **step, SLURM_PROCID=rank, SLURM_LOCALID=rank) for rank in ("0", "1")
    ]
    outputs = [finish(process) for process in ranks]
    check_trained(folder / "srun", outputs[0], 2)
    assert outputs[1] == ""


@pytest.mark.slow
def test_a_plain_run_inside_a_slurm_job_stays_alone(folder: Path) -> None:
    job = {"SLURM_JOB_ID": "1234", "SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0"}
    output = finish(start(folder, *ONE, "paths.runs=job", **job))
    check_trained(folder / "job", output, 1)


@pytest.mark.slow
def test_a_sweep_trains_each_run_in_one_process(folder: Path) -> None:
    output = finish(start(folder, *TWO, "seed=0,1", "paths.runs=sweep", program=(*TRAIN, "-m")), returncode=2)
    assert len(output.splitlines()) == 1
    assert output.startswith("fakeid: a sweep trains each run in one process: set trainer.devices=1; for several")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_ctrl_c_ends_all_and_one_process_goes_on(folder: Path) -> None:
    runs = folder / "stopped"
    process = start(folder, *TWO, f"paths.runs={runs}", "optim.epochs=500")
    wait_for(process, "epoch 2/")
    process.send_signal(signal.SIGINT)  # like a terminal: torchrun's processes have their own sessions
    output = finish(process, returncode=130)
    assert output.strip().splitlines()[-1] == "fakeid: stopped; the same command continues"
    assert "Traceback" not in output
    wait_until_gone(runs)
    (status,) = runs.glob("*/status.json")
    assert json.loads(status.read_text())["state"] == "interrupted"
    process = start(folder, *ONE, f"paths.runs={runs}", "optim.epochs=500")
    seen = wait_for(process, "continuing after epoch")
    wait_for(process, "epoch ")
    process.kill()
    process.communicate()
    assert "epoch 1/" not in seen


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize(
    ("program", "options", "sentence", "state"),
    [
        (TRAIN, TWO, "fakeid: process 1 of 0 to 1 was ended by SIGKILL", "interrupted"),
        (TORCHRUN, STARTED, "fakeid: another of the 2 processes that train together has ended", "failed"),
    ],
)
def test_a_killed_process_ends_the_run_with_a_sentence(
    folder: Path, program: tuple[str, ...], options: tuple[str, ...], sentence: str, state: str
) -> None:
    runs = folder / state
    process = start(folder, *options, f"paths.runs={runs}", "optim.epochs=500", program=program)
    wait_for(process, "epoch 2/")  # epoch 1's weights are saved by then; its line is printed before
    (second,) = (pid for pid, environment in find_processes(runs).items() if "\0RANK=1\0" in environment)
    os.kill(second, signal.SIGKILL)
    output = finish(process, returncode=1)
    said = [line for line in output.splitlines() if line.startswith("fakeid: ")]
    assert len(said) == 1
    assert said[0].startswith(sentence)
    assert said[0].endswith("; the same command continues")
    if program == TRAIN:  # torchrun prints its own report
        assert [line for line in output.splitlines() if not line.startswith("epoch ")] == said
    wait_until_gone(runs)
    (status,) = runs.glob("*/status.json")
    assert json.loads(status.read_text())["state"] == state
    process = start(folder, *TWO, f"paths.runs={runs}", "optim.epochs=500")
    wait_for(process, "continuing after epoch")
    wait_for(process, "epoch ")
    process.kill()  # kill the launcher, so that nobody can report how the training ends
    wait_until_gone(runs)
    process.communicate()
