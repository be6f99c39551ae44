"""Checkpoints of untrained detectors, and detectors that are plain functions."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fakeid.checkpoints import CARD, save_checkpoint
from fakeid.evaluation.calibration import Calibration
from fakeid.images.file_facts import TrainedFiles
from fakeid.inference.detector import TrainedDetector, Training
from fakeid.training.module import DetectorModule

CALIBRATION = Calibration(
    scale=2.0, bias=-1.0, threshold=1.0, false_alarm_rate=0.05, num_false_positives=5, false_positive_low=0.02,
    false_positive_high=0.11, balanced_threshold=0.5, unsure_low=0.6, unsure_high=0.8, max_error=0.05, num_real=100,
    num_fake=100,
)  # fmt: skip
FILES = TrainedFiles((70, 90), lossless=True, resampling=(4.0, 1.0))
TRAINING = Training("made", "0", 32, "crop", "folders", CALIBRATION, FILES)


def write_detector(
    path: Path,
    *,
    source: str = "folders",
    prep: str = "crop",
    image_px: int = 48,
    network: dict[str, Any] | None = None,
    scoring: dict[str, Any] | None = None,
    **card: Any,
) -> Path:
    """Write a checkpoint with a card and random but reproducible weights."""
    torch.manual_seed(0)
    module = DetectorModule({"backbone": "test_resnet", **(network or {})}, **(scoring or {}))
    card = {
        "name": "made", "categories": ["cat"], "generators": ["progan"], "held_out": None, "precision": "float32",
        "config": {"data": {"image_px": image_px, "prep": prep, "source": source, "max_megapixels": 100.0}},
        "data": {"source": {"source": source}, "digest": "0", "images": {}},
        "calibration": asdict(CALIBRATION), "files": asdict(FILES), **card,
    }  # fmt: skip
    parts = {"epoch": 0, "state_dict": module.state_dict(), "hyper_parameters": dict(module.hparams), CARD: card}
    save_checkpoint(parts, path)
    return path


def build_detector(score: Callable[[np.ndarray], np.ndarray], **changes: Any) -> TrainedDetector:
    """Build a detector whose score is a function of squares (N, H, W, 3)."""
    return TrainedDetector(score, replace(TRAINING, **changes))


def score_brightness(tiles: np.ndarray) -> np.ndarray:
    """Score by brightness: fake under `CALIBRATION` from 110 levels up; sure below 95 and above 120."""
    return tiles.astype(np.float64).mean((1, 2, 3)) / 100 - 0.1
