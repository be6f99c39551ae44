"""What a threshold and an unsure band, chosen on validation, do to new images."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import logit
from scipy.stats import norm

from fakeid.evaluation.calibration import FALSE_ALARM_RATE, Calibration, fit_calibration
from fakeid.simulation.images import OneRun


@dataclass(frozen=True)
class Validated:
    """A detector with normal logits in each class, calibrated on a validation split.

    Attributes:
        auroc: The true one, above 0.5.
        per_class: Validation images.
    """

    auroc: float
    per_class: int

    def simulate(self, rng: np.random.Generator) -> dict[str, float]:
        """The true share of new reals that the threshold calls fake, and of wrong calls among the sure ones.

        `above` is 1 where the first is more than was wished for, `bounds` where its bounds hold it.
        """
        run = OneRun(self.auroc, self.per_class)
        label, logits, _ = run.draw(rng)
        calibration = fit_calibration(label, logits)
        assert calibration is not None
        reals, _ = _shares_above(calibration.threshold, run.distance)
        bounds = calibration.false_positive_low, calibration.false_positive_high
        return {
            "rate": reals,
            "above": float(reals > FALSE_ALARM_RATE),
            "bounds": float(bounds[0] <= reals <= bounds[1]),
            **_judge_band(calibration, run.distance),
        }


def _judge_band(calibration: Calibration, distance: float) -> dict[str, float]:
    low, high = (_to_raw(calibration, share) for share in (calibration.unsure_low, calibration.unsure_high))
    reals_above, fakes_above = _shares_above(high, distance)
    reals_below, fakes_below = (1 - share for share in _shares_above(low, distance))
    sure = reals_above + fakes_above + reals_below + fakes_below
    return {
        "error called fake": _divide(reals_above, reals_above + fakes_above),
        "error called real": _divide(fakes_below, reals_below + fakes_below),
        "unsure": 1 - sure / 2,
    }


def _to_raw(calibration: Calibration, share: float) -> float:
    return float((logit(share) - calibration.bias) / calibration.scale)


def _shares_above(threshold: float, distance: float) -> tuple[float, float]:
    """Of new reals and of new fakes, at or above a logit; see `OneRun`."""
    reals, fakes = (float(norm.sf(threshold / distance - sign * distance / 2)) for sign in (-1, 1))
    return reals, fakes


def _divide(part: float, whole: float) -> float:
    return part / whole if whole > 1e-12 else math.nan
