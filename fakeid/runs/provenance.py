"""Record how a number was made: versions, commit, machine, and what was typed."""

import os
import platform
import re
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
from fakeid.config.parse import Config
from fakeid.config.presets import GRID
from fakeid.errors import DamagedFileError
from fakeid.evaluation.records.run_summary import Machine
from fakeid.io import read_record, write_json
from fakeid.runs.layout import RunFolder

SCORING_PRECISION: Final = Precision.float32.value
"""In which test, evaluation and prediction score images, whatever the training was."""

_PACKAGES: Final = ("torch", "torchvision", "pytorch-lightning", "timm", "numpy", "opencv-python-headless")


def describe_environment(device: str) -> dict[str, Any]:
    """Describe the versions of the libraries, the commit of this code, the machine and the threads of the CPU.

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
    """Name the hardware as a person does."""
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
    """Find the commit that this code is of, with `-dirty` where it was changed since; None if unknown."""
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


_PLAIN_TEXT: Final = re.compile(r"[A-Za-z_./][A-Za-z0-9_./-]*")
_WORDS: Final = frozenset({"null", "true", "false", "nan", "inf"})  # that Hydra reads as something else than text


def write_overrides(run: RunFolder, config: Config) -> None:
    """Keep the overrides that Hydra has recorded for the training in progress, as `train.py` would take them.

    A cell of a sweep has those of its point of the grid, and where its grid puts it. Where Hydra did not start the
    training, as in a notebook, nothing is kept.

    Args:
        run: Where.
        config: The checked options of the training.
    """
    if not HydraConfig.initialized():
        run.overrides.unlink(missing_ok=True)  # of an earlier start
        return
    hydra = HydraConfig.get()
    words = [word for word in hydra.overrides.task if word.partition("=")[0] != GRID]
    if hydra.job.config_name == "sweep":
        typed = {word.partition("=")[0] for word in words}
        set_by_grid = {"paths.runs": config.paths.runs, "logger.group": config.logger.group}
        words += [f"{name}={write_value(value)}" for name, value in set_by_grid.items() if value and name not in typed]
    write_json(run.overrides, words)


def render_command(run: RunFolder, config: Mapping[str, Any]) -> str:
    """Write the `python train.py …` that trains a run again, for a POSIX shell.

    Args:
        run: Where the overrides are kept.
        config: Every option, nested plain values as `to_plain` gives them; for a run without overrides,
            whose options that differ from the defaults are named one by one. Options that `train.py` does not have
            today are left out.
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


def write_value(value: Any) -> str:
    """Write the value of an option as Hydra's grammar reads it back, text in quotes where it needs them."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join(write_value(entry) for entry in value)}]"
    if _PLAIN_TEXT.fullmatch(value) and value.lower() not in _WORDS:
        return str(value)
    # Only backslashes before a quote, or at the end, are special.
    escaped = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), value)
    return f"'{escaped}'"
