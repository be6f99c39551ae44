"""Scores in one order, so that two runs can be compared image by image."""

import hashlib
from dataclasses import dataclass

import numpy as np

from fakeid.evaluation.metrics import Floats, Labels
from fakeid.evaluation.quadrants import QUADRANTS, TrainedOn, select_quadrant
from fakeid.evaluation.scores import NO_DEGRADATION, Scores


@dataclass(frozen=True, eq=False)
class OrderedScores:
    """What a run said about some images, ordered by key.

    Attributes:
        digest: Hash of the keys and labels; with the same source, equal digests are the same images.
        label: (n,), 0 or 1.
        logit: (n,), as in the `Scores` that they come from.
    """

    digest: str
    label: Labels
    logit: Floats


def split_by_category(scores: Scores) -> dict[str, OrderedScores]:
    """Split the clean images by category, whatever their order in the file; of their keys only a hash is kept."""
    clean = scores.select(scores.degradation == NO_DEGRADATION)
    return {name: _order(clean.select(clean.category == name)) for name in dict.fromkeys(clean.category.tolist())}


def split_by_quadrant(scores: Scores, trained_on: TrainedOn) -> dict[str, OrderedScores]:
    """Split them by seen and unseen content and generators; those without images are left out."""
    clean = scores.select(scores.degradation == NO_DEGRADATION)
    parts = {str(quadrant): select_quadrant(clean, trained_on, quadrant) for quadrant in QUADRANTS}
    return {name: _order(part) for name, part in parts.items() if len(part)}


def _order(scores: Scores) -> OrderedScores:
    order = np.lexsort((scores.key, scores.test_set))
    images = scores.select(order)
    columns = (images.test_set.tolist(), images.key.tolist(), images.label.tolist())
    lines = "\n".join("\t".join(map(str, image)) for image in zip(*columns, strict=True))
    digest = hashlib.sha256(lines.encode()).hexdigest()[:16]
    return OrderedScores(digest, images.label, images.logit)
