"""Two real processes on the CPU, started by `train.py`, by torchrun and as srun would."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = (
    "logger=csv", "trainer.precision=float32", "categories=1", "optim.epochs=2", "optim.batch_size=16",
    "data.image_px=48", "data.train_per_class=21", "data.val_per_class=4", "data.test_per_class=2",
    "data.audit_per_class=0", "paths.cache=cache",
)  # fmt: skip
ONE, TWO = ("trainer=cpu",), ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")
STARTED = ("trainer=ddp", "trainer.accelerator=cpu")
TRAIN = (sys.executable, str(ROOT / "train.py"))


def hear_ctrl_c() -> None:
    """A shell's background job, as CI may be, passes on that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


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
    """Read up to the line that begins with `text`."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if line.startswith(text):
            return seen
    raise AssertionError(seen)


def members(group: int) -> list[int]:
    """The living processes of a session."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # ended in between
            continue
        if int(fields[3]) == group and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def wait_until_gone(group: int) -> None:
    deadline = time.monotonic() + 20
    while members(group) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not members(group)


def check_trained(folder: Path, output: str, processes: int) -> None:
    """One table, and one whole run of two epochs of 42 images."""
    assert output.count("epoch 1/2") == output.count("epoch 2/2") == output.count("\nnumbers ") == 1
    assert "Warning" not in output
    (run,) = (path.parent for path in folder.glob("*/summary.json"))
    assert json.loads((run / "summary.json").read_text())["processes"] == processes
    rows = list(csv.DictReader((run / "history.csv").read_text().splitlines()))
    assert [row["images"] for row in rows] == ["42", "42"]
    assert float(rows[1]["train/loss"]) < float(rows[0]["train/loss"])
    assert len((run / "scores.csv").read_text().splitlines()) == 1 + 44


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its cache is shared by the runs in it."""
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
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", TRAIN[1])
    output = finish(start(folder, *STARTED, "paths.runs=torchrun", program=torchrun))
    check_trained(folder / "torchrun", output, 2)
    output = finish(start(folder, *STARTED, "paths.runs=torchrun", "force=true", program=torchrun))
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
    output = finish(start(folder, *TWO, "-m", "seed=0,1", "paths.runs=sweep"), returncode=2)
    assert output.strip().splitlines() == [
        "fakeid: a sweep trains each run in one process: set trainer.devices=1; several runs at once are "
        "hydra/launcher=joblib and sweep.runs_per_gpu, one run on several devices is train.py trainer=ddp"
    ]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_ctrl_c_ends_all_and_one_process_goes_on(folder: Path) -> None:
    process = start(folder, *TWO, "paths.runs=stopped", "optim.epochs=500")
    wait_for(process, "epoch 2/")
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
    output = finish(process, returncode=130)
    assert output.strip().splitlines()[-1] == "fakeid: stopped; the same command continues"
    assert "Traceback" not in output
    wait_until_gone(process.pid)
    (status,) = (folder / "stopped").glob("*/status.json")
    assert json.loads(status.read_text())["state"] == "interrupted"
    process = start(folder, *ONE, "paths.runs=stopped", "optim.epochs=500")
    seen = wait_for(process, "continuing after epoch")
    wait_for(process, "epoch ")
    process.kill()
    process.communicate()
    assert "epoch 1/" not in seen


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_a_killed_process_takes_the_others_along(folder: Path) -> None:
    process = start(folder, *TWO, "paths.runs=killed", "optim.epochs=500")
    wait_for(process, "epoch 1/")
    os.kill(max(members(process.pid)), signal.SIGKILL)
    output = finish(process, returncode=1)
    said = [line for line in output.splitlines() if not line.startswith("epoch ")]
    assert said == [
        "fakeid: another of the 2 processes that train together has ended, mostly for lack of memory if it said "
        "nothing; the same command continues"
    ]
    (status,) = (folder / "killed").glob("*/status.json")
    assert json.loads(status.read_text())["state"] == "failed"
    assert "has ended" in json.loads(status.read_text())["reason"]
    process = start(folder, *TWO, "paths.runs=killed", "optim.epochs=500")
    wait_for(process, "continuing after epoch")
    wait_for(process, "epoch ")
    process.kill()
    output, _ = process.communicate()
    assert output == ""
    wait_until_gone(process.pid)
