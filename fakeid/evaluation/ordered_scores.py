"""Sort a run's scores by image, so that runs on the same images can be compared image by image."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fakeid.config.degradations import NO_DEGRADATION
from fakeid.evaluation.quadrants import QUADRANTS, TrainedOn, select_quadrant
from fakeid.evaluation.ranking import Floats, Labels

if TYPE_CHECKING:  # loads pandas, which `status` does not need
    from fakeid.evaluation.scores import Scores


@dataclass(frozen=True, eq=False)
class OrderedScores:
    """The labels and logits of one run on some images, sorted by test set and key.

    Attributes:
        digest: Hash of test sets, keys and labels; for the same source, equal digests mean the same images.
        label: Labels, (n,), 0 or 1.
        logit: Logits, (n,), as in the original scores.
    """

    digest: str
    label: Labels
    logit: Floats


def split_by_category(scores: "Scores") -> dict[str, OrderedScores]:
    """Split the clean images by category, in the order of first appearance."""
    clean = scores[scores.degradation == NO_DEGRADATION]
    return {str(name): _order(part) for name, part in clean.groupby("category", sort=False)}


def split_by_quadrant(scores: "Scores", trained_on: TrainedOn) -> dict[str, OrderedScores]:
    """Split the clean images by seen and unseen content and generators, leaving out empty quadrants."""
    clean = scores[scores.degradation == NO_DEGRADATION]
    parts = {str(quadrant): select_quadrant(clean, trained_on, quadrant) for quadrant in QUADRANTS}
    return {name: _order(part) for name, part in parts.items() if len(part)}


def _order(scores: "Scores") -> OrderedScores:
    images = scores.sort_values(["test_set", "key"])
    columns = (images.test_set.tolist(), images.key.tolist(), images.label.tolist())
    lines = "\n".join("\t".join(map(str, image)) for image in zip(*columns, strict=True))
    digest = hashlib.sha256(lines.encode()).hexdigest()[:16]
    return OrderedScores(digest, images.label.to_numpy(), images.logit.to_numpy())
