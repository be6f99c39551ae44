"""What the validation images of the training categories teach about the tested weights, kept in their checkpoint."""

from dataclasses import asdict

from fakeid.config import to_plain
from fakeid.data.datamodule import PackedDataModule
from fakeid.data.plans import Plan
from fakeid.evaluation.calibration import Calibration, fit_calibration
from fakeid.evaluation.scores import write_scores
from fakeid.runs.context import RunContext
from fakeid.runs.results import build_scores
from fakeid.training.card import Card, write_card
from fakeid.training.module import DetectorModule
from fakeid.training.scoring import predict_logits
from fakeid.vocabulary import CAMERA


def calibrate(context: RunContext, plan: Plan, data: PackedDataModule, module: DetectorModule) -> Calibration | None:
    """Score the validation images, fit threshold, temperature and unsure band to them, and complete `tested.ckpt`.

    Args:
        context: Its run's `tested.ckpt` is completed and its `validation.csv` written.
        plan: What was trained on.
        data: Holds the validation images.
        module: The tested weights.

    Returns:
        None without validation images, with one class only, or where the detector broke down.
    """
    calibration = None
    if len(data.val_set):
        logits = predict_logits(module, data.scoring_dataloader(data.val_set), device=context.device)
        scores = build_scores(data.val_set.records, logits)
        write_scores(context.run.validation, scores)
        wishes = context.config.evaluation
        calibration = fit_calibration(scores.label, scores.logit, wishes.false_alarm_rate, wishes.max_error)
    write_card(context.run.tested, _describe(context, plan, calibration))
    return calibration


def _describe(context: RunContext, plan: Plan, calibration: Calibration | None) -> Card:
    return Card(
        name=context.run.path.name,
        categories=list(plan.seen),
        generators=sorted({record.generator for record in plan.train} - {CAMERA}),
        held_out=plan.held_out,
        config=to_plain(context.config),
        data=asdict(context.run.read_data()),
        precision=context.precision,
        calibration=asdict(calibration) if calibration else None,
    )
