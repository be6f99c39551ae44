"""What the validation images of the training categories teach about the tested weights, kept in their checkpoint."""

from dataclasses import asdict

import numpy as np

from fakeid.config import Config, to_plain
from fakeid.data.datamodule import PackedDataModule
from fakeid.data.plans import Plan
from fakeid.evaluation.calibration import Calibration, fit_calibration
from fakeid.evaluation.scores import write_scores
from fakeid.runs.layout import RunFolder
from fakeid.runs.results import build_scores
from fakeid.training.card import Card, write_card
from fakeid.training.module import DetectorModule
from fakeid.training.trainer import predict_logits
from fakeid.vocabulary import CAMERA


def calibrate(
    config: Config,
    run: RunFolder,
    plan: Plan,
    data: PackedDataModule,
    module: DetectorModule,
    *,
    device: str,
    precision: str,
) -> Calibration | None:
    """Score the validation images, fit threshold, temperature and unsure band to them, and complete `tested.ckpt`.

    Args:
        config: Of the run.
        run: Its `tested.ckpt` is completed and its `validation.csv` written.
        plan: What it was trained on.
        data: Holds the validation images.
        module: The tested weights.
        device: `cuda`, `mps` or `cpu`.
        precision: Of the training: `float32` or `bf16`.

    Returns:
        None without validation images, with one class only, or where the detector broke down.
    """
    calibration = None
    if len(data.val_set):
        logits = predict_logits(module, data.scoring_dataloader(data.val_set), device=device)
        scores = build_scores(data.val_set.records, logits.numpy().astype(np.float64))
        write_scores(run.validation, scores)
        wishes = config.evaluation
        calibration = fit_calibration(scores.label, scores.logit, wishes.false_alarm_rate, wishes.max_error)
    write_card(run.tested, _describe(config, run, plan, precision, calibration))
    return calibration


def _describe(config: Config, run: RunFolder, plan: Plan, precision: str, calibration: Calibration | None) -> Card:
    return Card(
        name=run.path.name,
        categories=list(plan.seen),
        generators=sorted({record.generator for record in plan.train} - {CAMERA}),
        held_out=plan.held_out,
        config=to_plain(config),
        data=asdict(run.read_data()),
        precision=precision,
        calibration=asdict(calibration) if calibration else None,
    )
