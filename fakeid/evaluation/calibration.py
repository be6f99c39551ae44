"""From a logit to P(fake) and a call: the numbers that validation images taught, and the threshold of a run.

It needs NumPy alone, for prediction needs it; what fits these numbers is in `fakeid.evaluation.fit_calibration`.
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
    """The numbers that turn a detector's logit into P(fake), a call, and whether to trust the call.

    An image is called fake where the logit is at least `threshold`. The call is unsure where
    `unsure_low` <= P(fake) <= `unsure_high`; the threshold lies in that band, and so does the one that clean images
    alone would have had. Thresholds are on the detector's own logit, so that ties with them are never rounded apart.

    Attributes:
        scale: The calibrated logit is scale * logit + bias; above 0. It is 1 / temperature.
        bias: Finite.
        threshold: The lowest that keeps the false-positive rate under each of the conditions; finite.
        false_alarm_rate: The share of new reals called fake that was wished for, in [0, 1], on average over validation
            splits of this size.
        num_false_positives: Reals of the validation split that it calls fake under the condition that decided.
        false_positive_low: Lower 95 % bound of the share of new reals of the same kind that it calls fake; see
            `bound_rate`.
        false_positive_high: Upper bound.
        balanced_threshold: The one with the highest balanced accuracy on validation, in the middle of equals; finite.
        unsure_low: In [0, 1].
        unsure_high: In [0, 1], not below `unsure_low`.
        max_error: The share of wrong calls among new images outside the band that was wished for, in [0, 1].
        num_real: Reals that all of it was fitted on.
        num_fake: Fakes.
        conditions: Degradations under which the rate is kept; `none`, for clean images, is the first.
        decided_by: The condition with the highest threshold of its own.
        photos: The name of the folder whose photos chose threshold and band; empty where validation images did.
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
        """Build a calibration from plain values, those that earlier releases kept in checkpoints among them.

        Those have the threshold on the calibrated logit, and of the reals that it calls fake only the most that were
        allowed is known. Those without conditions were calibrated on clean images.
        """
        values = {**values, "conditions": tuple(values.get("conditions", (NO_DEGRADATION,)))}
        if "balanced_threshold" in values:
            return cls(**values)
        scale, bias, num_real = values["scale"], values["bias"], values["num_real"]
        from fakeid.evaluation.thresholds import bound_rate  # noqa: PLC0415 - SciPy, which prediction does without

        called = math.floor(values["false_alarm_rate"] * num_real)
        low, high = bound_rate(called, num_real)
        return cls(**{
            **values, "threshold": make_finite((values["threshold"] - bias) / scale), "num_false_positives": called,
            "false_positive_low": low, "false_positive_high": high, "balanced_threshold": make_finite(-bias / scale),
        })  # fmt: skip

    @property
    def keeps_promise(self) -> bool:
        """Tell whether there were enough reals to promise the false-positive rate."""
        from fakeid.evaluation.thresholds import count_allowed  # noqa: PLC0415 - as above

        return count_allowed(self.num_real, self.false_alarm_rate) >= 0

    @property
    def measured_rate(self) -> float:
        """The share of the validation reals that the threshold calls fake, in [0, 1]."""
        return self.num_false_positives / self.num_real

    def apply(self, logits: npt.ArrayLike) -> Floats:
        """Calibrate logits, of any shape; the logistic function of the outcome is P(fake)."""
        return scale_logits(logits, self.scale, self.bias)


def make_finite(threshold: float) -> float:
    """Replace infinity, which JSON cannot hold, by the largest number; calls of infinite logits stay the same."""
    return float(np.clip(threshold, -_LARGEST, _LARGEST))


def scale_logits(logits: npt.ArrayLike, scale: float, bias: float) -> Floats:
    """Return scale * logit + bias, of any shape."""
    with np.errstate(over="ignore"):  # a threshold that was infinite is the largest number, see `make_finite`
        return np.asarray(scale * np.asarray(logits, dtype=np.float64) + bias)


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold, and where it comes from.

    Attributes:
        rule: A name of `ThresholdFrom`.
        logit: From which on an image is called fake; finite.
        note: Why it is not the one that was asked for; empty where it is.
    """

    rule: str = ThresholdFrom.half.value
    logit: FiniteFloat = HALF
    note: str = ""


AT_HALF: Final = OperatingPoint()

CHOSEN: Final = "chosen"
"""The threshold that validation chose for few false positives, in the names of metrics such as `accuracy_at_chosen`."""


def choose_operating_point(wanted: ThresholdFrom, calibration: Calibration | None) -> OperatingPoint:
    """Choose the threshold of a run's accuracies.

    From validation it is the one with the highest balanced accuracy there (in the middle of equals), not the point
    P(fake) = 0.5 of the calibrated logit: on 100 + 100 images of shifted logits it loses at most 0.7 points to the best
    threshold for normal, unequal, skewed and contaminated distributions alike, where that of the logistic fit loses 0.1
    for normal ones, but up to 3.2 for skewed ones, and with 3 % of outliers down to 59 instead of 83 % is right.

    For photos it is the one that keeps a false-positive rate on validation reals, under every degradation that the
    calibration knows of.

    Args:
        wanted: `protocol.threshold`.
        calibration: What validation images taught; None where there was nothing to learn.
    """
    if wanted is ThresholdFrom.half:
        return AT_HALF
    if calibration is None:
        return OperatingPoint(note="there were no validation images of both classes to choose another")
    at_photos = wanted is ThresholdFrom.photos
    return OperatingPoint(wanted.value, calibration.threshold if at_photos else calibration.balanced_threshold)


def list_thresholds(point: OperatingPoint, calibration: Calibration | None) -> dict[str, float]:
    """List the thresholds beside the operating point at which calls are measured, by the names that metrics carry.

    `accuracy_at_chosen` is that at the threshold for few false positives, `accuracy_at_validation` and
    `accuracy_at_half` those at the rule that is not in use.
    """
    if calibration is None:
        return {}
    other = {ThresholdFrom.validation.value: calibration.balanced_threshold, ThresholdFrom.half.value: HALF}
    return {CHOSEN: calibration.threshold} | {name: logit for name, logit in other.items() if name != point.rule}
