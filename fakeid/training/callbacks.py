"""What happens around each epoch: a seed of its own, and a row of history."""

import csv
import io
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytorch_lightning as pl
import torch

from fakeid.files import write_text
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


class EpochStatus(pl.Callback):
    """Tells how many epochs are done after each of them.

    Args:
        report: Called with the number.
    """

    def __init__(self, report: Callable[[int], None]) -> None:
        self._report = report

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report where the training starts."""
        self._report(trainer.current_epoch)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report one more."""
        self._report(trainer.current_epoch + 1)


class History(pl.Callback):
    """Collects one row an epoch, writes them to a CSV file, and travels in the checkpoint.

    Of several processes each needs one, for their images are added up; the first writes.

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
        """The rows so far, as plain values."""
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
        images = trainer.strategy.reduce(torch.tensor(self._images, device=pl_module.device), reduce_op="sum")
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        metrics["epoch"] = trainer.current_epoch + 1
        metrics["learning_rate"] = trainer.optimizers[0].param_groups[0]["lr"]
        metrics["images"] = int(images)
        metrics["seconds"] = round(time.monotonic() - self._started, 3)
        self.rows.append({name: metrics[name] for name in HISTORY_COLUMNS if name in metrics})
        if not trainer.is_global_zero:
            return
        write_history(self._path, self.rows)


def write_history(path: Path, rows: Sequence[Mapping[str, float]]) -> None:
    """Write the whole history file; what a row lacks stays empty.

    Args:
        path: The CSV file.
        rows: Of `HISTORY_COLUMNS`, one an epoch.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, HISTORY_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())
