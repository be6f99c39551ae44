"""Controls: images that share something with fakes, such as blur, but that no GAN has made."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fakeid.evaluation.calls import HALF
from fakeid.evaluation.intervals import Estimate, estimate_called_fake, estimate_metrics
from fakeid.vocabulary import FAKE, REAL

_CHANCE: Final = 0.5
_LEAST_SHARE: Final = 0.5  # of the lead that true fakes have over reals


def judge_control(
    name: str,
    control: npt.NDArray[np.float64],
    reals: npt.NDArray[np.float64],
    fakes: npt.NDArray[np.float64],
    threshold: float = HALF,
) -> dict[str, Any]:
    """Does a detector fire on a control as it does on the fakes that it controls for?

    It fires where it tells the control from the reals, beyond the noise, at least half as well as the fakes
    (AUROC over guessing).

    Args:
        name: Of the control, such as `reals, downup-0.5`.
        control: Logits (n,) of the control's images.
        reals: Logits of the reals without that property.
        fakes: Logits of the fakes that have it.
        threshold: From which on an image is called fake.

    Returns:
        `name`, `fires` (None where it cannot be said), `verdict` (a sentence), `num_control`, `num_real`, `num_fake`;
        `fake_share` called fake, `fake_share_of_reals` and `fake_share_of_fakes`; `control_auroc` and `fake_auroc`
        against the reals; each with `value`, `low` and `high`.
    """
    shares = {
        "fake_share": estimate_called_fake(control, threshold),
        "fake_share_of_reals": estimate_called_fake(reals, threshold),
        "fake_share_of_fakes": estimate_called_fake(fakes, threshold),
    }
    control_auroc, fake_auroc = _auroc(reals, control), _auroc(reals, fakes)
    fires = _judge(control_auroc, fake_auroc)
    return {
        "name": name,
        "fires": fires,
        "verdict": _describe(fires, shares),
        "num_control": len(control),
        "num_real": len(reals),
        "num_fake": len(fakes),
        **{key: estimate.to_plain() for key, estimate in shares.items()},
        "control_auroc": control_auroc.to_plain(),
        "fake_auroc": fake_auroc.to_plain(),
    }


def _judge(control: Estimate, fakes: Estimate) -> bool | None:
    if np.isnan([control.value, fakes.value]).any():
        return None
    lead = max(0.0, fakes.value - _CHANCE)
    return bool(control.low > _CHANCE and control.value - _CHANCE >= _LEAST_SHARE * lead)


def _describe(fires: bool | None, shares: dict[str, Estimate]) -> str:
    control, real, fake = (f"{100 * share.value:.0f} %" for share in shares.values())
    if fires is None:
        return "Nothing can be said: the control, its reals or its fakes are missing, or the detector broke down."
    found = f"called fake: {control} of the control, {real} of the reals, {fake} of the fakes"
    if fires:
        return f"Fires without a GAN: what it detects here is blur or resampling, not (only) a generator ({found})."
    return f"Stays silent ({found})."


def _auroc(reals: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> Estimate:
    labels = np.repeat([REAL, FAKE], [len(reals), len(others)])
    return estimate_metrics(labels, np.concatenate([reals, others]), 0)["auroc"]
