"""After kill -9 during a training, the same command ends with the same weights as an undisturbed training."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from tiny_runs import hear_ctrl_c

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = (
    "logger=csv", "trainer=cpu", "trainer.precision=float32", "categories=2", "dropout=0.5", "optim.epochs=4",
    "optim.batch_size=16", "data.image_px=48", "data.train_per_class=48", "data.val_per_class=4",
    "data.test_per_class=2",
)  # fmt: skip


def start(folder: Path, runs: str, *more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(ROOT / "train.py"), *OPTIONS, f"paths.runs={runs}", "paths.cache=cache", *more]
    return subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        preexec_fn=hear_ctrl_c,  # noqa: PLW1509 - no other thread of this process holds a lock
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


def weights(folder: Path) -> dict[str, torch.Tensor]:
    (path,) = folder.glob("*/checkpoints/tested.ckpt")
    return dict(torch.load(path, weights_only=True)["state_dict"])


@pytest.mark.slow
def test_a_killed_training_ends_like_an_undisturbed_one(tmp_path: Path) -> None:
    finish(start(tmp_path, "undisturbed"))
    process = start(tmp_path, "killed")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("epoch 2/4"):
            break
    time.sleep(0.3)  # reach the third epoch
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    output = finish(start(tmp_path, "killed"))
    assert "continuing after epoch" in output
    assert "epoch 1/4" not in output
    first, second = weights(tmp_path / "undisturbed"), weights(tmp_path / "killed")
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    # Enough epochs that training does not end before a busy machine lets this test send Ctrl-C.
    process = start(tmp_path, "runs", "optim.epochs=500")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("epoch 2/"):  # the first epoch is saved by then; a line is printed before its own checkpoint
            break
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    assert process.wait() == 130, rest
    process.stdout.close()
    assert "stopped; the same command continues" in rest
    assert "Traceback" not in rest
    process = start(tmp_path, "runs", "optim.epochs=500")
    assert any(line.startswith("continuing after epoch") for line in process.stdout or ())
    process.kill()
    process.communicate()
