"""Read, write and hash checkpoint files, which hold only weights and plain values.

This module depends on torch alone because prediction needs nothing else. `fakeid.training.checkpoint` writes and
resumes the checkpoints of a training.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import torch
from pydantic import Field, InstanceOf, StrictFloat, StrictInt, StrictStr

from fakeid.errors import CheckpointError
from fakeid.io import parse_record, write_atomically

_Count: TypeAlias = Annotated[StrictInt, Field(ge=0)]

ANEW: Final = "retrain the run with force=true"
"""Advice for a checkpoint that cannot be recovered."""

CARD: Final = "fakeid"
"""Key under which a checkpoint stores the description of its training."""


@dataclass(frozen=True)
class _Hyperparameters:
    """Hyperparameters of `DetectorModule` whose types are checked before anything else is read."""

    detector: dict[str, Any]
    loss: StrictStr = ""
    views: StrictStr = ""
    center_px: _Count | None = None
    learning_rate: StrictFloat | StrictInt = 0
    schedule: StrictStr = ""


@dataclass(frozen=True)
class _Checkpoint:
    """Entries that every checkpoint holds."""

    epoch: _Count
    state_dict: dict[StrictStr, InstanceOf[torch.Tensor]]
    hyper_parameters: _Hyperparameters


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read the plain values and tensors of a checkpoint onto the CPU.

    Raises:
        CheckpointError: The file is missing or damaged, or not the checkpoint of a detector.
    """
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"there is no checkpoint at {path}") from error
    except Exception as error:  # corrupted bytes can make the unpickler raise anything
        raise CheckpointError(f"{path} is damaged or not a checkpoint; {ANEW}") from error
    try:
        parse_record(checkpoint, _Checkpoint)
    except ValueError as error:
        raise CheckpointError(f"{path} is not a checkpoint of a fakeid detector ({error}); {ANEW}") from error
    content: dict[str, Any] = checkpoint
    return content


def save_checkpoint(checkpoint: dict[str, Any], path: Path) -> None:
    """Write plain values and tensors as a checkpoint, atomically and so that it survives a power cut."""
    write_atomically(path, lambda file: torch.save(checkpoint, file), durable=True)


def hash_checkpoint(path: Path) -> str:
    """Hash the weights and hyperparameters of a checkpoint file; changes of its card do not change the hash."""
    return hash_content(read_checkpoint(path))


def hash_content(checkpoint: dict[str, Any]) -> str:
    """Hash the content that `read_checkpoint` returned, as `hash_checkpoint` does."""
    digest = hashlib.sha256(repr(sorted(checkpoint["hyper_parameters"].items())).encode())
    for name, weights in checkpoint["state_dict"].items():
        digest.update(name.encode())
        digest.update(weights.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
