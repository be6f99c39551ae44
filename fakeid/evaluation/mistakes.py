"""The images on which a detector is wrong and most sure of it."""

from typing import Final

import numpy as np

from fakeid.evaluation.calls import HALF, call_fake
from fakeid.evaluation.ranking import Floats
from fakeid.evaluation.scores import NO_DEGRADATION, Scores
from fakeid.vocabulary import FAKE, REAL

MISTAKES_SHOWN: Final = 8
"""Of each kind: as many as fit side by side."""


def find_mistakes(scores: Scores, count: int = MISTAKES_SHOWN, threshold: float = HALF) -> tuple[Scores, Scores]:
    """Real images called fake, and fake images called real, the most confident first.

    Args:
        scores: Only images that were tested as they are enter; NaN is no call.
        count: At most so many of each.
        threshold: Logit from which on an image is called fake.

    Returns:
        False alarms by falling logit, misses by rising logit; either may be empty. Equal logits in the order of keys.
    """
    clean = scores.select(scores.degradation == NO_DEGRADATION)
    called_fake = call_fake(clean.logit, threshold)
    alarms = clean.select((clean.label == REAL) & called_fake)
    misses = clean.select((clean.label == FAKE) & ~called_fake & ~np.isnan(clean.logit))
    return _take_first(alarms, -alarms.logit, count), _take_first(misses, misses.logit, count)


def _take_first(scores: Scores, rank: Floats, count: int) -> Scores:
    return scores.select(np.lexsort((scores.key, rank))[:count])
