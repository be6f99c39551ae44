"""The group on which a detector is worst: an average hides it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fakeid.evaluation.calls import HALF
from fakeid.evaluation.metrics import ERRORS, measure
from fakeid.evaluation.ranking import Floats, Labels


class WorstGroup(NamedTuple):
    """Name and value; NaN where the detector broke down on the group."""

    name: str
    value: float


def find_worst_group(
    labels: Labels, logits: Floats, groups: npt.ArrayLike, metric: str, threshold: float = HALF
) -> WorstGroup | None:
    """The group with the lowest value of a metric, or the highest where less is better.

    Of many groups of a few images, one is bad by chance: the interval of that group alone, from `estimate_metrics`,
    does not know that it was picked.

    Args:
        labels: (n,), 0 or 1.
        logits: (n,).
        groups: (n,), the name of each image's group.
        metric: One of those that `measure` gives.
        threshold: For metrics of the calls.

    Returns:
        Groups where the metric has no meaning (one class only) are left out; None where that leaves nothing. A group
        with a NaN logit is the worst of all. Of equals, the first by name.
    """
    names = np.asarray(groups, dtype=np.str_)
    worst: WorstGroup | None = None
    for name in np.unique(names).tolist():
        chosen = names == name
        value = _measure_one(labels[chosen], logits[chosen], metric, threshold)
        if np.isnan(logits[chosen]).any():
            return WorstGroup(name, float("nan"))
        if np.isnan(value):
            continue
        if worst is None or (value > worst.value if metric in ERRORS else value < worst.value):
            worst = WorstGroup(name, value)
    return worst


def _measure_one(labels: Labels, logits: Floats, metric: str, threshold: float) -> float:
    return float(measure(labels, logits, threshold=threshold)[metric])
