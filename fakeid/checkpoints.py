"""Checkpoint files: weights and plain values alone, and what is said of them to whoever uses the detector.

Torch alone, for prediction needs nothing else; how a training writes and continues them is in
`fakeid.training.checkpoint`.
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

ANEW: Final = "force=true trains the run anew"
"""The way out where nothing of a checkpoint can be saved."""

CARD: Final = "fakeid"
"""Where a checkpoint keeps what it says of its training."""


@dataclass(frozen=True)
class _Hyperparameters:
    """Those of `DetectorModule` that must be of their kind for anything to be said of the others."""

    detector: dict[str, Any]
    loss: StrictStr = ""
    views: StrictStr = ""
    center_px: _Count | None = None
    learning_rate: StrictFloat | StrictInt = 0
    schedule: StrictStr = ""


@dataclass(frozen=True)
class _Checkpoint:
    """What every checkpoint holds."""

    epoch: _Count
    state_dict: dict[StrictStr, InstanceOf[torch.Tensor]]
    hyper_parameters: _Hyperparameters


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read all that a checkpoint holds, plain values and tensors only, on the CPU.

    Raises:
        CheckpointError: Missing, damaged, or not a detector's.
    """
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"there is no checkpoint at {path}") from error
    except Exception as error:  # bytes that were changed can mean anything to the reader of pickles
        raise CheckpointError(f"{path} is damaged or no checkpoint; {ANEW}") from error
    try:
        parse_record(checkpoint, _Checkpoint)
    except ValueError as error:
        raise CheckpointError(f"{path} is not a checkpoint of a fakeid detector ({error}); {ANEW}") from error
    content: dict[str, Any] = checkpoint
    return content


def save_checkpoint(checkpoint: dict[str, Any], path: Path) -> None:
    """Write plain values and tensors as a checkpoint, whole or not at all."""
    write_atomically(path, lambda file: torch.save(checkpoint, file))


def hash_checkpoint(path: Path) -> str:
    """Hash the weights and how they are used; a new card does not change it."""
    return hash_content(read_checkpoint(path))


def hash_content(checkpoint: dict[str, Any]) -> str:
    """Hash what `read_checkpoint` has read, as `hash_checkpoint` does."""
    digest = hashlib.sha256(repr(sorted(checkpoint["hyper_parameters"].items())).encode())
    for name, weights in checkpoint["state_dict"].items():
        digest.update(name.encode())
        digest.update(weights.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
