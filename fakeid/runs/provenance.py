"""Record how results were obtained: versions, commit, machine and the overrides that were typed."""

import os
import platform
import shlex
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import torch
from hydra import compose
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from fakeid.config.choices import Precision
from fakeid.config.compose import presets
from fakeid.config.identity import flatten
from fakeid.config.options import write_value
from fakeid.config.parse import Config
from fakeid.config.presets import GRID
from fakeid.errors import DamagedFileError
from fakeid.evaluation.records.run_summary import Machine
from fakeid.io import read_record, write_json
from fakeid.runs.layout import RunFolder

SCORING_PRECISION: Final = Precision.float32.value
"""The precision in which test, evaluation and prediction score images, whatever that of the training."""

_PACKAGES: Final = ("torch", "torchvision", "pytorch-lightning", "timm", "numpy", "opencv-python-headless")


def describe_environment(device: str) -> dict[str, Any]:
    """Describe library versions, the commit of this code, the machine and the number of CPU threads.

    Args:
        device: `cuda`, `mps` or `cpu`.
    """
    return {
        "versions": {"fakeid": version("fakeid"), "python": platform.python_version()}
        | {name: version(name) for name in _PACKAGES},
        "threads": torch.get_num_threads(),
        "git_commit": _read_commit(),
        "machine": Machine(name_device(device), os.cpu_count(), platform.platform(terse=True)),
    }


def name_device(device: str) -> str:
    """Return the common name of the hardware."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"{_name_cpu()}, {os.cpu_count()} cores" if device == "cpu" else device


def _name_cpu() -> str:
    # On Linux, platform.processor() is empty or only gives the architecture.
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _read_commit() -> str | None:
    """Find the commit of this code, followed by `-dirty` if it was changed since; None if unknown."""
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


def write_overrides(run: RunFolder, config: Config) -> None:
    """Save the overrides that Hydra has recorded for the current training in a form that `train.py` accepts.

    For a cell of a sweep, these are the overrides of its point in the grid and the folder that the grid sets. If Hydra
    did not start the training, as in a notebook, nothing is saved.

    Args:
        run: Folder to write to.
        config: Checked options of the training.
    """
    if not HydraConfig.initialized():
        run.overrides.unlink(missing_ok=True)  # written by an earlier start
        return
    hydra = HydraConfig.get()
    words = [word for word in hydra.overrides.task if word.partition("=")[0] != GRID]
    if hydra.job.config_name == "sweep":
        typed = {word.partition("=")[0] for word in words}
        set_by_grid = {"paths.runs": config.paths.runs, "logger.group": config.logger.group}
        words += [f"{name}={write_value(value)}" for name, value in set_by_grid.items() if value and name not in typed]
    write_json(run.overrides, words)


def render_command(run: RunFolder, config: Mapping[str, Any]) -> str:
    """Format the `python train.py …` command that trains a run again, for a POSIX shell.

    Args:
        run: Folder of the run, in which the overrides are saved.
        config: All options as nested plain values, as returned by `to_plain`. They are used for a run without
            overrides: those that differ from the defaults are listed one by one, except options that `train.py` no
            longer has.
    """
    try:
        words = read_record(run.overrides, list[str])
    except (FileNotFoundError, DamagedFileError):
        wanted = flatten(config)
        words = [
            f"{name}={write_value(wanted[name])}"
            for name, default in _compose_defaults().items()
            if name in wanted and repr(wanted[name]) != repr(default)
        ]
    return shlex.join(["python", "train.py", *words])


@lru_cache(maxsize=1)
def _compose_defaults() -> dict[str, Any]:
    with presets():
        plain: Any = OmegaConf.to_container(compose("train"), resolve=True, enum_to_str=True)
    return flatten(plain)
