"""Track an evaluation as its own run of Weights & Biases, beside the run of the training that it tests."""

import shutil
from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from wandb.sdk.wandb_run import Run

from fakeid.config.choices import LoggerName
from fakeid.config.degradations import NO_DEGRADATION
from fakeid.config.parse import Config, to_plain
from fakeid.evaluation.quadrants import QUADRANTS, Quadrant
from fakeid.evaluation.records.evaluation import Evaluation
from fakeid.io import to_plain_record
from fakeid.runs.layout import RunFolder
from fakeid.training.tracked_fields import Rows, describe_config, list_numbers, list_tags, make_key, spread
from fakeid.training.tracking import (
    EVALUATION_JOB,
    Place,
    Tracker,
    build_table,
    collect_figures,
    make_id,
    read_place,
)

EVALUATION_ALL: Final = "eval/all"
"""The table of all results: kind, group, degradation, metric, value, low, high."""

_QUADRANT_NUMBERS: Final = ("auroc", "auroc_low", "auroc_high", "accuracy", "false_positive_rate")


def name_quadrant(quadrant: Quadrant) -> str:
    """Name a quadrant by content, then generator, such as `seen_unseen`."""
    return "_".join("seen" if seen else "unseen" for seen in quadrant)


EVALUATION_SUMMARY: Final = (
    *(make_key("eval", name_quadrant(quadrant), name) for quadrant in QUADRANTS for name in _QUADRANT_NUMBERS),
    *(f"eval/worst/{name}" for name in ("auroc", "auroc_low", "auroc_high", "degradation", "quadrant")),
    *("eval/verdict", "eval/swap_warns", "eval/controls_firing"),
)
"""The values of an evaluation shown in the list of runs; quadrants consist of clean images."""


def describe_tested(config: Mapping[str, Any], run_name: str, evaluation: Evaluation) -> dict[str, Any]:
    """Describe an evaluation: axes and options of the training, the checkpoint, its training data and the test.

    Args:
        config: Options of the training combined with those of the evaluation, as nested plain values.
        run_name: Name of the training's run.
        evaluation: Results of the evaluation.
    """
    record = to_plain_record(evaluation)
    return {
        **describe_config(config),
        "categories": len(evaluation.trained_on.categories),
        "trained_run": run_name,
        "checkpoint": evaluation.detector.checkpoint,
        **{name: record[name] for name in ("trained_on", "degradations", "threshold", "test_sets")},
    }


def sum_up_evaluation(evaluation: Evaluation) -> dict[str, Any]:
    """Collect the values of `EVALUATION_SUMMARY` that are known."""
    found = dict[str, Any]()
    for quadrant in QUADRANTS:
        name, place = f"eval/{name_quadrant(quadrant)}", ("quadrant", str(quadrant))
        for metric in ("auroc", "accuracy"):
            found |= spread(f"{name}/{metric}", evaluation.read(metric, *place))
        wrong = evaluation.read("real_accuracy_at_chosen", *place).complement()
        found[f"{name}/false_positive_rate"] = wrong.value
    found |= _find_worst(evaluation)
    if evaluation.swap:
        found["eval/swap_warns"] = int(evaluation.swap.warns)
    if evaluation.controls:
        found["eval/controls_firing"] = sum(bool(control.fires) for control in evaluation.controls)
    found["eval/verdict"] = evaluation.verdict and evaluation.verdict.word
    return {name: found[name] for name in EVALUATION_SUMMARY if found.get(name) is not None}


def tabulate_evaluation(evaluation: Evaluation) -> Rows:
    """List all numbers of the groups under each degradation, the swap test, the controls and the calibration."""
    rows: list[list[Any]] = []
    for group in evaluation.groups:
        head = [group.kind, group.name, group.degradation]
        rows += [[*head, name, float(getattr(group, name)), None, None] for name in ("num_real", "num_fake")]
        rows += [[*head, name, area.value, area.low, area.high] for name, area in group.metrics.items()]
    swapped = evaluation.swap.rows if evaluation.swap else ()
    parts: list[tuple[str, str, Any]] = [("swap", row.name, row) for row in swapped]
    parts += [("control", control.name, control) for control in evaluation.controls]
    parts += [("calibration", "validation", evaluation.calibration)] if evaluation.calibration else []
    for kind, name, record in parts:
        rows += [[kind, name, NO_DEGRADATION, *numbers] for numbers in list_numbers(vars(record))]
    return ["kind", "group", "degradation", "metric", "value", "low", "high"], rows


def _find_worst(evaluation: Evaluation) -> dict[str, Any]:
    """Find the quadrant and degradation with the lowest AUROC."""
    tested = [
        (area.value, area, degradation, quadrant)
        for degradation in evaluation.degradations
        if degradation != NO_DEGRADATION
        for quadrant in QUADRANTS
        for area in [evaluation.read("auroc", "quadrant", str(quadrant), degradation)]
        if area.value is not None
    ]
    if not tested:
        return {}
    _, area, degradation, quadrant = min(tested, key=lambda entry: entry[0])
    where = {"eval/worst/degradation": degradation, "eval/worst/quadrant": name_quadrant(quadrant)}
    return spread("eval/worst/auroc", area) | where


def track_evaluation(config: Config, run: RunFolder, evaluation: Evaluation, console: Console) -> None:
    """Log an evaluation as `RUN/evaluation` in the group of the training, unless `logger=csv`.

    A later evaluation of the same run replaces an earlier one; the run of the training is not changed.

    Args:
        config: Options of the training combined with those of the evaluation.
        run: Folder of both.
        evaluation: Results of the evaluation.
        console: Console on which the command to upload an offline run is printed.
    """
    if config.logger.name is LoggerName.csv:
        return
    name = f"{run.path.name}/evaluation"
    for earlier in (run.path / "wandb").glob("offline-run-*"):
        if earlier.name.endswith(f"-{make_id(name)}"):
            shutil.rmtree(earlier, ignore_errors=True)
    tracker = Tracker(
        run.path, name, describe_tested(to_plain(config), run.path.name, evaluation), _find_place(config, run),
        job_type=EVALUATION_JOB, tags=list_tags(config),
    )  # fmt: skip

    def log(tracked: Run) -> None:
        figures = collect_figures(sorted(run.evaluation.figures.glob("*.png")))
        tracked.log({EVALUATION_ALL: build_table(*tabulate_evaluation(evaluation)), **figures})
        tracked.summary.update(sum_up_evaluation(evaluation))

    tracker.use(log)
    sync = tracker.finish()
    if sync:
        console.print(f"W&B logged the evaluation offline; to upload: {sync}", soft_wrap=True, markup=False)


def _find_place(config: Config, run: RunFolder) -> Place:
    """Find where the training is tracked on W&B; if it is not, use the place for new runs."""
    trained = run.read_summary().config.get("logger") or {}
    tracked = trained.get("name") == LoggerName.wandb.value
    return read_place(trained if tracked else to_plain(config)["logger"])
