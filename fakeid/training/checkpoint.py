"""Checkpoints hold weights and plain values only; this writes them, reads them and refuses those that do not fit."""

from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO
from pydantic import FiniteFloat

from fakeid.checkpoints import ANEW, CARD, read_checkpoint, save_checkpoint
from fakeid.config.options import list_options
from fakeid.config.schema import TrainerConfig
from fakeid.errors import CheckpointError, FakeidError
from fakeid.evaluation.records.run_summary import DataRecord
from fakeid.images.file_facts import TrainedFiles
from fakeid.io import parse_record
from fakeid.training.module import DetectorModule

_KEPT: Final = ("state_dict", "hyper_parameters", "epoch", "pytorch-lightning_version")

_SPEED: Final = {each.column for each in list_options(TrainerConfig) if each.affects == "speed"}
"""Hyperparameters that may differ between two parts of a training."""


@dataclass(frozen=True)
class Card:
    """What a checkpoint says of its training; written as plain values, as `torch.load(weights_only=True)` wants them.

    Attributes:
        name: Of the run.
        categories: Those that were trained on.
        generators: Generators that were trained on, without the camera.
        held_out: The category that was kept from training; None if there was none.
        config: Every option of the run, nested.
        data: Which images the run used.
        precision: Of the backbone in training: `float32` or `bf16`.
        calibration: Fields of `fakeid.evaluation.calibration.Calibration`; None without validation images.
        files: How the training images were stored; None where nobody looked.
    """

    name: str
    categories: list[str]
    generators: list[str]
    held_out: str | None
    config: dict[str, Any]
    data: DataRecord
    precision: str
    calibration: dict[str, int | FiniteFloat | str | tuple[str, ...]] | None
    files: TrainedFiles | None = None


def write_card(path: Path, card: Card) -> None:
    """Put a card into a checkpoint, in place of its card, if any, and of what only a training could continue from.

    Raises:
        CheckpointError: Missing, damaged, or not a detector's.
    """
    checkpoint = read_checkpoint(path)
    kept: dict[str, Any] = {name: checkpoint[name] for name in _KEPT if name in checkpoint}
    save_checkpoint({**kept, CARD: asdict(card)}, path)


def read_card(path: Path) -> Card:
    """Read the card of a checkpoint.

    Raises:
        CheckpointError: It has none, or one with other fields.
    """
    try:
        return parse_record(read_checkpoint(path).get(CARD), Card)
    except ValueError as error:
        raise CheckpointError(
            f"{path} does not say what it was trained on ({error}): take tested.ckpt of a finished run, and train a "
            "run of an earlier release again (force=true)"
        ) from error


class WholeCheckpoints(TorchCheckpointIO):
    """Lets Lightning write a checkpoint beside the one before and rename it, so that a kill leaves one of the two.

    Lightning's own writes into the system's folder for temporary files, from where another disk is copied to.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write it where Lightning asks; `storage_options` are for remote disks, which hold no runs."""
        assert storage_options is None
        save_checkpoint(checkpoint, Path(path))


def load_module(path: Path) -> DetectorModule:
    """Rebuild the detector of a checkpoint on the CPU, in evaluation mode.

    Raises:
        CheckpointError: Missing, damaged, or not a detector's.
    """
    checkpoint = read_checkpoint(path)
    options = {**checkpoint["hyper_parameters"], "compile_backbone": False}
    # The checkpoint's weights and input statistics replace published ones, which must not be fetched for that.
    options["detector"] = {**options["detector"], "pretrained": False}
    try:
        module = DetectorModule(**options)
    except FakeidError:
        raise
    except Exception as error:
        raise CheckpointError(
            f"{path} describes a detector that cannot be built ({render_cause(error)}); {ANEW}"
        ) from error
    _fill(module, checkpoint, path)
    return module.eval()


def check_fits(path: Path, module: DetectorModule) -> int:
    """Check that a training of `module` can continue from the checkpoint.

    Returns:
        The number of epochs that it has behind it.

    Raises:
        CheckpointError: Missing, damaged, or of another model or loss.
    """
    checkpoint = read_checkpoint(path)
    for name, now in module.hparams.items():
        then = checkpoint["hyper_parameters"].get(name)
        if then != now and name not in _SPEED:
            raise CheckpointError(
                f"{path} was trained with {name}={then}, and now {name}={now} is asked for; force=true starts over"
            )
    _fill(module, checkpoint, path)
    epochs: int = checkpoint["epoch"] + 1
    return epochs


class Restoration(pl.Callback):
    """Surrounds a fit; blames the checkpoint for what goes wrong before the end of the first step.

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
        """Count the checkpoint as restored: what goes wrong from here on is not its fault."""
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


def render_cause(error: BaseException | None) -> str:
    """Write the kind of an exception and its first line."""
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _fill(module: DetectorModule, checkpoint: dict[str, Any], path: Path) -> None:
    try:
        module.load_state_dict(checkpoint["state_dict"])
    except (RuntimeError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{path} does not fit the model {module.hparams['detector']}; force=true starts the run over"
        ) from error
