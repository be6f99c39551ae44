"""Images per second of one network in training and in validation, on made-up images."""

import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Dataset

from fakeid.choices import AugmentName
from fakeid.config import Config
from fakeid.data.augmented import AugmentedDataset
from fakeid.data.datamodule import Batch
from fakeid.data.records import Record
from fakeid.runs.fit import build_module
from fakeid.training.callbacks import MovingAverage
from fakeid.training.trainer import (
    build_trainer,
    choose_device,
    choose_precision,
    cpu_as_asked,
    expected_warnings_ignored,
)


class Rates(NamedTuple):
    """Images per second: of training steps, and of a forward pass as validation and test do it."""

    train: float
    infer: float


def measure_rates(config: Config, *, steps: int, on_step: Callable[[], None] = lambda: None) -> Rates:
    """Train and validate for a few steps as a run would, with its network, augmentation, batch size and device.

    The images are noise that is in memory; a run takes its own from a memory map, which costs a thousandth of a step.
    They are augmented in this process, whatever `trainer.num_workers` says, so that the rate is the lowest to expect.
    Each rate is the median over the steps after a first one that is not counted.

    Args:
        config: Checked options; no image of its data is read.
        steps: How many are measured, of each kind.
        on_step: Told of each step, 2 · (steps + 1) times.

    Raises:
        ConfigError: An unknown network, or options that do not fit it.
        DeviceError: No GPU with `trainer=gpu`.
    """
    device = choose_device(config.trainer.accelerator.value)
    size, side = config.optim.batch_size, config.data.image_px
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (size, side, side, 3), generator=generator, dtype=torch.uint8)  # (N, H, W, 3)
    images = images.permute(0, 3, 1, 2)  # (N, 3, H, W), channels last as in the cache
    noise = _Noise(Batch(images, torch.arange(size) % 2))
    clock = _StepClock(on_step)
    # Published weights take no other time, and would have to be fetched.
    module = build_module(replace(config, model=replace(config.model, pretrained=False)))
    with (
        cpu_as_asked(config.trainer),
        TemporaryDirectory(prefix="fakeid-benchmark-") as folder,
        expected_warnings_ignored(),
    ):
        trainer = build_trainer(
            folder=Path(folder),
            epochs=1,
            device=device,
            precision=choose_precision(config.trainer.precision.value, device),
            keep_best=False,
            callbacks=[clock, *([MovingAverage(config.optim.ema, device)] if config.optim.ema else [])],
        )
        _fit(trainer, module, _load(noise, steps + 1, config), _load(noise, steps + 1))
    return Rates(*(size / median(seconds) for seconds in (clock.training, clock.validation)))


def _fit(trainer: pl.Trainer, module: pl.LightningModule, train: DataLoader[Batch], val: DataLoader[Batch]) -> None:
    try:
        trainer.fit(module, train, val)
    except SystemExit as error:
        # Lightning turns Ctrl-C into an exit and leaves the signal ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if isinstance(error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        raise


class _Noise(Dataset[Any]):
    """One batch, again and again."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self.records = [Record(f"noise/{i}", int(label), "noise", "", "") for i, label in enumerate(batch.labels)]

    def __getitems__(self, _: Any) -> Batch:
        return self._batch


def _load(noise: _Noise, times: int, config: Config | None = None) -> DataLoader[Batch]:
    """Batches as they are, or augmented as the options say."""
    indices = list(range(len(noise.records)))
    if config is None or config.augment.name is AugmentName.none:
        return DataLoader(noise, batch_sampler=[indices] * times, collate_fn=_as_is)
    changed = AugmentedDataset(noise, config.augment.name.value, config.seed)
    return DataLoader(changed, batch_sampler=[(0, indices)] * times, collate_fn=_as_is)  # type: ignore[list-item]


def _as_is(batch: Any) -> Any:
    return batch


class _StepClock(pl.Callback):
    """Seconds from the end of a step to the end of the next, so that all between them is counted."""

    def __init__(self, on_step: Callable[[], None]) -> None:
        self._on_step = on_step
        self._ended = 0.0
        self.training: list[float] = []
        self.validation: list[float] = []

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._note(self.training, batch_idx)

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        self._note(self.validation, batch_idx)

    def _note(self, seconds: list[float], number: int) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.perf_counter()
        if number > 0:
            seconds.append(now - self._ended)
        self._ended = now
        self._on_step()
