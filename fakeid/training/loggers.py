"""Weights & Biases for one training: its axes, its history row by row, its results."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import wandb
from wandb.sdk.wandb_run import Run

from fakeid.evaluation.run_summary import RunSummary
from fakeid.training.tracked_fields import (
    ALL,
    CURVES,
    EPOCH,
    HEADLINES,
    describe_config,
    describe_provenance,
    make_key,
    sum_up_training,
    tabulate_summary,
)
from fakeid.training.tracking import TRAIN_JOB, Tracker

if TYPE_CHECKING:
    from pytorch_lightning.loggers.logger import Logger

_HISTORY: Final = "history.csv"  # in the run folder; see `fakeid.training.callbacks.History`
_HISTORY_NAMES: Final = {name: f"train/{name}" for name in ("learning_rate", "images", "seconds")}
"""W&B sorts charts by what is before the slash, and `seconds` of a summary are those of the whole training."""


class RunTracker(Tracker):
    """Shows a run folder's files in W&B while they are written.

    Args:
        folder: The run folder; W&B writes below it.
        run_id: Identity of the run, so that a continued training continues its curves.
        config: Every option, nested plain values.
        project: W&B project.
        entity: W&B user or team; None is the user's default.
        group: Name that joins runs.
        tags: Words to filter runs by.
    """

    def __init__(
        self,
        folder: Path,
        run_id: str,
        config: Mapping[str, Any],
        *,
        project: str,
        entity: str | None,
        group: str | None,
        tags: Sequence[str] = (),
    ) -> None:
        self._history = folder / _HISTORY
        self._logged = -1  # epochs
        super().__init__(
            folder, run_id, describe_config(config), job_type=TRAIN_JOB, project=project, entity=entity, group=group,
            tags=tags, resume=self._history.exists(),
        )  # fmt: skip
        self._with_run(_define_curves)

    def lightning_loggers(self) -> "list[Logger]":
        """What the Lightning trainer tells when an epoch is over."""
        from fakeid.training.epoch_signal import EpochSignal  # noqa: PLC0415 - the rest needs no torch

        return [] if self._run is None else [EpochSignal(self.log_history)]

    def log_history(self) -> None:
        """Log the rows of `history.csv` that W&B does not have, with the epoch as W&B's step.

        The first call of a continued training logs those before it too, unless the server has them: an offline run
        is complete by itself.
        """
        self._with_run(self._log_history)

    def _log_history(self, run: Run) -> None:
        if not self._history.exists():
            return
        with self._history.open(encoding="utf-8", newline="") as file:
            rows = [{name: float(cell) for name, cell in row.items() if cell} for row in csv.DictReader(file)]
        for row in rows:
            epoch = int(row["epoch"])
            if epoch > self._logged and epoch >= run.starting_step:
                # Committed at once: a killed process loses nothing.
                run.log({_HISTORY_NAMES.get(name, name): cell for name, cell in row.items()}, step=epoch, commit=True)
                self._logged = epoch

    def log_results(self, summary: RunSummary, figures: Sequence[Path]) -> None:
        """Log the final numbers, the table of all of them, and the figures (image files)."""
        self.log_history()
        numbers = sum_up_training(summary)

        def log(run: Run) -> None:
            found = describe_provenance(summary)
            if run.config["categories"] is None:
                found["categories"] = len(summary.list_categories(seen=True))
            run.config.update(found, allow_val_change=True)  # type: ignore[no-untyped-call]
            run.log(
                {
                    **{name: numbers[name] for name in HEADLINES if name in numbers},
                    ALL: build_table(*tabulate_summary(summary)),
                    **collect_figures(figures),
                }
            )
            run.summary.update(numbers)

        self._with_run(log)


def build_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> wandb.Table:
    """A table as W&B takes it."""
    return wandb.Table(columns=[*columns], data=[[*row] for row in rows])


def collect_figures(paths: Sequence[Path]) -> dict[str, wandb.Image]:
    """Image files as W&B takes them, by their names."""
    return {make_key("figures", path.stem): wandb.Image(str(path)) for path in paths}


def _define_curves(run: Run) -> None:
    run.define_metric(EPOCH, summary="none", hidden=True)
    for name, shown in CURVES.items():
        run.define_metric(name, step_metric=EPOCH, summary=shown)
