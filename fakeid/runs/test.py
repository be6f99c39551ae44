"""Test one run: calibrate on validation images, score all test images, and compute all metrics and figures."""

import csv
import math
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure

from fakeid.audit.result import AuditResult
from fakeid.config.choices import SourceName, ThresholdFrom
from fakeid.config.constants import CAMERA, FAKE, LABEL_NAMES, REAL
from fakeid.config.degradations import parse_degradation
from fakeid.config.parse import Config, to_plain
from fakeid.data.datamodule import PackedDataModule, PackedDataset
from fakeid.data.plans import Plan
from fakeid.data.sources.simulated import JPEG_QUALITIES as SIMULATED_QUALITIES
from fakeid.errors import DamagedFileError
from fakeid.evaluation.calibration import Calibration, choose_operating_point
from fakeid.evaluation.fit_calibration import fit_calibration
from fakeid.evaluation.ranking import Floats
from fakeid.evaluation.records.run_summary import RunResults
from fakeid.evaluation.scores import Scores, read_scores, to_arrays, write_scores
from fakeid.evaluation.summary import measure_generators, summarize
from fakeid.images.augment import JPEG_QUALITIES as AUGMENTED_QUALITIES
from fakeid.images.file_facts import LOSSY, TrainedFiles
from fakeid.io import write_atomically
from fakeid.reporting.contact_sheet import plot_samples
from fakeid.reporting.run.figures import plot_category_accuracy, plot_learning_curve, plot_roc
from fakeid.reporting.run.pairs import plot_pairs
from fakeid.runs.context import RunContext
from fakeid.runs.evaluate.score import score_degraded
from fakeid.runs.layout import RunFolder
from fakeid.training.callbacks import HISTORY_COLUMNS
from fakeid.training.checkpoint import Card, write_card
from fakeid.training.predict import Scorer, tabulate_scores

_SAMPLES_A_CLASS: Final = 4
_PAIRS: Final = 3  # pairs of a photo and its simulated copy
_WEBP: Final = "WEBP"


def calibrate(context: RunContext, plan: Plan, data: PackedDataModule, scorer: Scorer) -> Calibration | None:
    """Score the validation images, fit threshold, temperature and unsure band to them, and complete `tested.ckpt`.

    For the threshold, reals are also scored under each degradation of `evaluation.calibrated_under`.

    Args:
        context: Context of the run, whose `tested.ckpt` is completed and whose `validation.csv` is written.
        plan: Plan of the training.
        data: Data module with the validation images.
        scorer: Scorer with the tested weights.

    Returns:
        Calibration, or None without validation images, with one class only, or if the detector broke down.
    """
    calibration = None
    if len(data.val_set):
        logits = scorer.score_batches(data.scoring_dataloader(data.val_set))
        scores = tabulate_scores(data.val_set.records, logits)
        write_scores(context.run.validation, scores)
        wishes = context.config.evaluation
        degraded = _score_degraded_reals(context, data.val_set, scorer)
        calibration = fit_calibration(*to_arrays(scores), wishes.false_alarm_rate, wishes.max_error, degraded)
    write_card(context.run.tested, _describe(context, plan, calibration))
    return calibration


def _score_degraded_reals(context: RunContext, images: PackedDataset, scorer: Scorer) -> dict[str, Floats]:
    degradations = [parse_degradation(word) for word in context.config.evaluation.calibrated_under]
    if not degradations:
        return {}
    reals = [index for index, record in enumerate(images.records) if record.label == REAL]
    context.console.print(f"calibrating on {len(reals):,} reals under {len(degradations)} degradations")
    # The seed of the images, because that of the evaluation is not part of the run's name, and runs share these draws.
    return score_degraded(images, reals, degradations, scorer, seed=context.config.data.seed)


def _describe(context: RunContext, plan: Plan, calibration: Calibration | None) -> Card:
    return Card(
        name=context.run.path.name,
        categories=list(plan.seen),
        generators=_list_trained_generators(plan),
        held_out=plan.held_out,
        config=to_plain(context.config),
        data=context.run.read_data(),
        precision=context.precision,
        calibration=asdict(calibration) if calibration else None,
        files=describe_files(context.run, context.config),
    )


def _list_trained_generators(plan: Plan) -> list[str]:
    return sorted({record.generator for record in plan.train} - {CAMERA})


def describe_files(run: RunFolder, config: Config) -> TrainedFiles | None:
    """Describe the files of the training images, including compression by the run itself.

    Returns:
        Description, or None if the run was not audited.
    """
    audit = run.read_audit()
    if audit is None:
        return None
    codec = run.read_data().codec or {}
    resampling = audit.classes[LABEL_NAMES[REAL]].pixels.get("resampling")
    stored = {name for each in audit.classes.values() for name in each.containers}
    containers = set() if codec.get("quality") else stored
    return TrainedFiles(
        jpeg_quality=_join_ranges(_list_qualities(audit, config, codec.get("quality"))),
        lossless=bool(containers - set(LOSSY)),
        resampling=(resampling.mean, resampling.std) if resampling else None,
        webp=_WEBP in containers,
    )


