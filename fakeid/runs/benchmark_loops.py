"""The loops that the benchmark of trainings measures, each in a process of its own, on the same image files."""

import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

import cv2
import numpy as np
import torch

from fakeid.allocator import keep_memory
from fakeid.data.cache import ImageCache
from fakeid.data.datamodule import PackedDataModule
from fakeid.data.packed import PackedImages
from fakeid.data.packing import Preparation
from fakeid.data.plans import Plan
from fakeid.data.records import Record
from fakeid.data.sources.folders import FolderSource
from fakeid.runs.paper_loop import PaperLoop
from fakeid.training.callbacks import History
from fakeid.training.module import DetectorModule, compute_loss
from fakeid.training.trainer import build_trainer, expected_warnings_ignored
from fakeid.vocabulary import LABEL_NAMES


class Settings(NamedTuple):
    """What all loops have in common.

    Attributes:
        root: Of the files that `write_files` has written.
        image_px: Side of the images, pixels.
        batch_size: Images a step.
        steps: How many are measured, of each kind.
        device: `cuda`, `mps` or `cpu`.
        threads: Of torch and OpenCV on the CPU; None leaves their own choice.
    """

    root: Path
    image_px: int
    batch_size: int
    steps: int
    device: str
    threads: int | None


class Loop(NamedTuple):
    """One loop, as it is set up.

    Attributes:
        name: In the table.
        is_ours: fakeid's, or the paper's authors'.
        keeps_memory: Whether glibc is told to keep freed memory.
        precision: `float32` or `bf16`; the authors' is float32.
        compiled: Whether the backbone is compiled; the authors' is not.
    """

    name: str
    is_ours: bool
    keeps_memory: bool
    precision: str = "float32"
    compiled: bool = False


class Speed(NamedTuple):
    """Images per second: of a step on a batch that is in memory, and of a training from files or the cache."""

    alone: float
    whole: float


def measure_loop(loop: Loop, settings: Settings) -> Speed:
    """Train for a few steps; medians over the steps after a first one that is not counted.

    Call it in a new process: how memory is kept cannot be taken back.
    """
    set_up_process(settings.threads, loop.keeps_memory)
    running = _Ours(loop, settings) if loop.is_ours else _build_paper_loop(settings)
    kinds = (running.step_seconds, running.epoch_seconds)
    return Speed(*(settings.batch_size / median(measure(settings.steps)) for measure in kinds))


def set_up_process(threads: int | None, keeps_memory: bool) -> None:
    """Before the first tensor of a process that measures."""
    if keeps_memory:
        keep_memory()
    if threads is not None:
        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)


def write_files(settings: Settings) -> None:
    """Two batches of smooth noise, as compressible as photos, as PNG files of two classes and in the cache."""
    generator, image_px = np.random.default_rng(0), settings.image_px
    for label in LABEL_NAMES:
        folder = settings.root / "images" / label
        folder.mkdir(parents=True)
        for index in range(settings.batch_size):
            coarse = generator.integers(0, 256, (image_px // 8, image_px // 8, 3), np.uint8)
            fine = generator.integers(-8, 9, (image_px, image_px, 3))
            smooth = cv2.resize(coarse, (image_px, image_px), interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(folder / f"{index:04}.png"), np.clip(smooth + fine, 0, 255).astype(np.uint8))
    _open_cache(settings)


def _open_cache(settings: Settings) -> tuple[list[Record], PackedImages]:
    source = FolderSource(str(settings.root / "images"))
    records = source.records()
    preparation = Preparation(settings.image_px, "crop", "none")
    return records, ImageCache(settings.root / "cache", source, preparation).load(records)


def _build_paper_loop(settings: Settings) -> PaperLoop:
    return PaperLoop(settings.root / "images", batch_size=settings.batch_size, device=settings.device)


class _Ours:
    """What `train.py` does with the same images."""

    def __init__(self, loop: Loop, settings: Settings) -> None:
        records, packed = _open_cache(settings)
        plan = Plan(train=records, val=[], test=[], seen=("images",), unseen=(), held_out=None)
        self._data = PackedDataModule(plan, packed, batch_size=settings.batch_size, seed=0)
        self._module = DetectorModule({}, compile_backbone=loop.compiled)
        self._device, self._precision = settings.device, loop.precision
        self._checkpoints = settings.root / "checkpoints"

    def step_seconds(self, steps: int) -> list[float]:
        """Seconds of each step on one batch that is in memory, after a step that is not counted."""
        module = self._module.to(self._device)
        optimizer = module.configure_optimizers()
        rgb_u8, labels = (tensor.to(self._device) for tensor in next(iter(self._data.train_dataloader())))
        seconds = []
        for _ in range(steps + 1):
            start = time.perf_counter()
            with torch.autocast(self._device, torch.bfloat16, enabled=self._precision == "bf16"):
                loss = compute_loss("softmax_ce", module(rgb_u8), labels)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            loss.item()  # waits for the device
            seconds.append(time.perf_counter() - start)
        return seconds[1:]

    def epoch_seconds(self, steps: int) -> list[float]:
        """Seconds of each step of a Lightning training from the cache, after a first epoch that is not counted."""
        batches = len(self._data.train_dataloader())
        history = History(self._checkpoints / "history.csv")
        trainer = build_trainer(
            folder=self._checkpoints,
            epochs=1 + -(-steps // batches),
            device=self._device,
            precision=self._precision,
            keep_best=False,
            callbacks=[history],
        )
        with expected_warnings_ignored():
            trainer.fit(self._module, datamodule=self._data)
        return [row["seconds"] / batches for row in history.rows[1:]]
