"""Find the misclassified images of which a detector is most confident."""

from typing import Final

import numpy as np

from fakeid.config.constants import FAKE, REAL
from fakeid.evaluation.ranking import HALF, Floats, call_fake
from fakeid.evaluation.scores import NO_DEGRADATION, Scores

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
    clean = scores.select(scores.degradation == NO_DEGRADATION)
    called_fake = call_fake(clean.logit, threshold)
    reals = clean.select((clean.label == REAL) & called_fake)
    fakes = clean.select((clean.label == FAKE) & ~called_fake & ~np.isnan(clean.logit))
    return _take_first(reals, -reals.logit, count), _take_first(fakes, fakes.logit, count)


def _take_first(scores: Scores, rank: Floats, count: int) -> Scores:
    return scores.select(np.lexsort((scores.key, rank))[:count])
