"""A checkpoint is saved completely or not at all."""

import errno
import io
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from fakeid.checkpoints import save_checkpoint
from fakeid.errors import CheckpointError
from fakeid.io import write_atomically
from fakeid.training.checkpoint import Restoration, WholeCheckpoints, check_fits
from fakeid.training.module import DetectorModule

KILLED_MIDWAY = """
import os, signal, sys
import torch
from fakeid.training.checkpoint import WholeCheckpoints

def die_midway(checkpoint, file):
    file.write(b"half of it")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)

torch.save = die_midway
WholeCheckpoints("bf16").save_checkpoint({"epoch": 2}, sys.argv[1])
"""


def test_a_kill_in_the_middle_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    WholeCheckpoints("bf16").save_checkpoint({"epoch": 1}, path)
    killed = subprocess.run([sys.executable, "-c", KILLED_MIDWAY, str(path)], check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 2  # the process was in the middle of writing
    assert torch.load(path, weights_only=True) == {"epoch": 1, "precision": "bf16"}


def test_a_limit_on_the_size_of_files_is_told_as_such(tmp_path: Path) -> None:
    """Torch would report a short file, whatever the cause."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large") as raised:
            save_checkpoint({"weights": torch.zeros(100_000)}, tmp_path / "last.ckpt")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert raised.value.errno == errno.EFBIG
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_in_the_middle_is_told_as_such(tmp_path: Path) -> None:
    class Interrupted(io.BytesIO):
        def write(self, content: Any) -> int:
            if self.tell() > 0:
                signal.raise_signal(signal.SIGINT)
            return super().write(content)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore Ctrl-C
    try:
        with pytest.raises(KeyboardInterrupt):
            write_atomically(tmp_path / "last.ckpt", lambda _: torch.save({"weight": torch.zeros(9)}, Interrupted()))
    finally:
        signal.signal(signal.SIGINT, before)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOSPC, "No space left on device"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory: you"),
        RuntimeError("CUDA error: all CUDA-capable devices are busy or unavailable"),
        RuntimeError("cuDNN error: CUDNN_STATUS_NOT_INITIALIZED"),
    ],
    ids=repr,
)
def test_a_checkpoint_is_not_to_blame_for_a_failing_machine(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)), Restoration(tmp_path / "last.ckpt"):
        raise error


def test_a_training_continues_under_another_speed_and_under_nothing_else(tmp_path: Path) -> None:
    module, path = DetectorModule({}), tmp_path / "last.ckpt"
    save_checkpoint({"epoch": 4, "hyper_parameters": dict(module.hparams), "state_dict": module.state_dict()}, path)
    assert check_fits(path, DetectorModule({}, channels_last=False, compile_backbone=True)) == 5
    for name, value in (("loss", "bce"), ("schedule", "cosine"), ("learning_rate", 0.1), ("center_px", 40)):
        with pytest.raises(CheckpointError, match=f"was trained with {name}="):
            check_fits(path, DetectorModule({}, **{name: value}))  # type: ignore[arg-type]
