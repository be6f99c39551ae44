"""An evaluation of made-up scores, with numbers from `estimate_metrics`."""

import dataclasses
import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from fakeid.config.constants import CAMERA, FAKE, REAL
from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.fit_calibration import fit_calibration
from fakeid.evaluation.quadrants import QUADRANTS, TrainedOn, select_quadrant
from fakeid.evaluation.records.evaluation import (
    ControlResult,
    EvaluatedDetector,
    EvaluatedSet,
    Evaluation,
    SwapResult,
    SwapRow,
    WorstGroup,
)
from fakeid.evaluation.records.results import Estimate, EvaluationGroup
from fakeid.evaluation.scores import SCORE_COLUMNS, Scores, build_scores, to_arrays
from fakeid.evaluation.statistics.intervals import estimate_metrics

CALIBRATED = ("ece", "nll", "brier")


def invent_scores(
    categories: Sequence[str],
    generators: Sequence[str],
    degradations: Sequence[str] = ("none",),
    trained_on: TrainedOn | None = None,
    *,
    each: int = 20,
    test_set: str = "test",
    seed: int = 0,
) -> Scores:
    """Make `each` reals per category and `each` fakes per category and generator; unseen ones are harder."""
    rng = np.random.default_rng(seed)
    trained_on = trained_on or TrainedOn(tuple(categories), tuple(generators))
    columns: dict[str, list[Any]] = {name: [] for name in SCORE_COLUMNS}
    for category in categories:
        for generator in (CAMERA, *generators):
            skill = 4.0 * (0.6 if category not in trained_on.categories else 1.0)
            skill *= 0.35 if generator not in (CAMERA, *trained_on.generators) else 1.0
            base = rng.standard_normal(each)
            for strength, degradation in enumerate(degradations):
                shift = -1.0 if generator == CAMERA else skill * 0.9**strength - 1.0
                logits = 1.4 * (base + 0.3 * rng.standard_normal(each) + shift)
                columns["key"] += [f"{test_set}/{category}/{generator}/{i:03d}" for i in range(each)]
                columns["label"] += [REAL if generator == CAMERA else FAKE] * each
                columns["category"] += [category] * each
                columns["generator"] += [generator] * each
                columns["degradation"] += [degradation] * each
                columns["test_set"] += [test_set] * each
                columns["logit"] += logits.tolist()
    return build_scores(**columns)


def fit_on_seen(scores: Scores, trained_on: TrainedOn) -> Calibration | None:
    """Fit a calibration as if half of the easiest quadrant were validation images."""
    easy = select_quadrant(scores[scores.degradation == "none"], trained_on, QUADRANTS[0])
    return fit_calibration(*to_arrays(easy[::2]))


def describe_evaluation(
    scores: Scores, trained_on: TrainedOn, calibration: Calibration | None, *, resamples: int = 40, **more: Any
) -> Evaluation:
    """Build the whole evaluation; `more` replaces parts of it."""
    degradations = list(dict.fromkeys(scores.degradation.tolist())) or ["none"]
    groups = []
    for degradation in degradations:
        part = scores[scores.degradation == degradation]
        chosen = [("quadrant", str(q), select_quadrant(part, trained_on, q), tuple(q)) for q in QUADRANTS]
        for kind in ("test_set", "category", "generator"):
            names = getattr(part, kind)
            for name in dict.fromkeys(names.tolist()):
                if name != CAMERA:
                    mask = names == name
                    if kind == "generator":
                        mask |= (part.label == REAL) & np.isin(part.category, part.category[mask])
                    seen = (
                        name in trained_on.categories if kind == "category" else None,
                        name in trained_on.generators if kind == "generator" else None,
                    )
                    chosen.append((kind, name, part[mask], seen))
        for kind, name, group, seen in chosen:
            num_real, num_fake = (int((group.label == label).sum()) for label in (REAL, FAKE))
            metrics = _measure(group, calibration, resamples)
            groups.append(EvaluationGroup(num_real, num_fake, metrics, kind, name, degradation, *seen))
    evaluation = Evaluation(
        title="demo-pelee-rgb",
        detector=EvaluatedDetector("runs/demo/best.ckpt", "pelee", "rgb", "hpf", 64, "paper"),
        trained_on=trained_on,
        test_sets=tuple(_describe_set(scores, name) for name in dict.fromkeys(scores.test_set.tolist())),
        degradations=tuple(degradations),
        calibration=calibration,
        groups=tuple(groups),
        worst=_find_worst(scores),
        notes=("Images that share a scene were drawn together.",),
        command="python -m fakeid evaluate runs/demo",
    )
    return dataclasses.replace(evaluation, **more)


def estimate(value: float, low: float, high: float) -> Estimate:
    """Build a number with its interval; NaN and infinity become None."""
    return Estimate(*(number if math.isfinite(number) else None for number in (value, low, high)))


