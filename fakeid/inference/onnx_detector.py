"""A detector that was exported, by onnxruntime and without torch."""

import json
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime

from fakeid.errors import CheckpointError, DataError
from fakeid.inference.detector import TrainedDetector, Training

METADATA: Final = "fakeid"
"""The key of the metadata under which the training is described."""

INPUT: Final = "rgb_u8"
LOGIT: Final = "logit"
P_FAKE: Final = "p_fake"

_PROVIDERS: Final = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


def load_onnx(path: Path, device: str | None = None) -> TrainedDetector:
    """Load an exported detector; see `fakeid.inference.detector.load_detector`.

    Raises:
        CheckpointError: Missing, damaged, or not exported by fakeid; or the device is not one of onnxruntime's.
    """
    there = onnxruntime.get_available_providers()
    wanted = [device] if device else list(reversed(_PROVIDERS))
    providers = [_PROVIDERS[name] for name in wanted if _PROVIDERS.get(name) in there]
    if not providers:
        raise CheckpointError(f"this onnxruntime does not run on {device}: leave --device out, or take cpu")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors, which are raised anyway
    try:
        session = onnxruntime.InferenceSession(path, options, providers=providers)
        training = Training.from_plain(json.loads(session.get_modelmeta().custom_metadata_map[METADATA]))
    except Exception as error:  # of whatever kind onnxruntime has for a damaged file
        first = str(error).strip().splitlines()[0]
        raise CheckpointError(f"{path} is no detector that fakeid exported, or is damaged ({first})") from error

    def score(rgb_u8: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        try:
            (logits,) = session.run([LOGIT], {INPUT: rgb_u8})
        except Exception as error:  # of whatever kind onnxruntime has for a size that does not fit
            height, width = rgb_u8.shape[1:3]
            raise DataError(f"{width} x {height} px are too small for the exported detector") from error
        return np.asarray(logits, np.float64)

    return TrainedDetector(score, training)
