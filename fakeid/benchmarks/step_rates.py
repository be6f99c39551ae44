"""Measure the images per second of one network, trained and validated by Lightning."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pytorch_lightning as pl
import torch

from fakeid.config.parse import Config
from fakeid.data.cache.packs import Pack, PackedImages
from fakeid.data.datamodule import PackedDataModule
from fakeid.data.plans import Plan
from fakeid.data.records import Record
from fakeid.runs.fit import build_module, ctrl_c_raised
from fakeid.training.callbacks import MovingAverage
from fakeid.training.trainer import (
    build_trainer,
    choose_device,
    choose_precision,
    cpu_as_asked,
    expected_warnings_ignored,
)


class Rates(NamedTuple):
    """Images per second of training steps, and of forward passes in validation and test."""

    train: float
    infer: float


def measure_rates(config: Config, *, steps: int, on_step: Callable[[], None] = lambda: None) -> Rates:
    """Measure the speed of a run's network, device and precision by training and validating on noise.

    One batch of noise stays in memory; a run reads its images from a memory map, which costs a thousandth of a step.
    Augmentation runs in this process, whatever `trainer.num_workers` is, so the rate is the lowest to expect.

    Args:
        config: Checked options. None of its images is read. Published weights are not downloaded, as they do not
            change the speed.
        steps: Number of measured steps of training and of validation, each from the end of one to the end of the next.
        on_step: Function called after each step, 2 · (steps + 1) times.

    Returns:
        Images per second, from the medians over all steps but the first.

    Raises:
        ConfigError: The network is unknown, or the options do not fit it.
        DeviceError: There is no GPU for `trainer=gpu`.
    """
    device = choose_device(config.trainer.accelerator.value)
    clock = _StepClock(on_step)
    module = build_module(replace(config, model=replace(config.model, pretrained=False)))
    with cpu_as_asked(config.trainer), TemporaryDirectory(prefix="fakeid-benchmark-") as folder:
        trainer = build_trainer(
            folder=Path(folder),
            epochs=1,
            device=device,
            precision=choose_precision(config.trainer.precision.value, device),
            keep_best=False,
            callbacks=[clock, *([MovingAverage(config.optim.ema, device)] if config.optim.ema else [])],
        )
        with ctrl_c_raised(), expected_warnings_ignored():
            trainer.fit(module, datamodule=_build_data(config, steps + 1))
    return Rates(*(config.optim.batch_size / median(seconds) for seconds in (clock.training, clock.validation)))


def _build_data(config: Config, num_batches: int) -> PackedDataModule:
    """Build a data module that repeats one batch of noise, `num_batches` times each for training and validation."""
    size, side = config.optim.batch_size, config.data.image_px
    noise = np.random.default_rng(0).integers(0, 256, (size, side, side, 3), np.uint8)
    records = [Record(f"noise/{number}", number % 2, "noise", "", "") for number in range(size)]
    packed = PackedImages([Pack(noise, [record.key for record in records], [], [], [], {})])
    repeated = num_batches * records
    plan = Plan(train=repeated, val=repeated, test=[], seen=("noise",), unseen=(), held_out=None)
    return PackedDataModule(plan, packed, batch_size=size, seed=0, augmentation=config.augment.name.value)


class _StepClock(pl.Callback):
    """Callback that records the seconds from the end of each step to the end of the next."""

    def __init__(self, on_step: Callable[[], None]) -> None:
        self._on_step = on_step
        self._ended = 0.0
        self.training: list[float] = []
        self.validation: list[float] = []

    def on_train_batch_end(self, *arguments: Any, **_: Any) -> None:
        self._note(self.training, batch_idx=arguments[4])

    def on_validation_batch_end(self, *arguments: Any, **_: Any) -> None:
        self._note(self.validation, batch_idx=arguments[4])

    def _note(self, seconds: list[float], batch_idx: int) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.perf_counter()
        if batch_idx > 0:
            seconds.append(now - self._ended)
        self._ended = now
        self._on_step()
