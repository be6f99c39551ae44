"""Content by generator by degradation: every number of an evaluation, from its scores."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.calls import HALF
from fakeid.evaluation.clusters import name_clusters
from fakeid.evaluation.groups import find_worst_group
from fakeid.evaluation.intervals import estimate_metrics
from fakeid.evaluation.operating_point import AT_HALF, OperatingPoint, list_thresholds
from fakeid.evaluation.quadrants import QUADRANTS, TrainedOn, select_quadrant, select_with_reals
from fakeid.evaluation.resampling import count_clusters
from fakeid.evaluation.scores import NO_DEGRADATION, Scores
from fakeid.evaluation.thresholds import choose_oracle_threshold
from fakeid.vocabulary import FAKE, REAL

ORACLE: Final = "oracle"
"""The threshold that would have been best on the tested images themselves, in the names of metrics; no result."""

_WORST_BY: Final = ("accuracy", "auroc")
_OF_PROBABILITIES: Final = ("ece", "nll", "brier")


@dataclass(frozen=True)
class Measuring:
    """How groups are measured.

    Attributes:
        calibration: Adds calls at the thresholds chosen on validation, and the calibrated probabilities' errors.
        cluster: As in `fakeid.evaluation.clusters`; None makes each image a witness of its own.
        oracle: Add calls at the group's own best threshold.
        point: The threshold of `accuracy` and the like.
    """

    calibration: Calibration | None = None
    cluster: str | None = None
    oracle: bool = False
    point: OperatingPoint = AT_HALF


def measure_matrix(scores: Scores, trained_on: TrainedOn, measuring: Measuring) -> list[dict[str, Any]]:
    """Measure every group of an evaluation.

    Groups are the four quarters of content by generator under each degradation, and each test set where there are
    several; and of the images as they are, each category and each generator. Reals are those of `select_with_reals`.

    Args:
        scores: All rows but those of controls.
        trained_on: What counts as seen.
        measuring: How.

    Returns:
        Groups with `kind` (`quadrant`, `test_set`, `category`, `generator`), `name`, `seen_content` and
        `seen_generator` (None where they hold both), `degradation`, `num_real`, `num_fake`,
        `num_clusters` (the fewer of those with a real and those with a fake; None where images are not clustered) and
        `metrics`, name → `value`, `low` and `high` (95 % interval), None where undefined: those of `measure` at the
        operating point, of calls as `accuracy_at_chosen` (see `list_thresholds`), and `ece_calibrated` and the like.
        Groups without a fake are left out.
    """
    groups = []
    for degradation in dict.fromkeys(scores.degradation.tolist()):
        rows = scores.select(scores.degradation == degradation)
        groups += [
            {"kind": kind, "name": name, "seen_content": content, "seen_generator": generator,
             "degradation": degradation, **_measure(group, measuring)}
            for kind, name, content, generator, group in _list_groups(rows, trained_on)
            if (group.label == FAKE).any()
        ]  # fmt: skip
    return groups


def find_worst(scores: Scores, trained_on: TrainedOn, threshold: float = HALF) -> list[dict[str, Any]]:
    """The category, by seen or by unseen generators, on which the detector is worst, under each degradation.

    Args:
        scores: All rows but those of controls.
        trained_on: What counts as seen.
        threshold: Logit from which on an image is called fake.

    Returns:
        `degradation`, `metric`, `group` and `value` (None where the detector broke down).
    """
    worst = []
    for degradation in dict.fromkeys(scores.degradation.tolist()):
        rows = scores.select(scores.degradation == degradation)
        label, logit, names = _name_cases(rows, trained_on)
        for metric in _WORST_BY:
            found = find_worst_group(label, logit, names, metric, threshold)
            if found:
                value = None if np.isnan(found.value) else found.value
                worst.append({"degradation": degradation, "metric": metric, "group": found.name, "value": value})
    return worst


_Group = tuple[str, str, bool | None, bool | None, Scores]


def _list_groups(rows: Scores, trained_on: TrainedOn) -> Iterator[_Group]:
    """The groups of one degradation."""
    for quadrant in QUADRANTS:
        yield "quadrant", str(quadrant), *quadrant, select_quadrant(rows, trained_on, quadrant)
    fake = rows.label == FAKE
    everything = np.ones(len(rows), np.bool_)
    sets = dict.fromkeys(rows.test_set.tolist())
    if len(sets) > 1:
        for name in sets:
            yield "test_set", name, None, None, select_with_reals(rows, everything, fake & (rows.test_set == name))
    if NO_DEGRADATION not in rows.degradation:
        return
    for name in dict.fromkeys(rows.category.tolist()):
        content = rows.category == name
        yield "category", name, name in trained_on.categories, None, select_with_reals(rows, content, fake & content)
    for name in dict.fromkeys(rows.generator[fake].tolist()):
        made = rows.generator == name
        content = np.isin(rows.category, rows.category[made])
        yield "generator", name, None, name in trained_on.generators, select_with_reals(rows, content, fake & made)


def _measure(group: Scores, measuring: Measuring) -> dict[str, Any]:
    label, logit, calibration = group.label, group.logit, measuring.calibration
    thresholds = list_thresholds(measuring.point, calibration)
    if measuring.oracle:
        thresholds[ORACLE] = choose_oracle_threshold(label, logit, "balanced_accuracy").logit
    clusters = _name_clusters(group, measuring.cluster)
    metrics = estimate_metrics(
        label, logit, 0, clusters=clusters, threshold=measuring.point.logit, thresholds=thresholds
    )
    if calibration:
        calibrated = estimate_metrics(label, calibration.apply(logit), 0, clusters=clusters)
        metrics |= {f"{name}_calibrated": calibrated[name] for name in _OF_PROBABILITIES}
    return {
        "num_real": int((label == REAL).sum()),
        "num_fake": int((label == FAKE).sum()),
        "num_clusters": None if clusters is None else min(count_clusters(label, clusters)[:2]),
        "metrics": {name: estimate.to_plain() for name, estimate in metrics.items()},
    }


def _name_clusters(group: Scores, by: str | None) -> npt.NDArray[np.str_] | None:
    return None if by is None else name_clusters(group.key.tolist(), group.category.tolist(), by)


def _name_cases(rows: Scores, trained_on: TrainedOn) -> tuple[Any, Any, Sequence[str]]:
    """Labels, logits and names of the images of each case; a real is in two of them where its content's fakes are."""
    labels, logits, names = [], [], []
    seen = np.isin(rows.generator, trained_on.generators)
    for category in dict.fromkeys(rows.category.tolist()):
        content = rows.category == category
        for generator, made in (("seen", seen), ("unseen", ~seen)):
            case = select_with_reals(rows, content, (rows.label == FAKE) & content & made)
            labels.append(case.label)
            logits.append(case.logit)
            names += [f"{category}, {generator} generators"] * len(case)
    return np.concatenate(labels), np.concatenate(logits), names
