"""A training that takes up the state of a checkpoint, and what is wrong with that state."""

from pathlib import Path
from types import TracebackType
from typing import Any

import pytorch_lightning as pl
import torch

from fakeid.errors import CheckpointError, FakeidError
from fakeid.training.checkpoint import ANEW, render_cause


class Restoration(pl.Callback):
    """Surrounds a fit; lays what goes wrong before the end of its first step at the checkpoint's door.

    Lightning puts back loops, optimizers and callbacks piece by piece, and it may be the first step that stumbles over
    one of them.

    Args:
        path: Of the checkpoint; None where the training starts from nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._restored = path is None

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Acquit the checkpoint."""
        self._restored = True

    def __enter__(self) -> "Restoration":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Raise a CheckpointError in place of what only a damaged state explains."""
        # Nor does it explain that memory or a disk is full.
        innocent = isinstance(error, (FakeidError, torch.OutOfMemoryError, MemoryError, OSError))
        innocent = innocent or not isinstance(error, Exception)
        if not self._restored and not innocent:
            raise CheckpointError(f"{self._path} cannot be continued from ({render_cause(error)}); {ANEW}") from error
