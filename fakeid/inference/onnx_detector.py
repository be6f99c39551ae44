"""Run an exported detector with onnxruntime, without torch."""

import json
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime

from fakeid.errors import CheckpointError, DataError
from fakeid.inference.detector import TrainedDetector, Training

METADATA: Final = "fakeid"
"""The metadata key under which the training is described."""

INPUT: Final = "rgb_u8"
LOGIT: Final = "logit"
P_FAKE: Final = "p_fake"

_PROVIDERS: Final = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


def load_onnx(path: Path, device: str | None = None) -> TrainedDetector:
    """Load an exported detector; see `fakeid.inference.detector.load_detector`.

    Raises:
        CheckpointError: The file is missing, damaged or not exported by fakeid, or onnxruntime does not support the
            device.
    """
    there = onnxruntime.get_available_providers()
    wanted = [device] if device else list(reversed(_PROVIDERS))
    providers = [_PROVIDERS[name] for name in wanted if _PROVIDERS.get(name) in there]
    if not providers:
        raise CheckpointError(f"this onnxruntime does not run on {device}: omit --device, or use cpu")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only, which are raised anyway
    try:
        session = onnxruntime.InferenceSession(path, options, providers=providers)
        training = Training.from_plain(json.loads(session.get_modelmeta().custom_metadata_map[METADATA]))
    except Exception as error:  # onnxruntime has various exceptions for a damaged file
        first = str(error).strip().splitlines()[0]
        raise CheckpointError(f"{path} is not a detector exported by fakeid, or it is damaged ({first})") from error

    def score(rgb_u8: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        try:
            (logits,) = session.run([LOGIT], {INPUT: rgb_u8})
        except Exception as error:  # onnxruntime has various exceptions for an unsuitable size
            height, width = rgb_u8.shape[1:3]
            raise DataError(f"{width} x {height} px is too small for the exported detector") from error
        return np.asarray(logits, np.float64)

    return TrainedDetector(score, training)
