"""Measure content by generator by degradation, and find the group on which a detector is worst."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from fakeid.config.constants import FAKE, REAL
from fakeid.config.degradations import NO_DEGRADATION
from fakeid.evaluation.calibration import AT_HALF, Calibration, OperatingPoint, list_thresholds
from fakeid.evaluation.metrics import measure
from fakeid.evaluation.quadrants import QUADRANTS, TrainedOn, select_quadrant, select_with_reals
from fakeid.evaluation.ranking import HALF
from fakeid.evaluation.records.evaluation import WorstGroup
from fakeid.evaluation.records.results import Estimate, EvaluationGroup
from fakeid.evaluation.scores import Scores, to_arrays
from fakeid.evaluation.statistics.bootstrap import count_clusters, name_clusters
from fakeid.evaluation.statistics.intervals import estimate_metrics
from fakeid.evaluation.thresholds import choose_threshold

_WORST_BY: Final = ("accuracy", "auroc")


def find_worst(scores: Scores, trained_on: TrainedOn, threshold: float = HALF) -> list[WorstGroup]:
    """Find the category, by seen or by unseen generators, on which the detector is worst, under each degradation.

    Of many groups of a few images, one is bad by chance: the interval of that group alone, from `estimate_metrics`,
    does not know that it was picked.

    Args:
        scores: All rows but those of controls.
        trained_on: What counts as seen.
        threshold: Logit from which on an image is called fake.

    Returns:
        For each degradation the lowest accuracy and AUROC; groups where one has no meaning are left out, and a metric
        that has none anywhere. A group with a NaN logit is the worst of all. Of equals, the first by name.
    """
    worst = []
    for degradation, rows in scores.groupby("degradation", sort=False):
        cases = _split_cases(rows, trained_on)
        broken = next((name for name, case in cases.items() if case.logit.isna().any()), None)
        measured = {name: measure(*to_arrays(case), threshold=threshold) for name, case in cases.items()}
        for metric in _WORST_BY:
            values = {name: float(found[metric]) for name, found in measured.items() if not np.isnan(found[metric])}
            if broken is not None:
                worst.append(WorstGroup(str(degradation), metric, broken, None))
            elif values:
                name = min(values, key=lambda case: values[case])
                worst.append(WorstGroup(str(degradation), metric, name, values[name]))
    return worst


def _split_cases(rows: Scores, trained_on: TrainedOn) -> dict[str, Scores]:
    """Split by category, and by seen and unseen generators, in the order of names; cases without fakes are left out."""
    cases = {}
    seen = rows.generator.isin(trained_on.generators)
    for category in rows.category.unique():
        content = rows.category == category
        for generator, made in (("seen", seen), ("unseen", ~seen)):
            case = select_with_reals(rows, (rows.label == FAKE) & content & made, content)
            if len(case):
                cases[f"{category}, {generator} generators"] = case
    return dict(sorted(cases.items()))


ORACLE: Final = "oracle"
"""The threshold that would have been best on the tested images themselves, in the names of metrics; no result."""

_OF_PROBABILITIES: Final = ("ece", "nll", "brier")


@dataclass(frozen=True)
class Measuring:
    """How groups are measured: thresholds, calibration and clusters.

    Attributes:
        calibration: Adds calls at the thresholds chosen on validation, and the calibrated probabilities' errors.
        cluster: As in `fakeid.evaluation.statistics.bootstrap`; None makes each image a witness of its own.
        oracle: Add calls at the group's own best threshold.
        point: The threshold of `accuracy` and the like.
    """

    calibration: Calibration | None = None
    cluster: str | None = None
    oracle: bool = False
    point: OperatingPoint = AT_HALF


def measure_matrix(scores: Scores, trained_on: TrainedOn, measuring: Measuring) -> list[EvaluationGroup]:
    """Measure every group of an evaluation.

    Groups are the four quarters of content by generator under each degradation, and each test set where there are
    several; and of clean images each category and each generator. Reals are those of `select_with_reals`.

    Args:
        scores: All rows but those of controls.
        trained_on: What counts as seen.
        measuring: How.

    Returns:
        Groups without a fake are left out. Metrics are those of `measure` at the operating point, of calls also as
        `accuracy_at_chosen` (see `list_thresholds`), and `ece_calibrated` and the like.
    """
    groups = []
    for degradation, rows in scores.groupby("degradation", sort=False):
        groups += [
            _measure(group, measuring, place, str(degradation))
            for place, group in _list_groups(rows, trained_on)
            if (group.label == FAKE).any()
        ]
    return groups


class _Place(NamedTuple):
    """The kind and name of a group, and what of it was trained on."""

    kind: str
    name: str
    seen_content: bool | None = None
    seen_generator: bool | None = None


def _list_groups(rows: Scores, trained_on: TrainedOn) -> Iterator[tuple[_Place, Scores]]:
    """List the groups of one degradation."""
    for quadrant in QUADRANTS:
        yield _Place("quadrant", str(quadrant), *quadrant), select_quadrant(rows, trained_on, quadrant)
    fake = rows.label == FAKE
    sets = rows.test_set.unique()
    if len(sets) > 1:
        for name in sets:
            yield _Place("test_set", name), select_with_reals(rows, fake & (rows.test_set == name))
    if not (rows.degradation == NO_DEGRADATION).any():
        return
    for name in rows.category.unique():
        content = rows.category == name
        place = _Place("category", name, seen_content=name in trained_on.categories)
        yield place, select_with_reals(rows, fake & content, content)
    for name in rows.generator[fake].unique():
        made = rows.generator == name
        content = rows.category.isin(rows.category[made])
        place = _Place("generator", name, seen_generator=name in trained_on.generators)
        yield place, select_with_reals(rows, fake & made, content)


def _measure(group: Scores, measuring: Measuring, place: _Place, degradation: str) -> EvaluationGroup:
    calibration = measuring.calibration
    label, logit = to_arrays(group)
    thresholds = list_thresholds(measuring.point, calibration)
    if measuring.oracle:
        thresholds[ORACLE] = choose_threshold(label, logit, "balanced_accuracy")
    clusters = _name_clusters(group, measuring.cluster)
    metrics = estimate_metrics(
        label, logit, 0, clusters=clusters, threshold=measuring.point.logit, thresholds=thresholds
    )
    if calibration:
        calibrated = estimate_metrics(label, calibration.apply(logit), 0, clusters=clusters)
        metrics |= {f"{name}_calibrated": calibrated[name] for name in _OF_PROBABILITIES}
    return EvaluationGroup(
        num_real=int((label == REAL).sum()),
        num_fake=int((label == FAKE).sum()),
        num_clusters=None if clusters is None else min(count_clusters(label, clusters)[:2]),
        metrics={name: Estimate.of(estimate) for name, estimate in metrics.items()},
        degradation=degradation,
        **place._asdict(),
    )


def _name_clusters(group: Scores, by: str | None) -> npt.NDArray[np.str_] | None:
    return None if by is None else name_clusters(group.key.tolist(), group.category.tolist(), by)
