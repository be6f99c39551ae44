"""An evaluation as a run of Weights & Biases of its own, beside that of the training whose detector it tests."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from wandb.sdk.wandb_run import Run

from fakeid.choices import LoggerName
from fakeid.config import Config, to_plain
from fakeid.runs.evaluation_values import EVALUATION_ALL, describe_tested, sum_up_evaluation, tabulate_evaluation
from fakeid.runs.layout import RunFolder
from fakeid.runs.tracking import list_tags
from fakeid.training.loggers import build_table, collect_figures
from fakeid.training.tracking import EVALUATION_JOB, Tracker, make_id


def track_evaluation(config: Config, run: RunFolder, evaluation: Mapping[str, Any], console: Console) -> None:
    """Log an evaluation as `RUN/evaluation`, in the group of the training; nothing with `logger=csv`.

    A later evaluation of the same run takes the place of an earlier one; the training's run is not touched.

    Args:
        config: Of the training, with today's evaluation.
        run: The folder of both.
        evaluation: Content of its `evaluation.json`.
        console: Where is printed how to upload what was logged offline.
    """
    if config.logger.name is LoggerName.csv:
        return
    name = f"{run.path.name}/evaluation"
    for earlier in (run.path / "wandb").glob("offline-run-*"):
        if earlier.name.endswith(f"-{make_id(name)}"):
            shutil.rmtree(earlier, ignore_errors=True)
    tracker = _EvaluationTracker(
        run.path, name, describe_tested(to_plain(config), run.path.name, evaluation), job_type=EVALUATION_JOB,
        tags=list_tags(config), **_find_place(config, run),
    )  # fmt: skip
    tracker.log_evaluation(evaluation, sorted(run.evaluation.figures.glob("*.png")))
    sync = tracker.finish()
    if sync:
        console.print(f"W&B logged the evaluation offline; to upload: {sync}", soft_wrap=True, markup=False)


def _find_place(config: Config, run: RunFolder) -> dict[str, Any]:
    """Where the training is; where today's runs go, if it was not tracked."""
    trained = run.read_summary().config.get("logger") or {}
    tracked = trained.get("name") == LoggerName.wandb.value
    logger = trained if tracked else to_plain(config)["logger"]
    return {name: logger[name] for name in ("project", "entity", "group")}


class _EvaluationTracker(Tracker):
    def log_evaluation(self, evaluation: Mapping[str, Any], figures: Sequence[Path]) -> None:
        def log(run: Run) -> None:
            run.log({EVALUATION_ALL: build_table(*tabulate_evaluation(evaluation)), **collect_figures(figures)})
            run.summary.update(sum_up_evaluation(evaluation))

        self._with_run(log)
