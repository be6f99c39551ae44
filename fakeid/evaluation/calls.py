"""Which logits are called fake: the one rule, for thresholds, calibration, metrics, figures and reports alike."""

from typing import Final

import numpy as np
import numpy.typing as npt

HALF: Final = 0.0
"""The logit at which P(fake) = 0.5."""


def call_fake(logits: npt.ArrayLike, threshold: float = HALF) -> npt.NDArray[np.bool_]:
    """Whether each logit is called fake: from the threshold on, the threshold itself included.

    Logits and threshold are those of the detector, never calibrated ones: what is scaled and shifted is rounded, and
    an image that ties with the threshold would then fall on either side of it.

    Args:
        logits: Of any shape.
        threshold: On the same scale.

    Returns:
        Of the same shape; False for NaN.
    """
    return np.asarray(np.asarray(logits, dtype=np.float64) >= threshold)
