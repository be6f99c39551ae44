"""What is said of one image: the verdict, the number behind it, why, and what makes the image foreign."""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final

from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.ranking import HALF

SCHEMA: Final = 1
"""Version of the fields of a `Prediction`; raised whenever one changes its name or meaning."""


class Verdict(str, Enum):
    """What is said of an image."""

    REAL = "real"
    FAKE = "fake"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Caveat:
    """In what an image differs from those that the detector was trained on.

    Attributes:
        kind: `size`, `color`, `codec` or `resampling`.
        text: A clause.
    """

    kind: str
    text: str


@dataclass(frozen=True)
class Prediction:
    """One image, judged; or, where `error` says so, one that could not be.

    Attributes:
        path: Of the file; empty for an image that was given as pixels. Bytes that are not UTF-8 are escaped.
        verdict: None where there is an error, as all numbers.
        reason: One clause that says why.
        p_fake: Calibrated probability in [0, 1] that the image is generated, where reals and fakes are equally likely.
        logit: The detector's score, averaged over tiles; the call is fake from the threshold on.
        threshold: On `logit`.
        false_positive_rate: Share in [0, 1] of reals that were called fake where the threshold was chosen; None for a
            detector without calibration.
        false_positive_low: Lower 95 % bound of the rate on more such reals.
        false_positive_high: Upper bound.
        caveats: What makes this image foreign to the detector.
        width: Pixels, as shown.
        height: Pixels, as shown.
        model: Name of the run and hash of the weights.
        error: Why the file could not be judged; empty if it was.
    """

    path: str
    model: str
    verdict: Verdict | None = None
    reason: str = ""
    p_fake: float | None = None
    logit: float | None = None
    threshold: float | None = None
    false_positive_rate: float | None = None
    false_positive_low: float | None = None
    false_positive_high: float | None = None
    caveats: tuple[Caveat, ...] = ()
    width: int | None = None
    height: int | None = None
    error: str = ""


@dataclass(frozen=True)
class Decision:
    """How a score becomes a verdict.

    Attributes:
        calibration: What validation images taught; None for a detector that had none, which is called at P(fake) = 0.5.
    """

    calibration: Calibration | None

    @property
    def threshold(self) -> float:
        """The logit from which on an image is called fake."""
        return self.calibration.threshold if self.calibration else HALF

    def call(self, logit: float) -> Verdict:
        """Call fake or real, however near to the threshold."""
        return Verdict.FAKE if logit >= self.threshold else Verdict.REAL

    def compute_p_fake(self, logit: float) -> float:
        """Compute the probability that the image is generated, in [0, 1]."""
        calibrated = float(self.calibration.apply(logit)) if self.calibration else logit
        return 0.5 * (1 + math.tanh(calibrated / 2))  # the logistic function, without overflow

    def is_between(self, logit: float) -> bool:
        """Tell whether the score lies in the band in which calls were wrong too often."""
        if self.calibration is None:
            return False
        return self.calibration.unsure_low <= self.compute_p_fake(logit) <= self.calibration.unsure_high

    def explain(self, call: Verdict) -> str:
        """Say what a sure call rests on."""
        side = "at or above" if call is Verdict.FAKE else "below"
        if self.calibration is None:
            return f"{side} P(fake) = 0.5; the detector has no threshold for a known false-positive rate"
        known = self.calibration
        low, high = 100 * known.false_positive_low, 100 * known.false_positive_high
        rate = f"{100 * known.measured_rate:.1f} % [{low:.1f}, {high:.1f}]"
        if known.photos:
            return (
                f"{side} the threshold from {known.num_real:,} photos of {known.photos}, of which it calls {rate} fake"
            )
        return f"{side} the threshold, which calls {rate} of {known.num_real:,} real images fake"

    def explain_band(self) -> str:
        """Say why a score is too near to the threshold."""
        assert self.calibration is not None
        low, high = self.calibration.unsure_low, self.calibration.unsure_high
        why = (
            f"within which {self.calibration.num_real:,} photos leave the threshold open"
            if self.calibration.photos
            else f"where more than {100 * self.calibration.max_error:.0f} % of calls are wrong"
        )
        return f"P(fake) between {low:.2f} and {high:.2f}, {why}"
