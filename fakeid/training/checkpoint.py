"""Write and read checkpoints, which hold only weights and plain values, and refuse those that do not fit."""

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import pytorch_lightning as pl
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO
from pydantic import FiniteFloat

from fakeid.checkpoints import ANEW, CARD, read_checkpoint, save_checkpoint
from fakeid.config.choices import Precision
from fakeid.config.options import list_options
from fakeid.config.schema import TrainerConfig
from fakeid.errors import CheckpointError, FakeidError
from fakeid.evaluation.records.run_summary import DataRecord
from fakeid.images.file_facts import TrainedFiles
from fakeid.io import parse_record
from fakeid.terminal import lacks_memory
from fakeid.training.module import DetectorModule

_KEPT: Final = ("state_dict", "hyper_parameters", "epoch", "pytorch-lightning_version")

_PRECISION: Final = "precision"

_GPU_FAILS: Final = re.compile(r"CUDA error|cuDNN error|CUDNN_STATUS")

_SPEED: Final = {each.column for each in list_options(TrainerConfig) if each.affects == "speed"}
"""Hyperparameters that may change when a training is resumed."""


@dataclass(frozen=True)
class Card:
    """A checkpoint's description of its training, in plain values as `torch.load(weights_only=True)` requires.

    Attributes:
        name: Name of the run.
        categories: Categories that were trained on.
        generators: Generators that were trained on, without the camera.
        held_out: The category that was held out from training; None if there was none.
        config: All options of the run, nested.
        data: The images that the run used.
        precision: Precision of the backbone in training: `float32` or `bf16`.
        calibration: Fields of `fakeid.evaluation.calibration.Calibration`; None without validation images.
        files: How the training images were stored; None if this was not measured.
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
    """Put a card into a checkpoint; it replaces an older card and everything that only a resumed training needs.

    Raises:
        CheckpointError: The checkpoint is missing, damaged, or not that of a detector.
    """
    checkpoint = read_checkpoint(path)
    kept: dict[str, Any] = {name: checkpoint[name] for name in _KEPT if name in checkpoint}
    save_checkpoint({**kept, CARD: asdict(card)}, path)


def read_card(path: Path) -> Card:
    """Read the card of a checkpoint.

    Raises:
        CheckpointError: The checkpoint has no card, or one with other fields.
    """
    try:
        return parse_record(read_checkpoint(path).get(CARD), Card)
    except ValueError as error:
        raise CheckpointError(
            f"{path} does not say what it was trained on ({error}): take tested.ckpt of a finished run, and train a "
            "run of an earlier release again (force=true)"
        ) from error


class WholeCheckpoints(TorchCheckpointIO):
    """A checkpoint writer for Lightning that replaces files atomically: a killed process leaves a whole checkpoint.

    Lightning's own first writes to the system's temporary folder, which may be on another disk.

    Args:
        precision: Precision of the training, which is recorded for `read_precision`.
    """

    def __init__(self, precision: str) -> None:
        super().__init__()
        self._precision = precision

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write a checkpoint to `path`; `storage_options` must be None, because runs are never on remote disks."""
        assert storage_options is None
        save_checkpoint({**checkpoint, _PRECISION: self._precision}, Path(path))


def load_module(path: Path) -> DetectorModule:
    """Rebuild the detector of a checkpoint on the CPU, in evaluation mode.

    Raises:
        CheckpointError: The checkpoint is missing, damaged, or not that of a detector.
    """
    checkpoint = read_checkpoint(path)
    options = {**checkpoint["hyper_parameters"], "compile_backbone": False}
    # The checkpoint's weights and input statistics replace the published ones, so these must not be downloaded.
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
    """Check that a training of `module` can resume from the checkpoint.

    Returns:
        The number of finished epochs.

    Raises:
        CheckpointError: The checkpoint is missing, damaged, or from another model or loss.
    """
    checkpoint = read_checkpoint(path)
    for name, now in module.hparams.items():
        then = checkpoint["hyper_parameters"].get(name)
        if then != now and name not in _SPEED:
            raise CheckpointError(
                f"{path} was trained with {name}={then}, but now {name}={now} is set; force=true starts over"
            )
    _fill(module, checkpoint, path)
    epochs: int = checkpoint["epoch"] + 1
    return epochs


def read_precision(path: Path) -> str | None:
    """Read the precision of the interrupted training that a checkpoint resumes; None in one of an earlier release.

    Raises:
        CheckpointError: The checkpoint is missing or damaged.
    """
    precision = read_checkpoint(path).get(_PRECISION)
    return precision if precision in set(Precision) else None


class Restoration(pl.Callback):
    """A context and callback that attributes errors up to the end of the first step to the checkpoint.

    Lightning restores loops, optimizers and callbacks piece by piece, and a damaged one may fail only in the first
    step.

    Args:
        path: Path of the checkpoint; None if the training starts from scratch.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._restored = path is None

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Mark the checkpoint as restored: later errors are not its fault."""
        self._restored = True

    def __enter__(self) -> "Restoration":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Raise a CheckpointError in place of an error that only a damaged checkpoint explains."""
        # A damaged checkpoint does not explain a full memory or disk or a failing GPU either.
        innocent = isinstance(error, (FakeidError, OSError)) or not isinstance(error, Exception)
        innocent = innocent or lacks_memory(error) or bool(_GPU_FAILS.match(str(error)))
        if not self._restored and not innocent:
            raise CheckpointError(f"cannot resume from {self._path} ({render_cause(error)}); {ANEW}") from error


def render_cause(error: BaseException | None) -> str:
    """Render the type of an exception and the first line of its message."""
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _fill(module: DetectorModule, checkpoint: dict[str, Any], path: Path) -> None:
    try:
        module.load_state_dict(checkpoint["state_dict"])
    except (RuntimeError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{path} does not fit the model {module.hparams['detector']}; force=true starts the run over"
        ) from error