def invent_swap(follows: bool | None = False) -> SwapResult:
    """Build a swap test with or without the shortcut."""
    values = [(0.98, 0.95, 0.93), (0.62, 0.95, 0.31), (0.99, 0.99, 0.93), (0.8, 0.8, 0.81)]
    names = ("clean images", "fakes as JPEG", "reals as JPEG", "both as JPEG")
    rows = [
        SwapRow(name, *(estimate(value, value - 0.02, value + 0.01) for value in numbers))
        for name, numbers in zip(names, values, strict=True)
    ]
    verdict = "The detector follows the codec." if follows else "JPEG on one class alone does not change the calls."
    return SwapResult(75, verdict, follows, bool(follows), tuple(rows))


def invent_control(fires: bool = True) -> ControlResult:
    """Build a control of blurred reals, on which the detector fires or not."""
    verdict = "It calls blurred reals fake: blur detection." if fires else "It leaves blurred reals alone."
    shares = estimate(0.61, 0.55, 0.67), estimate(0.05, 0.02, 0.09), estimate(0.8, 0.7, 0.9)
    return ControlResult("blurred reals", fires, verdict, 20, 20, 20, *shares)


def _measure(group: Scores, calibration: Calibration | None, resamples: int) -> dict[str, Estimate]:
    thresholds = {}
    if calibration is not None:
        thresholds = {"chosen": calibration.threshold, "validation": calibration.balanced_threshold}
    label, logit = to_arrays(group)
    found = estimate_metrics(label, logit, 0, thresholds=thresholds, resamples=resamples)
    measured = {name: Estimate.of(number) for name, number in found.items()}
    if calibration is not None:
        after = estimate_metrics(label, calibration.apply(logit), 0, resamples=resamples)
        measured |= {f"{name}_calibrated": Estimate.of(after[name]) for name in CALIBRATED}
    return measured


def _describe_set(scores: Scores, name: str) -> EvaluatedSet:
    mine = scores[(scores.test_set == name) & (scores.degradation == scores.degradation.iloc[0])]
    return EvaluatedSet(name, "built-in data", *(int((mine.label == label).sum()) for label in (REAL, FAKE)))


def _find_worst(scores: Scores) -> tuple[WorstGroup, ...]:
    clean = scores[scores.degradation == "none"]
    shares = {str(name): float(((part.logit >= 0) == part.label).mean()) for name, part in clean.groupby("category")}
    if not shares:
        return ()
    broken = sorted(clean.category[clean.logit.isna()])
    name = broken[0] if broken else min(shares, key=lambda category: shares[category])
    return (WorstGroup("none", "accuracy", name, None if broken else shares[name]),)


CASES = ("rich", "nothing unseen", "reals only", "broken", "many", "odd names", "nothing")
ODD_NAMES = ("$x_$", "<b>&amp;", "café", "a" * 60)


@cache
def invent_case(name: str) -> tuple[Evaluation, Scores, TrainedOn, Calibration | None]:
    """Build an evaluation and its inputs: a plain one, or one with the peculiarity that the name describes.

    Cached because intervals take long; do not modify it.
    """
    categories, generators, degradations = ("cat", "bus", "sheep"), ("g1", "g2"), ("none",)
    trained_on = TrainedOn(("cat", "bus"), ("g1",))
    if name == "rich":
        degradations = ("none", "jpeg-90", "jpeg-30", "blur-2", "blur-1", "crop-0.8", "social")
    if name == "nothing unseen":
        trained_on = TrainedOn(categories, generators)
    if name == "many":
        categories = tuple(f"category {i}" for i in range(30))
        trained_on = TrainedOn(categories[:29], ("g1",))
    if name == "odd names":
        categories, generators = ODD_NAMES, ODD_NAMES[1:]
        trained_on = TrainedOn(ODD_NAMES[:2], ODD_NAMES[1:3])
    scores = invent_scores(categories, generators, degradations, trained_on, each=4 if name == "many" else 20)
    if name == "reals only":
        scores = scores[scores.label == REAL]
    if name == "nothing":
        scores = scores[scores.label < 0]
    logit = scores.logit.to_numpy(copy=True)
    if name == "broken":  # one quadrant cannot be measured and another has infinite logits
        logit[np.flatnonzero(scores.category == "sheep")[:3]] = np.nan
        logit[np.flatnonzero(scores.generator == "g2")[:3]] = (np.inf, -np.inf, np.inf)
    scores = scores.assign(logit=logit)
    calibration = fit_on_seen(scores, trained_on)
    evaluation = describe_evaluation(
        scores, trained_on, calibration, resamples=10, swap=invent_swap(True) if name == "rich" else None,
        controls=(invent_control(True), invent_control(False)) if name == "rich" else (),
    )  # fmt: skip
    return evaluation, scores, trained_on, calibration


@cache
def invent_small_evaluation() -> Evaluation:
    """Build all four quadrants, one degradation, a swap test and a control, ten times faster than a rich evaluation."""
    trained_on = TrainedOn(("cat",), ("g1",))
    scores = invent_scores(("cat", "sheep"), ("g1", "g2"), ("none", "jpeg-75"), trained_on, each=6)
    return describe_evaluation(
        scores,
        trained_on,
        fit_on_seen(scores, trained_on),
        resamples=2,
        swap=invent_swap(),
        controls=(invent_control(),),
    )
