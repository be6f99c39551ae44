"""What the files of a run must hold, as far as anything is computed from it or shown; see `fakeid.shapes`."""

from typing import Any, Final

from fakeid.shapes import COUNT

DATA: Final = {"source": dict, "digest": str, "images": {str: COUNT}}

_NUMBER: Final = (None, float)
_ESTIMATE: Final = {"value": _NUMBER, "low": _NUMBER, "high": _NUMBER}
_TABLED: Final = ("accuracy", "real_accuracy", "fake_accuracy", "auroc", "average_precision")
_GROUP: Final[dict[Any, Any]] = {
    "num_real": COUNT,
    "num_fake": COUNT,
    **dict.fromkeys(_TABLED, _ESTIMATE),
    str: _ESTIMATE,
}
_THRESHOLD: Final = (None, {"rule": str, "logit": float, "note": str})
_CALIBRATION: Final = (None, {"false_alarm_rate?": float})
_MACHINE: Final = {"git_commit?": (None, str), "precision?": (None, str), "threads?": (None, COUNT)}
_SIZES: Final = (
    None,
    {"trained_px": COUNT, "tested_px": COUNT, "image_px": COUNT, "views": frozenset({"full", "crops", "patches"})},
)

OPTIONS: Final = {
    "categories": (None, COUNT),
    "dropout": float,
    "seed": COUNT,
    "model": {"name": str},
    "color": {"name": str},
    "residual": {"name": str},
    "protocol": {"name": str, "views?": str},
    "augment?": {"name": str},
    "optim?": {"ema?": float},
    "logger?": (None, {"name": str, "project": str, "entity": (None, str), "group": (None, str)}),
}
"""Of all options those by which a report sorts; those of an earlier release may have others."""

SUMMARY: Final = {
    "seen": (None, _GROUP),
    "unseen": (None, _GROUP),
    "categories": {str: {"seen": bool, **_GROUP}},
    "config": OPTIONS,
    "threshold?": _THRESHOLD,
    "calibration?": _CALIBRATION,
    "held_out?": (None, str),
    "seconds?": _NUMBER,
    "images_per_second?": _NUMBER,
    "skipped_images?": {str: str},
    "epoch_chosen?": COUNT,
    "data?": (None, {"digest?": str, "images?": {str: COUNT}}),
    "audit?": (None, {"verdict": str, "warnings": [str], "probes": {str: (None, {"auroc": _ESTIMATE})}}),
    "sizes?": _SIZES,
    "machine?": (None, {"device?": (None, str)}),
    **_MACHINE,
}
