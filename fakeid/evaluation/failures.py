"""Find the misclassified images about which a detector is most confident."""

from typing import Final

from fakeid.config.constants import FAKE, REAL
from fakeid.config.degradations import NO_DEGRADATION
from fakeid.evaluation.ranking import HALF, call_fake
from fakeid.evaluation.scores import Scores

MISTAKES_SHOWN: Final = 8
"""The number of mistakes of each kind: as many as fit side by side."""


def find_mistakes(scores: Scores, count: int = MISTAKES_SHOWN, threshold: float = HALF) -> tuple[Scores, Scores]:
    """Find real images called fake and fake images called real, the most confident mistakes first.

    Args:
        scores: Scores, of which only clean images are used; a NaN logit makes no call.
        count: Largest number of mistakes of each kind.
        threshold: Lowest logit that is called fake.

    Returns:
        Reals by falling logit and fakes by rising logit; either may be empty. Ties are ordered by key.
    """
    clean = scores[scores.degradation == NO_DEGRADATION]
    called_fake = call_fake(clean.logit, threshold)
    reals = clean[(clean.label == REAL) & called_fake]
    fakes = clean[(clean.label == FAKE) & ~called_fake & clean.logit.notna()]
    return _take_first(reals, count, rising=False), _take_first(fakes, count, rising=True)


def _take_first(scores: Scores, count: int, *, rising: bool) -> Scores:
    return scores.sort_values(["logit", "key"], ascending=[rising, True]).head(count)
