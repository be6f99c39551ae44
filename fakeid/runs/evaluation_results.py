"""From the scores of an evaluation to everything that can be said about it, as plain values."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from fakeid.config import Config
from fakeid.data.image_sets import ImageSet
from fakeid.data.packed import PackedImages
from fakeid.errors import CheckpointError
from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.calls import HALF
from fakeid.evaluation.controls import judge_control
from fakeid.evaluation.intervals import LEAST_CLUSTERS
from fakeid.evaluation.matrix import Measuring, find_worst, measure_matrix
from fakeid.evaluation.operating_point import choose_operating_point
from fakeid.evaluation.quadrants import TrainedOn
from fakeid.evaluation.scores import NO_DEGRADATION, Scores
from fakeid.evaluation.swap import judge_swap
from fakeid.reporting.conditions import describe_sizes
from fakeid.reporting.verdict import judge_evaluation
from fakeid.runs.codec_history import compare_codecs
from fakeid.runs.provenance import SCORING_PRECISION, describe_environment
from fakeid.runs.sizes import measure_sizes
from fakeid.training.card import Card
from fakeid.training.checkpoint import read_checkpoint
from fakeid.training.trainer import choose_device
from fakeid.vocabulary import FAKE, OWN_TEST_SET, REAL

_BUILT_IN_CONTROLS: Final = ("blur-", "downup-")
"""Degradations that make photos as soft as a generator's images."""


def compute_evaluation(
    scores: Scores, card: Card, config: Config, packed_sets: Sequence[tuple[ImageSet, PackedImages]], checkpoint: Path
) -> dict[str, Any]:
    """Measure, judge and describe.

    Args:
        scores: Of every image under every degradation.
        card: Of the checkpoint.
        config: Of the run, with today's evaluation.
        packed_sets: What was tested, with its prepared images.
        checkpoint: What was tested, to name it.

    Returns:
        What `evaluation.json` holds, ready for JSON: `verdict` (see `Judgement.to_plain`), `groups` (see
        `measure_matrix`), `worst`, `swap`, `controls`,
        `calibration`, `threshold`, `trained_on`, `test_sets`, `degradations`, `detector`, `sizes`, `notes`, `warnings`
        and how it came about.
    """
    evaluation = config.evaluation
    sets = [part for part, _ in packed_sets]
    calibration = read_calibration(card)
    trained_on = TrainedOn(tuple(card.categories), tuple(card.generators))
    controlled = np.isin(scores.test_set, [part.name for part in sets if part.control])
    judged = scores.select(~controlled)
    sizes = measure_sizes(config, read_checkpoint(checkpoint)["hyper_parameters"].get("center_px"))
    point = choose_operating_point(config.protocol.threshold, calibration)
    measuring = Measuring(calibration, evaluation.cluster, evaluation.oracle, point)
    groups = measure_matrix(judged, trained_on, measuring)
    threshold = calibration.threshold if calibration else HALF
    swap = evaluation.swap_quality
    found = {
        "title": card.name,
        "detector": {
            "checkpoint": str(checkpoint),
            "backbone": config.model.name,
            "color": config.color.name.value,
            "residual": config.residual.name.value,
            "image_px": config.data.image_px,
            "protocol": config.protocol.name,
        },
        "trained_on": {"categories": card.categories, "generators": card.generators, "held_out": card.held_out},
        "test_sets": [_describe_set(part, scores) for part in sets],
        "degradations": list(dict.fromkeys(scores.degradation.tolist())),
        "calibration": asdict(calibration) if calibration else None,
        "threshold": point.to_plain(),
        "groups": groups,
        "worst": find_worst(judged, trained_on, point.logit),
        "swap": swap
        and judge_swap(
            judged, swap, compare_codecs(packed_sets), point.logit, calibration.threshold if calibration else None
        ),
        "controls": [
            *_judge_built_in(judged, threshold),
            *_judge_sets(scores, judged, [part for part in sets if part.control], threshold),
        ],
        "sizes": asdict(sizes) if sizes else None,
        "notes": [*filter(None, [describe_sizes(sizes)]), *_list_notes(config, calibration, sets)],
        "warnings": _list_warnings(groups) if evaluation.cluster else [],
        "command": _describe_command(checkpoint, config, sets),
        "evaluation": asdict(evaluation),
        "precision": card.precision,
        "scoring_precision": SCORING_PRECISION,
        **describe_environment(choose_device(config.trainer.accelerator.value)),
    }
    return {"verdict": judge_evaluation(found).to_plain(), **found}


def read_calibration(card: Card) -> Calibration | None:
    """What the checkpoint learned from validation.

    Raises:
        CheckpointError: Something else is in its place.
    """
    try:
        return Calibration.from_plain(card.calibration) if card.calibration else None
    except (ArithmeticError, AssertionError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"the calibration of {card.name} is damaged ({error}); train it again") from error


