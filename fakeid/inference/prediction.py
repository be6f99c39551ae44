"""Define the prediction for one image: the verdict, the numbers and the reason behind it, and caveats."""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final

from fakeid.config.degradations import NO_DEGRADATION
from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.ranking import HALF
from fakeid.reporting.degradations import name_conditions

SCHEMA: Final = 1
"""The version of the fields of `Prediction`; increase it whenever a field changes its name or meaning."""


class Verdict(str, Enum):
    """The possible verdicts on an image."""

    REAL = "real"
    FAKE = "fake"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Caveat:
    """A way in which an image differs from those that the detector was trained on.

    Attributes:
        kind: `size`, `color`, `codec` or `resampling`.
        text: Description, one clause.
    """

    kind: str
    text: str


@dataclass(frozen=True)
class Prediction:
    """The result for one image: a verdict, or an error if the image could not be judged.

    Attributes:
        path: Path of the file; empty for an image given as pixels. Bytes that are not UTF-8 are escaped.
        model: Name of the run and hash of the weights.
        verdict: Verdict; None, like all numbers, if there is an error.
        reason: Reason for the verdict, one clause.
        p_fake: Calibrated probability in [0, 1] that the image is generated, if reals and fakes are equally likely.
        logit: Score of the detector, averaged over tiles; the call is fake if it is at least the threshold.
        threshold: Threshold on `logit`.
        false_positive_rate: Share in [0, 1] of the reals on which the threshold was chosen that it calls fake, under
            the degradation that decided it; None for a detector without calibration.
        false_positive_low: Lower 95 % bound of the rate on new reals of that kind.
        false_positive_high: Upper 95 % bound of that rate.
        caveats: Ways in which the image differs from the training images.
        width: Width of the image as displayed, in pixels.
        height: Height of the image as displayed, in pixels.
        error: Reason why the file could not be judged; empty if it was.
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
    """The rule that turns a score into a verdict.

    Attributes:
        calibration: Calibration of the detector; None if it has none, and the threshold is then P(fake) = 0.5.
    """

    calibration: Calibration | None

    @property
    def threshold(self) -> float:
        """The lowest logit that is called fake."""
        return self.calibration.threshold if self.calibration else HALF

    def call(self, logit: float) -> Verdict:
        """Call a score fake or real, however close it is to the threshold."""
        return Verdict.FAKE if logit >= self.threshold else Verdict.REAL

    def compute_p_fake(self, logit: float) -> float:
        """Compute the probability that the image is generated, in [0, 1]."""
        calibrated = float(self.calibration.apply(logit)) if self.calibration else logit
        return 0.5 * (1 + math.tanh(calibrated / 2))  # the logistic function, without overflow

    def is_between(self, logit: float) -> bool:
        """Tell whether the score lies in the unsure band."""
        if self.calibration is None:
            return False
        return self.calibration.unsure_low <= self.compute_p_fake(logit) <= self.calibration.unsure_high

    def explain(self, call: Verdict) -> str:
        """Explain a sure call in one clause."""
        side = "at or above" if call is Verdict.FAKE else "below"
        if self.calibration is None:
            return f"{side} P(fake) = 0.5; the detector has no threshold for a known false-positive rate"
        known = self.calibration
        low, high = 100 * known.false_positive_low, 100 * known.false_positive_high
        rate = f"{100 * known.measured_rate:.1f} % [{low:.1f}, {high:.1f}]"
        if known.photos:
            return (
                f"{side} the threshold chosen on {known.num_real:,} photos in {known.photos}, of which it calls {rate} "
                "fake"
            )
        strictest = "" if known.decided_by == NO_DEGRADATION else f" with {name_conditions([known.decided_by])}"
        return f"{side} the threshold, which calls {rate} of {known.num_real:,} real images fake{strictest}"

    def explain_band(self) -> str:
        """Explain in one clause why a score is too close to the threshold."""
        assert self.calibration is not None
        low, high = self.calibration.unsure_low, self.calibration.unsure_high
        why = (
            f"where {self.calibration.num_real:,} photos leave the threshold uncertain"
            if self.calibration.photos
            else f"where more than {100 * self.calibration.max_error:.0f} % of calls are wrong"
        )
        return f"P(fake) between {low:.2f} and {high:.2f}, {why}"
