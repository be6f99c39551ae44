"""The Lightning trainer of one run, on the hardware that is there."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import cv2
import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from pytorch_lightning.callbacks import Callback, ModelCheckpoint
from pytorch_lightning.loggers import Logger
from torch import Tensor
from torch.utils.data import DataLoader

from fakeid.allocator import keep_memory
from fakeid.errors import DeviceError
from fakeid.schema import TrainerConfig
from fakeid.training.checkpoint import WholeCheckpoints
from fakeid.training.strategy import SharedBatches
from fakeid.training.world import World
from fakeid.workers import clear_worker_errors

_LIGHTNING_PRECISION: Final[dict[str, Any]] = {"float32": "32-true", "bf16": "bf16-mixed"}

_RESIDENT_SHARE: Final = 0.5  # of the free memory; activations of a large network need the rest

# The run prints its own lines; Lightning's tips would only hide them.
logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)


@contextmanager
def expected_warnings_ignored() -> Iterator[None]:
    """Keep Lightning's warnings about what is intended here from the user."""
    with warnings.catch_warnings():
        # Batches from a memory map need no worker processes.
        warnings.filterwarnings("ignore", message=".*does not have many workers")
        # That is how a run continues.
        warnings.filterwarnings("ignore", message="Checkpoint directory .* exists and is not empty")
        # Without validation images there is nothing to validate.
        warnings.filterwarnings("ignore", message="Total length of .* across ranks is zero")
        # Which of two equal layouts a 1 x 1 kernel has is all the same.
        warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
        # Lightning 2.6 asks torch 2.15 in a way that torch has renamed.
        warnings.filterwarnings("ignore", message=r".isinstance\(treespec, LeafSpec\). is deprecated")
        yield


@contextmanager
def batch_workers() -> Iterator[None]:
    """Say what to lower where a process that loads batches is ended by the system.

    Raises:
        WorkerError: One was.
    """
    with clear_worker_errors("loads batches", "lower trainer.num_workers (0 does without), or optim.batch_size"):
        yield


def set_up_cpu(options: TrainerConfig) -> None:
    """Take as many threads as are asked for, in torch and OpenCV, and let freed memory be kept if it is wished.

    Args:
        options: With `threads=None` the threads stay as they are.
    """
    if options.keep_memory:
        keep_memory()
    if options.threads is not None:
        torch.set_num_threads(options.threads)
        cv2.setNumThreads(options.threads)


@contextmanager
def cpu_as_asked(options: TrainerConfig) -> Iterator[None]:
    """The same for a while; afterwards the threads are as before, so that a sweep's next run starts from there."""
    before = torch.get_num_threads(), cv2.getNumThreads()
    set_up_cpu(options)
    try:
        yield
    finally:
        if options.threads is not None:
            torch.set_num_threads(before[0])
            cv2.setNumThreads(before[1])


def choose_device(accelerator: str) -> str:
    """`cuda`, `mps` or `cpu`.

    Args:
        accelerator: `auto` takes a GPU when there is one; `gpu` insists; `cpu` does without.

    Raises:
        DeviceError: `gpu`, and there is none.
    """
    if accelerator != "cpu":
        if torch.cuda.is_available():
            return "cuda"
        if torch.backends.mps.is_available():
            return "mps"
        if accelerator == "gpu":
            raise DeviceError("trainer=gpu needs a GPU and torch sees none; trainer=auto takes the CPU instead")
    return "cpu"


def choose_precision(precision: str, device: str) -> str:
    """`float32` or `bf16`.

    Args:
        precision: Either, or `auto` for bf16 where the hardware computes in it.
        device: `cuda`, `mps` or `cpu`.
    """
    if precision != "auto":
        return precision
    if device == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    if device == "cpu":
        # Older releases of torch cannot tell; float32 is always right.
        has = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
        return "bf16" if any(has.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16")) else "float32"
    return "float32"


def choose_resident(device_cache: str, device: str, num_bytes: int) -> torch.device | None:
    """The device in whose memory the training images are kept, or None to gather each batch from the disk.

    Args:
        device_cache: `on`, `off`, or `auto` for a CUDA device on which they leave room for the training itself.
        device: `cuda`, `mps` or `cpu`.
        num_bytes: What the images take.
    """
    fits = device == "cuda" and num_bytes < _RESIDENT_SHARE * torch.cuda.mem_get_info()[0]
    if device_cache == "on" or (device_cache == "auto" and fits):
        return torch.device(device)
    return None


def _place(device: str, world: World) -> dict[str, Any]:
    """Where a Lightning trainer computes, and with whom."""
    if world.size > 1:
        return {
            "accelerator": device,
            "devices": 1,
            "strategy": SharedBatches(world, device),
            "plugins": [WholeCheckpoints()],
        }
    return {
        "accelerator": device,
        # Of several GPUs the one that is current, where Lightning would always take the first.
        "devices": [torch.cuda.current_device()] if device == "cuda" else 1,
        # Inside a job of SLURM Lightning would look for other processes, and requeue the job itself.
        "plugins": [LightningEnvironment(), WholeCheckpoints()],
    }


def build_trainer(  # noqa: PLR0913 - one keyword for each choice
    *,
    folder: Path,
    epochs: int,
    device: str,
    precision: str,
    keep_best: bool,
    callbacks: Sequence[Callback] = (),
    loggers: Sequence[Logger] = (),
    limit_batches: int | None = None,
    world: World = World(),  # noqa: B008 - immutable
) -> pl.Trainer:
    """A trainer that writes `last.ckpt` after each epoch, and `best.ckpt` by validation AUROC if asked.

    Args:
        folder: Where checkpoints go.
        epochs: How many.
        device: `cuda`, `mps` or `cpu`.
        precision: `float32` or `bf16`.
        keep_best: Needs validation images.
        callbacks: Further ones.
        loggers: Where curves go beside the history file.
        limit_batches: Stop each epoch after so many; None runs it whole.
        world: With more than one process they must be one group already; each is given its share of every batch.
    """
    last = ModelCheckpoint(folder, "last", save_on_train_epoch_end=True, enable_version_counter=False)
    best = ModelCheckpoint(
        folder, "best", monitor="val/auroc", mode="max", save_on_train_epoch_end=True, enable_version_counter=False
    )
    return pl.Trainer(
        **_place(device, world),
        precision=_LIGHTNING_PRECISION[precision],
        max_epochs=epochs,
        # `best` first, so that `last` carries its newest state.
        callbacks=[*callbacks, *([best] if keep_best else []), last],
        logger=list(loggers) or False,
        limit_train_batches=limit_batches,
        limit_val_batches=limit_batches,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
        benchmark=device == "cuda",
        use_distributed_sampler=False,
    )


def predict_logits(module: pl.LightningModule, loader: DataLoader[Any], *, device: str) -> Tensor:
    """Score the images that a loader gives, in their order, in float32 whatever the precision of the training.

    In bf16 a logit has 8 significant bits, so that many images tie: 608 distinct values were counted in 2,200 rows.

    Args:
        module: Its `predict_step` returns the logits of a batch.
        loader: Gives batches.
        device: `cuda`, `mps` or `cpu`.

    Returns:
        Logits (N,) float32 on the CPU.
    """
    trainer = pl.Trainer(
        **_place(device, World()),
        precision=_LIGHTNING_PRECISION["float32"],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with expected_warnings_ignored(), batch_workers():
        batches: Any = trainer.predict(module, dataloaders=loader)
    return torch.cat(batches)
