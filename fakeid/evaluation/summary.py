"""Compute all metrics of a test from its scores: for seen content, unseen content and each category."""

from collections.abc import Collection, Sequence

from fakeid.config.constants import FAKE, REAL
from fakeid.config.degradations import NO_DEGRADATION
from fakeid.evaluation.calibration import AT_HALF, Calibration, OperatingPoint, list_thresholds
from fakeid.evaluation.records.results import CategoryGroup, Estimate, Group
from fakeid.evaluation.records.run_summary import RunResults
from fakeid.evaluation.scores import Scores, to_arrays
from fakeid.evaluation.statistics.intervals import estimate_metrics


def summarize(
    scores: Scores,
    seen: Sequence[str],
    unseen: Sequence[str],
    calibration: Calibration | None = None,
    point: OperatingPoint = AT_HALF,
) -> RunResults:
    """Measure the detector on clean images (degradation "none").

    `seen` and `unseen` pool the images of their categories instead of averaging over categories. A detector has one
    threshold and one ranking for all content; if it ranks well within each category but its logits shift between
    categories, it is worse than the mean of its AUROCs suggests. Accuracies equal the mean if all categories have the
    same size.

    Args:
        scores: Scores, one row per test image; rows of other categories are ignored.
        seen: Categories that were trained on, in the order in which to list them.
        unseen: Categories that were not trained on, in the order in which to list them.
        calibration: Calibration of the detector; adds metrics at its thresholds, see `list_thresholds`.
        point: Threshold of `accuracy` and the other metrics of calls.
    """
    assert not set(seen) & set(unseen), "a category is either seen or unseen"
    clean = scores[scores.degradation == NO_DEGRADATION]
    groups = {name: measure_group(clean[clean.category == name], calibration, point) for name in (*seen, *unseen)}
    return RunResults(
        seen=_pooled(clean, seen, calibration, point),
        unseen=_pooled(clean, unseen, calibration, point),
        categories={name: CategoryGroup(**vars(group), seen=name in seen) for name, group in groups.items()},
        threshold=point,
        calibration=calibration,
    )


def measure_generators(
    scores: Scores, trained_on: Collection[str], calibration: Calibration | None, point: OperatingPoint = AT_HALF
) -> dict[str, CategoryGroup]:
    """Measure the detector on the clean images of each generator together with all clean reals.

    Args:
        scores: Scores, one row per test image.
        trained_on: Generators that were trained on; they are marked as `seen` in the result.
        calibration: Calibration, as in `summarize`.
        point: Threshold, as in `summarize`.

    Returns:
        Generator → its group; empty if there is only one generator, or several categories, by which tables are then
        sorted.
    """
    clean = scores[scores.degradation == NO_DEGRADATION]
    names = sorted(clean[clean.label == FAKE].generator.unique())
    if len(names) < 2 or clean.category.nunique() > 1:
        return {}
    groups = {
        name: measure_group(clean[(clean.label == REAL) | (clean.generator == name)], calibration, point)
        for name in names
    }
    return {name: CategoryGroup(**vars(group), seen=name in trained_on) for name, group in groups.items()}


def _pooled(
    scores: Scores, categories: Sequence[str], calibration: Calibration | None, point: OperatingPoint
) -> Group | None:
    chosen = scores[scores.category.isin(categories)]
    return measure_group(chosen, calibration, point) if len(chosen) else None


def measure_group(scores: Scores, calibration: Calibration | None, point: OperatingPoint = AT_HALF) -> Group:
    """Measure the detector on one group of images."""
    # The seed is the same for all groups, so that a single unseen category and "unseen" get the same interval.
    estimates = estimate_metrics(
        *to_arrays(scores), 0, threshold=point.logit, thresholds=list_thresholds(point, calibration)
    )
    return Group(
        num_real=int((scores.label == REAL).sum()),
        num_fake=int((scores.label == FAKE).sum()),
        metrics={name: Estimate.of(estimate) for name, estimate in estimates.items()},
    )
