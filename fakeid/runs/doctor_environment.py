"""What `python -m fakeid doctor` says of the machine, before it looks for images."""

import os
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import torch
from rich.filesize import decimal

from fakeid.allocator import can_keep_memory
from fakeid.config import Config
from fakeid.runs.provenance import name_device
from fakeid.training.tracking import is_logged_in
from fakeid.training.trainer import choose_device, choose_precision


def describe_surroundings(config: Config) -> list[tuple[str, str]]:
    """What trainings depend on here, each with what was found; nothing is tried out or loaded.

    Args:
        config: Its `trainer`, `paths` and `logger` are used.
    """
    device = choose_device(config.trainer.accelerator.value)
    fast = choose_precision("auto", device) == "bf16"
    return [
        ("Python", f"{platform.python_version()}, fakeid {version('fakeid')}"),
        ("torch", f"{torch.__version__}, timm {version('timm')}, Lightning {version('pytorch-lightning')}"),
        ("GPU", _describe_gpus()),
        ("trains on", name_device(device)),
        ("bf16", f"in hardware on the {device.upper()}" if fast else f"not in hardware: the {device.upper()} is faster "
         "in float32"),
        ("threads", f"{config.trainer.threads or torch.get_num_threads()} of {os.cpu_count()} cores"),
        ("freed memory", _describe_memory(config.trainer.keep_memory)),
        *_describe_disks(config),
        ("W&B", "logged in" if is_logged_in() else "nobody is logged in: runs are logged offline; wandb login changes "
         "that, logger=csv does without"),
    ]  # fmt: skip


def _describe_memory(wanted: bool) -> str:
    if wanted and can_keep_memory():
        return "kept from step to step, which is faster on a CPU"
    why = "the allocator is not glibc's, or is set up in the environment" if wanted else "trainer.keep_memory=false"
    return f"goes as the allocator does it: {why}"


def _describe_gpus() -> str:
    if not torch.cuda.is_available():
        return "none that torch can use"
    names = [torch.cuda.get_device_properties(place) for place in range(torch.cuda.device_count())]
    return ", ".join(f"{each.name} with {decimal(each.total_memory)}" for each in names)


def _describe_disks(config: Config) -> Iterator[tuple[str, str]]:
    for option in ("cache", "runs"):
        wanted = Path(getattr(config.paths, option)).expanduser().absolute()
        place = next(folder for folder in (wanted, *wanted.parents) if folder.is_dir())
        locked = "" if os.access(place, os.W_OK) else f"; {place} must not be written to, choose another"
        yield f"paths.{option}", f"{decimal(shutil.disk_usage(place).free)} free at {wanted}{locked}"