def _list_qualities(audit: AuditResult, config: Config, shared: tuple[int, int] | None) -> Iterable[tuple[int, int]]:
    """List the ranges of JPEG quality at which images were stored or are compressed."""
    if shared:
        yield shared[0], shared[1]
    for each in audit.classes.values():
        if each.jpeg_quality:
            yield each.jpeg_quality.low, each.jpeg_quality.high
    if config.augment.name.value in AUGMENTED_QUALITIES:
        yield AUGMENTED_QUALITIES[config.augment.name.value]
    if config.data.source is SourceName.simulated:
        yield SIMULATED_QUALITIES


def _join_ranges(ranges: Iterable[tuple[int, int]]) -> tuple[int, int] | None:
    known = list(ranges)
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None


def compute_scores(context: RunContext, data: PackedDataModule, scorer: Scorer) -> Scores:
    """Score every test image with the tested weights, in float32.

    Args:
        context: Context of the run, whose `scores.csv` is written.
        data: Data module with the test images.
        scorer: Scorer with the tested weights.
    """
    logits = scorer.score_batches(data.scoring_dataloader(data.test_set))
    write_scores(context.run.scores, tabulate_scores(data.test_set.records, logits))
    return read_scores(context.run.scores)


def compute_results(plan: Plan, scores: Scores, calibration: Calibration | None, wanted: ThresholdFrom) -> RunResults:
    """Compute the metrics of the test with intervals, at the requested threshold.

    Args:
        plan: Plan of the training.
        scores: Scores of the test images.
        calibration: Calibration fitted on validation images; None if there is none.
        wanted: Value of the option `protocol.threshold`.
    """
    point = choose_operating_point(wanted, calibration)
    return replace(
        summarize(scores, plan.seen, plan.unseen, calibration, point),
        generators=measure_generators(scores, _list_trained_generators(plan), calibration, point),
        held_out=plan.held_out,
    )


def measure_speed(run: RunFolder) -> tuple[float, float | None]:
    """Compute the duration of a run's training in seconds, and the images per second, from its history."""
    history = read_history(run.history)
    seconds = sum(row["seconds"] for row in history)
    images = sum(row["images"] for row in history)
    return round(seconds, 2), round(images / seconds, 1) if seconds else None


def write_figures(run: RunFolder, plan: Plan, data: PackedDataset, scores: Scores, summary: RunResults) -> None:
    """Draw the run's figures and write them."""
    figures = {
        "learning_curve": plot_learning_curve(read_history(run.history)),
        "categories": plot_category_accuracy(summary),
        "roc": plot_roc(scores, plan.seen, plan.unseen, summary.threshold),
        "samples": plot_samples(_pick_samples(plan, data), [plan.held_out] if plan.held_out else []),
    }
    if run.read_data().source["source"] == SourceName.simulated.value:
        figures["pairs"] = plot_pairs(_pick_pairs(data))
    for name, figure in figures.items():
        _save(figure, run.figures / f"{name}.png")


def read_history(path: Path) -> list[dict[str, float]]:
    """Read the rows of `history.csv`; empty cells become NaN.

    Raises:
        DamagedFileError: The file is missing or is not a table of numbers.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [[(name, row[name]) for name in HISTORY_COLUMNS] for row in csv.DictReader(file)]
        return [{name: float(cell) if cell else math.nan for name, cell in row} for row in rows]
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise DamagedFileError(f"{path} is damaged ({error}); force=true trains the run anew") from error


def _pick_samples(plan: Plan, data: PackedDataset) -> dict[str, tuple[Any, Any]]:
    chosen: dict[str, list[Any]] = {name: [[], []] for name in (*plan.seen, *plan.unseen)}
    for index, record in enumerate(data.records):
        if len(chosen[record.category][record.label]) < _SAMPLES_A_CLASS:
            chosen[record.category][record.label].append(index)

    def images(indices: list[int]) -> Any:
        if not indices:
            return np.empty((0, 1, 1, 3), np.uint8)
        return data.__getitems__(indices).rgb_u8.permute(0, 2, 3, 1).numpy()  # (n, H, W, 3)

    return {name: (images(pair[REAL]), images(pair[FAKE])) for name, pair in chosen.items()}


def _pick_pairs(data: PackedDataset) -> dict[str, tuple[Any, Any]]:
    """Pick a test photo and its copy for each of several generators."""
    places = {(record.scene, record.label): index for index, record in enumerate(data.records)}
    chosen: dict[str, tuple[Any, Any]] = {}
    for index, record in enumerate(data.records):
        if record.label == FAKE and record.generator not in chosen and (record.scene, REAL) in places:
            both = data.__getitems__([places[record.scene, REAL], index]).rgb_u8.permute(0, 2, 3, 1).numpy()
            chosen[record.generator] = (both[0], both[1])  # (H, W, 3), each
    return dict(list(chosen.items())[:_PAIRS])


def _save(figure: Figure, path: Path) -> None:
    write_atomically(path, lambda file: figure.savefig(file, format="png"))
