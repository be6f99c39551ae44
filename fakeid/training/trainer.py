"""Build the Lightning trainer of one run for the available hardware."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import cv2
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, ModelCheckpoint

from fakeid.config.schema import TrainerConfig
from fakeid.errors import DeviceError
from fakeid.processes import clear_worker_errors, keep_memory
from fakeid.training.checkpoint import WholeCheckpoints
from fakeid.training.team import Processes

_LIGHTNING_PRECISION: Final[dict[str, Any]] = {"float32": "32-true", "bf16": "bf16-mixed"}
"""Lightning's names of our precisions."""

_RESIDENT_SHARE: Final = 0.5  # of the free memory; the activations of a large network need the rest

# The run prints its own lines; Lightning's tips would bury them.
logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)


@contextmanager
def expected_warnings_ignored() -> Iterator[None]:
    """Hide Lightning's warnings about intended behavior from the user."""
    with warnings.catch_warnings():
        # Batches from a memory map need no worker processes.
        warnings.filterwarnings("ignore", message=".*does not have many workers")
        # This is how a run resumes.
        warnings.filterwarnings("ignore", message="Checkpoint directory .* exists and is not empty")
        # Without validation images there is nothing to validate.
        warnings.filterwarnings("ignore", message="Total length of .* across ranks is zero")
        # It does not matter which of two equal layouts a 1 x 1 kernel has.
        warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
        # Lightning 2.6 uses a check that torch 2.15 has renamed.
        warnings.filterwarnings("ignore", message=r".isinstance\(treespec, LeafSpec\). is deprecated")
        yield


@contextmanager
def batch_workers() -> Iterator[None]:
    """Say which options to lower if the system ends a process that loads batches.

    Raises:
        WorkerError: The system ended such a process.
    """
    with clear_worker_errors("loads batches", "lower trainer.num_workers (0 does without), or optim.batch_size"):
        yield


def set_up_cpu(options: TrainerConfig) -> None:
    """Set the number of threads of torch and OpenCV, and keep freed memory if requested.

    Args:
        options: Options of the trainer; `threads=None` leaves the number of threads unchanged.
    """
    if options.keep_memory:
        keep_memory()
    if options.threads is not None:
        torch.set_num_threads(options.threads)
        cv2.setNumThreads(options.threads)


@contextmanager
def cpu_as_asked(options: TrainerConfig) -> Iterator[None]:
    """Set up the CPU for the block and restore the threads afterwards, for the next run of a sweep."""
    before = torch.get_num_threads(), cv2.getNumThreads()
    set_up_cpu(options)
    try:
        yield
    finally:
        if options.threads is not None:
            torch.set_num_threads(before[0])
            cv2.setNumThreads(before[1])


def choose_device(accelerator: str) -> str:
    """Choose the device: `cuda`, `mps` or `cpu`.

    Args:
        accelerator: `auto` uses a GPU if there is one, `gpu` requires one, `cpu` never uses one.

    Raises:
        DeviceError: `gpu` is requested, but there is none.
    """
    if accelerator != "cpu":
        if torch.cuda.is_available():
            return "cuda"
        if torch.backends.mps.is_available():
            return "mps"
        if accelerator == "gpu":
            raise DeviceError("trainer=gpu needs a GPU, but torch sees none; trainer=auto takes the CPU instead")
    return "cpu"


def choose_precision(precision: str, device: str) -> str:
    """Choose the precision: `float32` or `bf16`.

    Args:
        precision: `float32`, `bf16`, or `auto` for bf16 if the hardware supports it.
        device: `cuda`, `mps` or `cpu`.
    """
    if precision != "auto":
        return precision
    if device == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    if device == "cpu":
        # Older releases of torch cannot tell; float32 always works.
        has = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
        return "bf16" if any(has.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16")) else "float32"
    return "float32"


def choose_resident(device_cache: str, device: str, num_bytes: int) -> torch.device | None:
    """Choose the device whose memory holds the training images; None reads each batch from disk.

    Args:
        device_cache: `on`, `off`, or `auto` for a CUDA device if they leave enough memory for the training itself.
        device: `cuda`, `mps` or `cpu`.
        num_bytes: Size of the images in bytes.
    """
    fits = device == "cuda" and num_bytes < _RESIDENT_SHARE * torch.cuda.mem_get_info()[0]
    if device_cache == "on" or (device_cache == "auto" and fits):
        return torch.device(device)
    return None


class MovableCheckpoint(ModelCheckpoint):
    """Lightning's ModelCheckpoint for runs that may be moved: in a new folder it would forget the best epoch."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state of an interrupted training, with paths in the run's present folder."""
        own = {
            name: self._move(state_dict[name]) for name in ("best_model_path", "kth_best_model_path", "last_model_path")
        }
        best = {self._move(path): score for path, score in state_dict["best_k_models"].items()}
        super().load_state_dict({**state_dict, **own, "best_k_models": best, "dirpath": self.dirpath})

    def _move(self, path: str) -> str:
        return str(Path(self.dirpath or "") / Path(path).name) if path else path


def build_trainer(
    *,
    folder: Path,
    epochs: int,
    device: str,
    precision: str,
    keep_best: bool,
    callbacks: Sequence[Callback] = (),
    limit_batches: int | None = None,
    place: Mapping[str, Any] | None = None,
) -> pl.Trainer:
    """Build a trainer that writes `last.ckpt` after each epoch and, optionally, `best.ckpt` by validation AUROC.

    Args:
        folder: Folder for checkpoints.
        epochs: Number of epochs.
        device: `cuda`, `mps` or `cpu`.
        precision: `float32` or `bf16`.
        keep_best: Whether to write `best.ckpt`, which needs validation images.
        callbacks: Further callbacks.
        limit_batches: Number of batches after which each epoch stops; None runs whole epochs.
        place: Arguments from `Processes.place`; None means a single process.
    """
    last = MovableCheckpoint(folder, "last", save_on_train_epoch_end=True, enable_version_counter=False)
    best = MovableCheckpoint(
        folder, "best", monitor="val/auroc", mode="max", save_on_train_epoch_end=True, enable_version_counter=False
    )
    place = place or Processes().place(device)
    return pl.Trainer(
        **{**place, "plugins": [*place["plugins"], WholeCheckpoints(precision)]},
        precision=_LIGHTNING_PRECISION[precision],
        max_epochs=epochs,
        # `best` comes first, so that `last` contains its newest state.
        callbacks=[*callbacks, *([best] if keep_best else []), last],
        logger=False,
        limit_train_batches=limit_batches,
        limit_val_batches=limit_batches,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
        benchmark=device == "cuda",
        use_distributed_sampler=False,
    )
