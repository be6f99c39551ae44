"""With what a number was made: versions, commit and machine."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import torch

from fakeid.choices import Precision

SCORING_PRECISION: Final = Precision.float32.value
"""In which test, evaluation and prediction score images, whatever the training was."""

_PACKAGES: Final = ("torch", "torchvision", "pytorch-lightning", "timm", "numpy", "opencv-python-headless")


def describe_environment(device: str) -> dict[str, Any]:
    """Versions of what computes, the commit of this code, the machine and threads of the CPU; plain values.

    Args:
        device: `cuda`, `mps` or `cpu`.
    """
    return {
        "versions": {"fakeid": version("fakeid"), "python": platform.python_version()}
        | {name: version(name) for name in _PACKAGES},
        "threads": torch.get_num_threads(),
        "git_commit": _read_commit(),
        "machine": {"device": name_device(device), "cores": os.cpu_count(), "system": platform.platform(terse=True)},
    }


def name_device(device: str) -> str:
    """What a person calls the hardware."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"{_name_cpu()}, {os.cpu_count()} cores" if device == "cpu" else device


def _name_cpu() -> str:
    # platform.processor() is empty or says no more than the architecture on Linux.
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _read_commit() -> str | None:
    """The commit that this code was checked out from, with `-dirty` where it was changed since; None if unknown."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        commit = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=root, capture_output=True, text=True, check=True, timeout=10,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return commit.stdout.strip()
