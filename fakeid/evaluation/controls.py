"""Judge a detector on controls: images that share something with fakes, such as blur, but that no GAN has made."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from fakeid.config.constants import FAKE, REAL
from fakeid.evaluation.ranking import HALF
from fakeid.evaluation.records.evaluation import ControlResult
from fakeid.evaluation.records.results import Estimate
from fakeid.evaluation.statistics.intervals import Measurement, estimate_called_fake, estimate_metrics

_CHANCE: Final = 0.5
_LEAST_SHARE: Final = 0.5  # of the lead that true fakes have over reals


def judge_control(
    name: str,
    control: npt.NDArray[np.float64],
    reals: npt.NDArray[np.float64],
    fakes: npt.NDArray[np.float64],
    threshold: float = HALF,
) -> ControlResult:
    """Judge whether a detector fires on a control as it does on the fakes that it controls for.

    It fires where it tells the control from the reals significantly better than chance, and at least half as well as
    the fakes (AUROC over chance level).

    Args:
        name: Of the control, such as `reals, downup-0.5`.
        control: Logits (n,) of the control's images.
        reals: Logits of the reals without that property.
        fakes: Logits of the fakes that have it.
        threshold: From which on an image is called fake.
    """
    shares = [estimate_called_fake(logits, threshold) for logits in (control, reals, fakes)]
    areas = [_measure_auroc(reals, others) for others in (control, fakes)]
    fires = _judge(*areas)
    return ControlResult(
        *(name, fires, _describe(fires, shares)),
        *(len(control), len(reals), len(fakes)),
        *(Estimate.of(measured) for measured in (*shares, *areas)),
    )


def _judge(control: Measurement, fakes: Measurement) -> bool | None:
    if np.isnan([control.value, fakes.value]).any():
        return None
    lead = max(0.0, fakes.value - _CHANCE)
    return bool(control.low > _CHANCE and control.value - _CHANCE >= _LEAST_SHARE * lead)


def _describe(fires: bool | None, shares: Sequence[Measurement]) -> str:
    control, real, fake = (f"{100 * share.value:.0f} %" for share in shares)
    if fires is None:
        return "Nothing can be said: the control, its reals or its fakes are missing, or the detector broke down."
    found = f"called fake: {control} of the control, {real} of the reals, {fake} of the fakes"
    if fires:
        return f"Fires without a GAN: what it detects here is blur or resampling, not (only) a generator ({found})."
    return f"Stays silent ({found})."


def _measure_auroc(reals: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> Measurement:
    labels = np.repeat([REAL, FAKE], [len(reals), len(others)])
    return estimate_metrics(labels, np.concatenate([reals, others]), 0)["auroc"]
