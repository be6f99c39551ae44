"""Two real processes on the CPU, started by `train.py`, by torchrun and as srun would, against one process."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
# Adam makes full steps of what is rounding; with hardly any step its moments stay sums of plain gradients, and those
# can be compared. Batches of 15, 15 and 12 images: processes get 8 and 7 of them.
OPTIONS = (
    "logger=csv", "trainer.precision=float32", "categories=1", "optim.epochs=2", "optim.batch_size=15",
    "optim.learning_rate=1e-9", "data.image_px=48", "data.train_per_class=21", "data.val_per_class=4",
    "data.test_per_class=2", "data.audit_per_class=0", "paths.cache=cache",
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


def read(folder: Path) -> tuple[dict[str, Any], list[dict[str, str]], list[dict[str, str]], dict[str, Any]]:
    """Summary, history, scores and checkpoint of the only run in a folder."""
    (run,) = (path.parent for path in folder.glob("*/summary.json"))
    tables = [list(csv.DictReader((run / name).read_text().splitlines())) for name in ("history.csv", "scores.csv")]
    checkpoint = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    return json.loads((run / "summary.json").read_text()), *tables, checkpoint


def check_same(first: Path, second: Path) -> None:
    (_, history, scores, checkpoint), (_, other_history, other_scores, other_checkpoint) = read(first), read(second)
    for row, other in zip(history, other_history, strict=True):
        assert row["images"] == other["images"] == "42"
        for name in row.keys() - {"seconds"}:
            assert float(other[name]) == pytest.approx(float(row[name]), rel=1e-5), name
    assert [row["key"] for row in scores] == [row["key"] for row in other_scores]
    assert [float(row["logit"]) for row in other_scores] == pytest.approx(
        [float(row["logit"]) for row in scores], abs=1e-4
    )
    torch.testing.assert_close(other_checkpoint["state_dict"], checkpoint["state_dict"], rtol=1e-4, atol=1e-5)
    moments, others = (state["optimizer_states"][0]["state"] for state in (checkpoint, other_checkpoint))
    gradients = [(moment["exp_avg"], others[number]["exp_avg"]) for number, moment in moments.items()]
    differences = sorted(float((gradient - other).norm() / gradient.norm()) for gradient, other in gradients)
    # Where a ReLU or a maximum is undecided within rounding, float32 differs from float64 by as much in one process.
    assert differences[-1] < 0.2
    assert differences[len(differences) // 2] < 0.05


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a cache and the run of one process."""
    folder = tmp_path_factory.mktemp("ddp")
    finish(start(folder, *ONE, "paths.runs=alone"))
    return folder


@pytest.mark.slow
def test_two_processes_give_what_one_gives(alone: Path) -> None:
    output = finish(start(alone, *TWO, "paths.runs=together"))
    assert "on 2 processes, each on its CPU in float32" in output
    assert output.count("epoch 1/2") == output.count("epoch 2/2") == output.count("\nnumbers ") == 1
    assert "Warning" not in output
    check_same(alone / "alone", alone / "together")
    summaries = [read(alone / name)[0] for name in ("alone", "together")]
    assert [summary["processes"] for summary in summaries] == [1, 2]
    layouts = [
        sorted(str(path.relative_to(alone / name)) for path in (alone / name).rglob("*"))
        for name in ("alone", "together")
    ]
    assert layouts[0] == layouts[1]


@pytest.mark.slow
def test_augmented_shares_and_averaged_weights_are_those_of_one_process(alone: Path) -> None:
    options = ("augment=safe", "optim.ema=0.9", "protocol.views=crops")
    for place, name in ((ONE, "augmented"), (TWO, "augmented-together")):
        assert "Warning" not in finish(start(alone, *place, *options, f"paths.runs={name}"))
    check_same(alone / "augmented", alone / "augmented-together")


@pytest.mark.slow
def test_torchrun_starts_them_too(alone: Path) -> None:
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", TRAIN[1])
    output = finish(start(alone, *STARTED, "paths.runs=torchrun", program=torchrun))
    assert output.count("epoch 2/2") == output.count("\nnumbers ") == 1
    check_same(alone / "alone", alone / "torchrun")
    output = finish(start(alone, *STARTED, "paths.runs=torchrun", program=torchrun))
    assert "is done; force=true starts it over" in output
    output = finish(start(alone, *ONE, "paths.runs=torchrun", program=torchrun), returncode=1)
    assert "2 processes were started, and trainer.devices=1 is asked for" in output


@pytest.mark.slow
def test_srun_starts_them_too(alone: Path) -> None:
    step = {
        "SLURM_JOB_ID": "1234", "SLURM_STEP_NUM_TASKS": "2", "SLURM_NTASKS": "2", "SLURM_STEP_NODELIST": "localhost",
        "MASTER_PORT": "29417",
    }  # fmt: skip
    ranks = [
        start(alone, *STARTED, "paths.runs=srun", **step, SLURM_PROCID=rank, SLURM_LOCALID=rank) for rank in ("0", "1")
    ]
    outputs = [finish(process) for process in ranks]
    assert "epoch 2/2" in outputs[0]
    assert outputs[1] == ""
    check_same(alone / "alone", alone / "srun")


@pytest.mark.slow
def test_a_plain_run_inside_a_slurm_job_stays_alone(alone: Path) -> None:
    job = {"SLURM_JOB_ID": "1234", "SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0"}
    output = finish(start(alone, *ONE, "paths.runs=job", "optim.epochs=1", **job))
    assert "on the CPU in float32" in output
    assert "unseen content" in output


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_ctrl_c_ends_all_and_one_process_goes_on(alone: Path) -> None:
    process = start(alone, *TWO, "paths.runs=stopped", "optim.epochs=500")
    wait_for(process, "epoch 2/")
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
    output = finish(process, returncode=130)
    assert output.strip().splitlines()[-1] == "fakeid: stopped; the same command continues"
    assert "Traceback" not in output
    wait_until_gone(process.pid)
    (status,) = (alone / "stopped").glob("*/status.json")
    assert json.loads(status.read_text())["state"] == "interrupted"
    process = start(alone, *ONE, "paths.runs=stopped", "optim.epochs=500")
    seen = wait_for(process, "continuing after epoch")
    wait_for(process, "epoch ")
    process.kill()
    process.communicate()
    assert "epoch 1/" not in seen


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_a_killed_process_takes_the_others_along(alone: Path) -> None:
    process = start(alone, *TWO, "paths.runs=killed", "optim.epochs=500")
    wait_for(process, "epoch 1/")
    second = max(set(members(process.pid)) - {process.pid})
    os.kill(second, signal.SIGKILL)
    output = finish(process, returncode=1)
    assert output.startswith("fakeid: process 1 of 0 to 1 was ended by SIGKILL")
    assert len(output.splitlines()) == 1
    (status,) = (alone / "killed").glob("*/status.json")
    assert json.loads(status.read_text())["state"] == "failed"
    assert "ended by SIGKILL" in json.loads(status.read_text())["reason"]
    process = start(alone, *TWO, "paths.runs=killed", "optim.epochs=500")
    wait_for(process, "continuing after epoch")
    wait_for(process, "epoch ")
    process.kill()
    output, _ = process.communicate()
    assert output == ""
    wait_until_gone(process.pid)
