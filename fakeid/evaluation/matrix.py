"""Measure every combination of content, generator and degradation, and find the groups with the worst results."""

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
    """Find the category and generators (seen or unseen) with the worst result under each degradation.

    Among many small groups, one is bad by chance. The interval of that group, from `estimate_metrics`, does not account
    for the selection.

    Args:
        scores: All rows except those of controls.
        trained_on: Content and generators that count as seen.
        threshold: Lowest logit that is called fake.

    Returns:
        Groups with the lowest accuracy and the lowest AUROC under each degradation. Groups for which a metric is
        undefined are skipped, and so is a metric that is undefined for all. A group with a NaN logit is the worst of
        all. Ties go to the first by name.
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
    """Split by category and by seen and unseen generators, ordered by name; cases without fakes are left out."""
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
"""Suffix of metrics at the threshold that is best on the tested images themselves, which is not a valid result."""

_OF_PROBABILITIES: Final = ("ece", "nll", "brier")


@dataclass(frozen=True)
class Measuring:
    """How groups are measured: thresholds, calibration and clusters.

    Attributes:
        calibration: Calibration of the detector; adds metrics at the thresholds chosen on validation, and the errors of
            calibrated probabilities.
        cluster: Rule that groups images into clusters, see `fakeid.evaluation.statistics.bootstrap`; None treats
            images as independent.
        oracle: Whether to add metrics at each group's own best threshold.
        point: Threshold of `accuracy` and the other metrics of calls.
    """

    calibration: Calibration | None = None
    cluster: str | None = None
    oracle: bool = False
    point: OperatingPoint = AT_HALF


def measure_matrix(scores: Scores, trained_on: TrainedOn, measuring: Measuring) -> list[EvaluationGroup]:
    """Measure every group of an evaluation.

    Under each degradation, the groups are the four quadrants of content and generators and, if there are several, each
    test set. On clean images, each category and each generator is also a group. `select_with_reals` chooses the reals.

    Args:
        scores: All rows except those of controls.
        trained_on: Content and generators that count as seen.
        measuring: Thresholds, calibration and clusters to measure with.

    Returns:
        Groups that contain a fake. Their metrics are those of `measure` at the operating point, the metrics of calls
        also at further thresholds, such as `accuracy_at_chosen` (see `list_thresholds`), and calibrated ones such as
        `ece_calibrated`.
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
    """The kind and name of a group, and whether its content and generators were trained on."""

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
    clusters = find_clusters(group, measuring.cluster)
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


def find_clusters(group: Scores, by: str | None) -> npt.NDArray[np.str_] | None:
    """Name the cluster of each row, (n,), by a rule of `name_clusters`; None without a rule."""
    return None if by is None else name_clusters(group.key.tolist(), group.category.tolist(), by)
