"""Find the group on which a detector is worst: an average hides it."""

from typing import Final

import numpy as np
import numpy.typing as npt

from fakeid.evaluation.calls import HALF
from fakeid.evaluation.evaluation_record import WorstGroup
from fakeid.evaluation.metrics import ERRORS, measure
from fakeid.evaluation.quadrants import TrainedOn, select_with_reals
from fakeid.evaluation.ranking import Floats, Labels
from fakeid.evaluation.scores import Scores
from fakeid.vocabulary import FAKE

_WORST_BY: Final = ("accuracy", "auroc")


def find_worst(scores: Scores, trained_on: TrainedOn, threshold: float = HALF) -> list[WorstGroup]:
    """Find the category, by seen or by unseen generators, on which the detector is worst, under each degradation.

    Args:
        scores: All rows but those of controls.
        trained_on: What counts as seen.
        threshold: Logit from which on an image is called fake.
    """
    worst = []
    for degradation in dict.fromkeys(scores.degradation.tolist()):
        label, logit, names = _name_cases(scores.select(scores.degradation == degradation), trained_on)
        for metric in _WORST_BY:
            found = find_worst_group(label, logit, names, metric, threshold)
            if found:
                name, value = found
                worst.append(WorstGroup(degradation, metric, name, None if np.isnan(value) else value))
    return worst


def find_worst_group(
    labels: Labels, logits: Floats, groups: npt.ArrayLike, metric: str, threshold: float = HALF
) -> tuple[str, float] | None:
    """Find the group with the lowest value of a metric, or the highest where less is better.

    Of many groups of a few images, one is bad by chance: the interval of that group alone, from `estimate_metrics`,
    does not know that it was picked.

    Args:
        labels: (n,), 0 or 1.
        logits: (n,).
        groups: (n,), the name of each image's group.
        metric: One of those that `measure` gives.
        threshold: For metrics of the calls.

    Returns:
        Name and value. Groups where the metric has no meaning (one class only) are left out; None where that leaves
        nothing. A group with a NaN logit is the worst of all, its value NaN. Of equals, the first by name.
    """
    names = np.asarray(groups, dtype=np.str_)
    worst: tuple[str, float] | None = None
    for name in np.unique(names).tolist():
        chosen = names == name
        if np.isnan(logits[chosen]).any():
            return name, float("nan")
        value = float(measure(labels[chosen], logits[chosen], threshold=threshold)[metric])
        if np.isnan(value):
            continue
        if worst is None or (value > worst[1] if metric in ERRORS else value < worst[1]):
            worst = (name, value)
    return worst


def _name_cases(rows: Scores, trained_on: TrainedOn) -> tuple[Labels, Floats, list[str]]:
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