def _describe_set(part: ImageSet, scores: Scores) -> dict[str, Any]:
    rows = scores.select((scores.test_set == part.name) & (scores.degradation == NO_DEGRADATION))
    return {
        "name": part.name,
        "num_real": int((rows.label == REAL).sum()),
        "num_fake": int((rows.label == FAKE).sum()),
        "left_out": {"real": part.left_out[REAL], "fake": part.left_out[FAKE]},
        "control": part.control,
        "where": part.where,
        "file_formats": _count_formats(part),
    }


def _count_formats(part: ImageSet) -> dict[str, dict[str, float]] | None:
    """Shares of the file name's endings, by class; None where images are drawn."""
    if part.source.describe()["source"] == "demo":
        return None
    shares: dict[str, dict[str, float]] = {}
    for name, label in (("real", REAL), ("fake", FAKE)):
        endings = [Path(r.key).suffix.lower().lstrip(".") or "none" for r in part.records if r.label == label]
        shares[name] = {ending: endings.count(ending) / len(endings) for ending in dict.fromkeys(sorted(endings))}
    return shares


def _judge_built_in(scores: Scores, threshold: float) -> list[dict[str, Any]]:
    """The detector's own test photos, made as soft as a generator's images."""
    own = scores.select(scores.test_set == OWN_TEST_SET)
    clean = own.degradation == NO_DEGRADATION
    reals, fakes = (own.logit[clean & (own.label == label)] for label in (REAL, FAKE))
    return [
        judge_control(
            f"reals, {word}", own.logit[(own.degradation == word) & (own.label == REAL)], reals, fakes, threshold
        )
        for word in dict.fromkeys(own.degradation.tolist())
        if word.startswith(_BUILT_IN_CONTROLS)
    ]


def _judge_sets(scores: Scores, judged: Scores, controls: Sequence[ImageSet], threshold: float) -> list[dict[str, Any]]:
    """Sets whose "fakes" no GAN made, beside the fakes of the same content, or of any where there is none."""
    clean = judged.select(judged.degradation == NO_DEGRADATION)
    found = []
    for part in controls:
        rows = scores.select((scores.test_set == part.name) & (scores.degradation == NO_DEGRADATION))
        same = np.isin(clean.category, rows.category)
        reals = rows.logit[rows.label == REAL]
        others = [clean.logit[(clean.label == label) & same] for label in (REAL, FAKE)]
        others = [part if len(part) else clean.logit[clean.label == label]
                  for part, label in zip(others, (REAL, FAKE), strict=True)]  # fmt: skip
        found.append(
            judge_control(
                part.name, rows.logit[rows.label == FAKE], reals if len(reals) else others[0], others[1], threshold
            )
        )
    return found


def _list_notes(config: Config, calibration: Calibration | None, sets: Sequence[ImageSet]) -> list[str]:
    most = config.evaluation.per_class
    notes = [
        f"{part.name}: {len(part.records):,} of {len(part.records) + part.left_out.total():,} images were tested, at "
        f"most {most} of each category, generator and class; evaluation.per_class=null takes all."
        for part in sets
        if part.left_out
    ]
    if calibration is None:
        notes.append("No threshold and no calibration: the run had no validation images of both classes.")
    if config.evaluation.cluster:
        notes.append(f"Intervals draw whole clusters of images (evaluation.cluster={config.evaluation.cluster}).")
    if config.evaluation.oracle:
        notes.append("oracle: chosen on the tested images themselves; an upper bound and no result.")
    return notes


def _list_warnings(groups: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of intervals over clusters of images."""
    few = [group["num_clusters"] for group in groups if group["num_clusters"] < LEAST_CLUSTERS]
    if not few:
        return []
    narrow = (
        f"{len(few)} of {len(groups)} groups have fewer than {LEAST_CLUSTERS} clusters in a class (the fewest "
        f"{min(few)}); their intervals are too narrow: with 5 clusters a class they hold the truth in 81 to 83 % of "
        "cases instead of 95."
    )
    return [narrow]


def _describe_command(checkpoint: Path, config: Config, sets: Sequence[ImageSet]) -> str:
    words = ["python", "-m", "fakeid", "evaluate", str(checkpoint)]
    words += [] if sets[0].name == OWN_TEST_SET else [part.where for part in sets]
    evaluation = config.evaluation
    words.append(f"evaluation.degradations=[{','.join(evaluation.degradations)}]")
    for name in ("per_class", "swap_quality", "cluster"):
        if getattr(evaluation, name) is not None:
            words.append(f"evaluation.{name}={getattr(evaluation, name)}")
    return " ".join(shlex.quote(word) for word in words)
