"""Find the misclassified images of which a detector is most confident."""

from typing import Final

from fakeid.config.constants import FAKE, REAL
from fakeid.config.degradations import NO_DEGRADATION
from fakeid.evaluation.ranking import HALF, call_fake
from fakeid.evaluation.scores import Scores

MISTAKES_SHOWN: Final = 8
"""Of each kind: as many as fit side by side."""


def find_mistakes(scores: Scores, count: int = MISTAKES_SHOWN, threshold: float = HALF) -> tuple[Scores, Scores]:
    """Find real images called fake, and fake images called real, the most confident first.

    Args:
        scores: Only clean images enter; NaN is no call.
        count: At most so many of each.
        threshold: Logit from which on an image is called fake.

    Returns:
        Reals by falling logit, fakes by rising logit; either may be empty. Equal logits in the order of keys.
    """
    clean = scores[scores.degradation == NO_DEGRADATION]
    called_fake = call_fake(clean.logit, threshold)
    reals = clean[(clean.label == REAL) & called_fake]
    fakes = clean[(clean.label == FAKE) & ~called_fake & clean.logit.notna()]
    return _take_first(reals, count, rising=False), _take_first(fakes, count, rising=True)


def _take_first(scores: Scores, count: int, *, rising: bool) -> Scores:
    return scores.sort_values(["logit", "key"], ascending=[rising, True]).head(count)
