"""What the files of a run must hold, as far as anything is computed from it or shown; see `fakeid.shapes`."""

from typing import Final

from fakeid.shapes import COUNT

_NUMBER: Final = (None, float)
_ESTIMATE: Final = {"value": _NUMBER, "low": _NUMBER, "high": _NUMBER}
_THRESHOLD: Final = (None, {"rule": str, "logit": float, "note": str})
_CALIBRATION: Final = (None, {"false_alarm_rate?": float})

AUDIT: Final = {
    "verdict": str,
    "warnings": [str],
    "probes": {str: (None, {"auroc": _ESTIMATE})},
    "duplicates": {"num_exact": COUNT, "num_near": COUNT, "warnings": [str]},
    "torn_pairs": {"warnings": [str]},
}

EVALUATION: Final = {
    "groups": [{"kind": str, "name": str, "degradation": str, "num_real": COUNT, "num_fake": COUNT,
                "seen_content": (None, bool), "seen_generator": (None, bool),
                "metrics": {"auroc": _ESTIMATE, "accuracy": _ESTIMATE, str: _ESTIMATE}}],
    "degradations": [str],
    "swap": (None, {"warns": (None, bool), "follows_codec?": (None, bool)}),
    "trained_on": {"categories": [str], "generators": [str]},
    "test_sets": [{"name": str, "control": bool, "file_formats?": (None, dict)}],
    "calibration?": _CALIBRATION,
    "threshold?": _THRESHOLD,
    "evaluation?": dict,
}  # fmt: skip
