"""The terminal during a training: a line for each epoch, and below it a bar with the time that is left."""

from collections.abc import Mapping
from typing import Any

import pytorch_lightning as pl
from rich.console import Console
from rich.progress import TaskID

from fakeid.progress import build_progress
from fakeid.training.callbacks import History


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
    """The line of one epoch.

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
