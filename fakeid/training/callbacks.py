"""What happens around the steps and epochs of a training: seeds, history, progress, averaged weights."""

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

from fakeid.console import build_progress
from fakeid.io import write_csv
from fakeid.seeding import derive_seed

HISTORY_COLUMNS: Final = (
    "epoch", "train/loss", "train/accuracy", "val/loss", "val/accuracy", "val/auroc", "learning_rate", "images",
    "seconds",
)  # fmt: skip


class EpochSeeding(pl.Callback):
    """Seeds torch anew in each epoch from (seed, epoch), so that a continued run drops what it would have dropped.

    Of several processes each drops something else.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Seed every device's generator before the first batch; a continued epoch has no other start."""
        if batch_idx == 0:
            own = [trainer.global_rank] if trainer.global_rank else []
            torch.manual_seed(derive_seed(self._seed, "epoch", trainer.current_epoch, *own))


class EarlyStop(EarlyStopping):
    """Lightning's, by validation AUROC; says when it stops.

    Args:
        patience: Epochs in a row whose AUROC was not the best.
        console: Of the first process; those of the others are quiet.
    """

    def __init__(self, patience: int, console: Console) -> None:
        super().__init__("val/auroc", mode="max", patience=patience, check_on_train_epoch_end=True)
        self._console = console

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Train no further where the checkpoint is that of a training that had stopped."""
        trainer.should_stop = self.wait_count >= self.patience

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop where no epoch was better for long enough."""
        super().on_train_epoch_end(trainer, pl_module)
        if trainer.should_stop:
            epochs = "1 epoch" if self.patience == 1 else f"{self.patience} epochs"
            self._console.print(f"stopped early: {epochs} without a better validation AUROC", soft_wrap=True)


class EpochReports(pl.Callback):
    """Tells how many epochs are done, at the start and after each of them.

    Args:
        reports: Called with the number, in the order given; the history file is written by then.
    """

    def __init__(self, *reports: Callable[[int], object]) -> None:
        self._reports = reports

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report where the training starts."""
        self._tell(trainer.current_epoch)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report one more."""
        self._tell(trainer.current_epoch + 1)

    def _tell(self, epochs_done: int) -> None:
        for report in self._reports:
            report(epochs_done)


class History(pl.Callback):
    """Collects one row an epoch, writes them to a CSV file, and travels in the checkpoint.

    Of several processes the first writes; all have the same number of images.

    Args:
        path: The file, rewritten whole after each epoch.

    Attributes:
        rows: Column → number, for each epoch.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._started = 0.0
        self._images = 0
        self.rows: list[dict[str, float]] = []

    def state_dict(self) -> dict[str, Any]:
        """Keep the rows so far, as plain values."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on after the rows of the epochs that the checkpoint has seen."""
        self.rows = [dict(row) for row in state_dict["rows"]]

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write what the checkpoint has seen, for the file may be damaged, and no epoch left to write it anew."""
        if self.rows and trainer.is_global_zero:
            write_history(self._path, self.rows)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Start the clock with the first batch."""
        if batch_idx == 0:
            self._started = time.monotonic()
            self._images = 0

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the images."""
        self._images += len(batch[1])

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add the epoch's row."""
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        metrics["epoch"] = trainer.current_epoch + 1
        metrics["learning_rate"] = trainer.optimizers[0].param_groups[0]["lr"]
        metrics["images"] = self._images * trainer.world_size
        metrics["seconds"] = round(time.monotonic() - self._started, 3)
        self.rows.append({name: metrics[name] for name in HISTORY_COLUMNS if name in metrics})
        if trainer.is_global_zero:
            write_history(self._path, self.rows)


def write_history(path: Path, rows: Sequence[Mapping[str, float]]) -> None:
    """Write the whole history file; what a row lacks stays empty.

    Args:
        path: The CSV file.
        rows: Of `HISTORY_COLUMNS`, one an epoch.
    """
    write_csv(path, HISTORY_COLUMNS, ([row.get(name) for name in HISTORY_COLUMNS] for row in rows))


class MovingAverage(WeightAveraging):
    """Averages weights and running statistics after each step; validates, keeps and tests the average.

    The first step copies the weights; at the n-th after it the average moves by 1 - min(decay, (1 + n) / (10 + n)) of
    its distance to them, so that it does not remember the beginning for long (as in TensorFlow's
    `ExponentialMovingAverage`). A checkpoint holds the average as its weights, and those that go on learning beside it.

    Args:
        decay: In (0, 1).
        device: Of the training: Lightning would take that of the module, which is on the CPU at that time.
    """

    def __init__(self, decay: float, device: str) -> None:
        def average(averaged: Sequence[Tensor], current: Sequence[Tensor], num_averaged: Tensor) -> None:
            num = int(num_averaged)
            update = get_ema_multi_avg_fn(min(decay, (1 + num) / (10 + num)))  # type: ignore[no-untyped-call]
            update(averaged, current, num)

        super().__init__(device=torch.device(device), use_buffers=True, multi_avg_fn=average)


class TrainingProgress(pl.Callback):
    """Shows the epochs of one fit.

    Args:
        console: Where to.
        history: Stands before this one in the trainer; counts images and seconds.
    """

    def __init__(self, console: Console, history: History) -> None:
        self._console = console
        self._history = history
        self._progress = build_progress(console)
        self._task = TaskID(0)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw the bar; a continued fit starts where it was."""
        assert trainer.max_epochs is not None
        total = trainer.max_epochs * int(trainer.num_training_batches)
        self._task = self._progress.add_task("training", total=total, completed=trainer.global_step, unit="batches")
        self._progress.start()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Advance the bar."""
        self._progress.update(self._task, completed=trainer.global_step)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Print the epoch's line."""
        assert trainer.max_epochs is not None
        self._console.print(render_epoch(self._history.rows[-1], trainer.max_epochs), highlight=False, soft_wrap=True)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the bar away."""
        self._progress.stop()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Take the bar away before anything is said about the failure."""
        self._progress.stop()


def render_epoch(row: Mapping[str, float], epochs: int) -> str:
    """Write the line of one epoch.

    Args:
        row: Of the history.
        epochs: How many there will be.
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
