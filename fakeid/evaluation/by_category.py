"""Scores cut into categories and put in one order, so that two runs can be compared image by image."""

import hashlib
from dataclasses import dataclass

import numpy as np

from fakeid.evaluation.metrics import Floats, Labels
from fakeid.evaluation.scores import NO_DEGRADATION, Scores


@dataclass(frozen=True, eq=False)
class CategoryScores:
    """What a run said about the images of one category, ordered by key.

    Attributes:
        digest: Hash of the keys and labels; with the same source, equal digests are the same images.
        label: (n,), 0 or 1.
        logit: (n,).
    """

    digest: str
    label: Labels
    logit: Floats


def split_by_category(scores: Scores) -> dict[str, CategoryScores]:
    """The images that were tested as they are, whatever their order in the file; keys are not kept, only their hash."""
    clean = scores.select(scores.degradation == NO_DEGRADATION)
    parts = {}
    for name in dict.fromkeys(clean.category.tolist()):
        chosen = clean.select(clean.category == name)
        order = np.argsort(chosen.key, kind="stable")
        keys, labels = chosen.key[order], chosen.label[order]
        lines = "\n".join(f"{key}\t{label}" for key, label in zip(keys.tolist(), labels.tolist(), strict=True))
        digest = hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()[:16]
        parts[name] = CategoryScores(digest, labels, chosen.logit[order])
    return parts
