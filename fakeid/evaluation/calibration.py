"""Turn a logit into P(fake) and a call, with parameters fitted on validation images and the threshold of a run.

This module needs only NumPy, because prediction imports it. The parameters are fitted in
`fakeid.evaluation.fit_calibration`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import FiniteFloat

from fakeid.config.choices import ThresholdFrom
from fakeid.config.degradations import NO_DEGRADATION
from fakeid.evaluation.ranking import HALF, Floats

_LARGEST: Final = float(np.finfo(np.float64).max)


@dataclass(frozen=True)
class Calibration:
    """The parameters that turn a detector's logit into P(fake), a call, and whether to trust the call.

    An image is called fake if its logit is at least `threshold`. The call is unsure if
    `unsure_low` <= P(fake) <= `unsure_high`; this band contains the threshold and also the threshold that clean images
    alone would have given. Thresholds apply to the uncalibrated logit, so that rounding never separates ties.

    Attributes:
        scale: Factor of the logit, above 0: the calibrated logit is scale * logit + bias. It is 1 / temperature.
        bias: Offset of the calibrated logit; finite.
        threshold: Lowest logit threshold that keeps the false-positive rate under every condition; finite.
        false_alarm_rate: Target share of new reals called fake, in [0, 1], averaged over validation splits of this
            size.
        num_false_positives: Number of validation reals that the threshold calls fake under the deciding condition.
        false_positive_low: Lower 95 % bound of the share of new reals of the same kind that are called fake; see
            `bound_rate`.
        false_positive_high: Upper 95 % bound of that share.
        balanced_threshold: Logit threshold with the highest balanced accuracy on validation, the middle one of ties;
            finite.
        unsure_low: Lower end of the unsure band, a P(fake) in [0, 1].
        unsure_high: Upper end of the unsure band, a P(fake) in [0, 1], not below `unsure_low`.
        max_error: Target share of wrong calls among new images outside the band, in [0, 1].
        num_real: Number of reals used for the fit.
        num_fake: Number of fakes used for the fit.
        conditions: Degradations under which the rate is kept; the first is `none`, for clean images.
        decided_by: Condition whose own threshold is the highest.
        photos: Name of the folder of photos on which threshold and band were chosen; empty if they were chosen on
            validation images.
    """

    scale: float
    bias: float
    threshold: float
    false_alarm_rate: float
    num_false_positives: int
    false_positive_low: float
    false_positive_high: float
    balanced_threshold: float
    unsure_low: float
    unsure_high: float
    max_error: float
    num_real: int
    num_fake: int
    conditions: tuple[str, ...] = (NO_DEGRADATION,)
    decided_by: str = NO_DEGRADATION
    photos: str = ""

    def __post_init__(self) -> None:
        assert 0 < self.scale < math.inf, f"{self} would change the order of images"
        assert math.isfinite(self.bias), f"{self} has no bias"
        assert all(map(math.isfinite, (self.threshold, self.balanced_threshold))), f"{self} has no threshold"
        assert 0 <= self.unsure_low <= self.unsure_high <= 1, f"{self} has no band"
        assert self.decided_by in self.conditions, f"{self} has no condition {self.decided_by}"

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> "Calibration":
        """Build a calibration from plain values, as in a checkpoint; JSON turns tuples into lists."""
        return cls(**{**values, "conditions": tuple(values["conditions"])})

    @property
    def keeps_promise(self) -> bool:
        """Whether there were enough reals to promise the false-positive rate."""
        from fakeid.evaluation.thresholds import count_allowed  # noqa: PLC0415 - loads SciPy

        return count_allowed(self.num_real, self.false_alarm_rate) >= 0

    @property
    def measured_rate(self) -> float:
        """The share of the validation reals that the threshold calls fake, in [0, 1]."""
        return self.num_false_positives / self.num_real

    def apply(self, logits: npt.ArrayLike) -> Floats:
        """Calibrate logits of any shape; P(fake) is the logistic function of the result."""
        return scale_logits(logits, self.scale, self.bias)


def make_finite(threshold: float) -> float:
    """Replace infinity, which JSON cannot hold, with the largest float64; calls of infinite logits stay the same."""
    return float(np.clip(threshold, -_LARGEST, _LARGEST))


def scale_logits(logits: npt.ArrayLike, scale: float, bias: float) -> Floats:
    """Return scale * logit + bias for logits of any shape."""
    with np.errstate(over="ignore"):  # an infinite threshold is stored as the largest float64, see `make_finite`
        return np.asarray(scale * np.asarray(logits, dtype=np.float64) + bias)


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold and the rule that chose it.

    Attributes:
        rule: Name of a member of `ThresholdFrom`.
        logit: Lowest logit that is called fake; finite.
        note: Why another threshold than the requested one is used; empty if it is the requested one.
    """

    rule: str = ThresholdFrom.half.value
    logit: FiniteFloat = HALF
    note: str = ""


AT_HALF: Final = OperatingPoint()

CHOSEN: Final = "chosen"
"""Suffix, as in `accuracy_at_chosen`, of metrics at the threshold chosen on validation for few false positives."""


def choose_operating_point(wanted: ThresholdFrom, calibration: Calibration | None) -> OperatingPoint:
    """Choose the threshold at which a run's accuracies are computed.

    `validation` gives the threshold with the highest balanced accuracy on validation (the middle one of ties), not the
    point P(fake) = 0.5 of the calibrated logit. Chosen on 100 + 100 images with shifted logits, it loses at most 0.7
    points to the best threshold for normal, unequal, skewed and contaminated distributions alike. The threshold of the
    logistic fit loses 0.1 points for normal distributions but up to 3.2 for skewed ones, and with 3 % of outliers its
    accuracy can drop to 59 % instead of 83 %.

    `photos` gives the threshold that keeps a false-positive rate on validation reals, under every degradation included
    in the calibration.

    Args:
        wanted: Value of the option `protocol.threshold`.
        calibration: Calibration fitted on validation images; None if it could not be fitted.
    """
    if wanted is ThresholdFrom.half:
        return AT_HALF
    if calibration is None:
        return OperatingPoint(note="there were no validation images of both classes to choose another on")
    at_photos = wanted is ThresholdFrom.photos
    return OperatingPoint(wanted.value, calibration.threshold if at_photos else calibration.balanced_threshold)


def list_thresholds(point: OperatingPoint, calibration: Calibration | None) -> dict[str, float]:
    """List the further thresholds, besides the operating point, at which calls are measured, by metric suffix.

    `accuracy_at_chosen` is the accuracy at the threshold for few false positives. `accuracy_at_validation` and
    `accuracy_at_half` are the accuracies at the thresholds of the rules that are not in use.
    """
    if calibration is None:
        return {}
    other = {ThresholdFrom.validation.value: calibration.balanced_threshold, ThresholdFrom.half.value: HALF}
    return {CHOSEN: calibration.threshold} | {name: logit for name, logit in other.items() if name != point.rule}
