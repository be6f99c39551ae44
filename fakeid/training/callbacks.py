"""Callbacks around the steps and epochs of a training: seeds, history, progress, averaged weights."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, WeightAveraging
from rich.console import Console
from rich.progress import TaskID
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from fakeid.console import build_progress, print_sentence
from fakeid.io import write_csv
from fakeid.seeding import derive_seed

HISTORY_COLUMNS: Final = (
    "epoch", "train/loss", "train/accuracy", "val/loss", "val/accuracy", "val/auroc", "learning_rate", "images",
    "seconds",
)  # fmt: skip


class EpochSeeding(pl.Callback):
    """A callback that reseeds torch in each epoch from (seed, epoch), so that resumed runs draw the same dropout.

    With several processes, each draws a different dropout.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Seed the generators of all devices before the first batch; a resumed epoch calls no earlier hook."""
        if batch_idx == 0:
            own = [trainer.global_rank] if trainer.global_rank else []
            torch.manual_seed(derive_seed(self._seed, "epoch", trainer.current_epoch, *own))


class EarlyStop(EarlyStopping):
    """Lightning's early stopping by validation AUROC, with a message when it stops.

    Args:
        patience: Number of consecutive epochs without a better AUROC after which training stops.
        console: Console for the message; only that of the first process prints.
    """

    def __init__(self, patience: int, console: Console) -> None:
        super().__init__("val/auroc", mode="max", patience=patience, check_on_train_epoch_end=True)
        self._console = console

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop at once if the checkpoint belongs to a training that had stopped early."""
        trainer.should_stop = self.wait_count >= self.patience

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop if no epoch was better for `patience` epochs."""
        super().on_train_epoch_end(trainer, pl_module)
        if trainer.should_stop:
            epochs = "1 epoch" if self.patience == 1 else f"{self.patience} epochs"
            self._console.print(f"stopped early: {epochs} without a better validation AUROC", soft_wrap=True)


class EpochReports(pl.Callback):
    """A callback that reports the number of finished epochs, at the start and after each epoch.

    Args:
        reports: Functions to call with the number, in this order; the history file is already written by then.
    """

    def __init__(self, *reports: Callable[[int], object]) -> None:
        self._reports = reports

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report the number of epochs that are finished when the training starts."""
        self._tell(trainer.current_epoch)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report one more finished epoch."""
        self._tell(trainer.current_epoch + 1)

    def _tell(self, epochs_done: int) -> None:
        for report in self._reports:
            report(epochs_done)


class History(pl.Callback):
    """A callback that collects one row per epoch in a CSV file and in the checkpoint.

    With several processes, only the first writes; all have the same number of images.

    Args:
        path: Path of the CSV file, which is rewritten after each epoch.

    Attributes:
        rows: Values by column name, one mapping per epoch.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._started = 0.0
        self._images = 0
        self.rows: list[dict[str, float]] = []

    def state_dict(self) -> dict[str, Any]:
        """Return the rows so far, as plain values."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the rows of the epochs that the checkpoint has seen."""
        self.rows = [dict(row) for row in state_dict["rows"]]

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the restored rows: the file may be damaged, and there may be no epoch left to rewrite it."""
        if self.rows and trainer.is_global_zero:
            write_history(self._path, self.rows)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Start the clock at the first batch."""
        if batch_idx == 0:
            self._started = time.monotonic()
            self._images = 0

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the images of the batch."""
        self._images += len(batch[1])

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add the row of the epoch and write the file."""
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        metrics["epoch"] = trainer.current_epoch + 1
        metrics["learning_rate"] = trainer.optimizers[0].param_groups[0]["lr"]
        metrics["images"] = self._images * trainer.world_size
        metrics["seconds"] = round(time.monotonic() - self._started, 3)
        self.rows.append({name: metrics[name] for name in HISTORY_COLUMNS if name in metrics})
        if trainer.is_global_zero:
            write_history(self._path, self.rows)


def write_history(path: Path, rows: Sequence[Mapping[str, float]]) -> None:
    """Write the whole history file, leaving missing values empty.

    Args:
        path: Path of the CSV file.
        rows: Values by column, one mapping per epoch; see `HISTORY_COLUMNS`.
    """
    write_csv(path, HISTORY_COLUMNS, ([row.get(name) for name in HISTORY_COLUMNS] for row in rows))


class MovingAverage(WeightAveraging):
    """A callback that averages weights and running statistics after each step; the average is validated and tested.

    The first step copies the weights. At the n-th step after it, the average moves by
    1 - min(decay, (1 + n) / (10 + n)) of its distance to the weights, so that it soon forgets the beginning (as in
    TensorFlow's `ExponentialMovingAverage`). A checkpoint holds the average as its weights, and the weights that are
    being trained besides.

    Args:
        decay: Decay of the average, in (0, 1).
        device: Device of the training. Lightning would take that of the module, which is still on the CPU at that time.
    """

    def __init__(self, decay: float, device: str) -> None:
        def average(averaged: Sequence[Tensor], current: Sequence[Tensor], num_averaged: Tensor) -> None:
            if not averaged[0].is_floating_point():  # a table of numbers, which no training changes
                for kept, latest in zip(averaged, current, strict=True):
                    kept.copy_(latest)
                return
            num = int(num_averaged)
            update = get_ema_multi_avg_fn(min(decay, (1 + num) / (10 + num)))  # type: ignore[no-untyped-call]
            update(averaged, current, num)

        super().__init__(device=torch.device(device), use_buffers=True, multi_avg_fn=average)


class TrainingProgress(pl.Callback):
    """A callback that shows a progress bar and prints a line per epoch.

    Args:
        console: Console to print to.
        history: History that counts images and seconds; it must come before this callback in the trainer.
    """

    def __init__(self, console: Console, history: History) -> None:
        self._console = console
        self._history = history
        self._progress = build_progress(console)
        self._task = TaskID(0)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show the progress bar; a resumed training starts where it stopped."""
        assert trainer.max_epochs is not None
        total = trainer.max_epochs * int(trainer.num_training_batches)
        self._task = self._progress.add_task("training", total=total, completed=trainer.global_step, unit="batches")
        self._progress.start()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Advance the progress bar."""
        self._progress.update(self._task, completed=trainer.global_step)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Print the line of the epoch."""
        assert trainer.max_epochs is not None
        print_sentence(self._console, render_epoch(self._history.rows[-1], trainer.max_epochs))

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Remove the progress bar."""
        self._progress.stop()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Remove the progress bar before the error is reported."""
        self._progress.stop()


def render_epoch(row: Mapping[str, float], epochs: int) -> str:
    """Render the line of one epoch.

    Args:
        row: Row of the history.
        epochs: Total number of epochs.
    """
    shown = [
        f"{name.replace('/', ' ')} {row[name]:.3f}"
        for name in ("train/loss", "train/accuracy", "val/accuracy", "val/auroc")
        if name in row
    ]
    left = row["seconds"] * (epochs - row["epoch"])
    return (
        f"epoch {row['epoch']:.0f}/{epochs}  {'  '.join(shown)}  {row['images'] / row['seconds']:,.0f} images/s  "
        f"{_render_seconds(left)} left"
    )


def _render_seconds(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
