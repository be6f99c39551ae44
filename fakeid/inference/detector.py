"""Load a trained detector for prediction: a function from pixels to scores, and a description of its training."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from fakeid.errors import CheckpointError
from fakeid.evaluation.calibration import Calibration
from fakeid.images.file_facts import TrainedFiles
from fakeid.io import parse_record

ScoreTiles: TypeAlias = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float64]]
"""A function from images, RGB uint8 (N, H, W, 3), to logits (N,)."""

LocateEvidence: TypeAlias = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float64]]
"""A function from images, RGB uint8 (N, H, W, 3), to maps (N, h, w), whose mean over positions is the logit."""

ONNX: Final = ".onnx"
"""The file extension of exported detectors."""

_TESTED: Final = Path("checkpoints") / "tested.ckpt"
_DRAWN: Final = "demo"
_INSTALL: Final = {"torch": "torch", "timm": "train"}
"""Package → the extra that installs it."""


@dataclass(frozen=True)
class Training:
    """What prediction needs to know about a training, stored as plain values in checkpoints and exported detectors.

    Attributes:
        name: Name of the run.
        weights: Hash of the weights and how they are used.
        image_px: Side of the training images and of the squares that are scored, in pixels.
        prep: How training images were brought to that size: `crop`, `squash` or `center_crop`.
        source: Kind of data that it was trained on, such as `lsun_progan`.
        calibration: Calibration, which includes the threshold; None if there were no validation images.
        files: How the training images were stored; None if it is not known.
        smallest_px: Shortest side that is accepted, in pixels, because an exported graph cannot check it itself.
    """

    name: str
    weights: str
    image_px: int
    prep: str
    source: str
    calibration: Calibration | None
    files: TrainedFiles | None = None
    smallest_px: int = 8

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> "Training":
        """Build a description from plain values after checking them.

        Raises:
            ValueError: The values do not describe a training.
        """
        training = parse_record({**values, "calibration": None}, cls)
        try:
            known = values["calibration"]
            return replace(training, calibration=Calibration.from_plain(known) if known else None)
        except (TypeError, KeyError, AssertionError) as error:
            raise ValueError(f"its calibration is not valid ({error})") from error

    @property
    def model(self) -> str:
        """The name of the detector: the run and the hash of its weights."""
        return f"{self.name} {self.weights}"

    @property
    def is_on_drawings(self) -> bool:
        """Whether it was trained only on the built-in demo images and has seen no photo."""
        return self.source == _DRAWN


@dataclass(frozen=True)
class TrainedDetector:
    """A detector in use.

    Attributes:
        score: Function that scores squares in float32.
        training: Description of its training.
        locate: Function that shows where the score comes from; None for an exported detector.
    """

    score: ScoreTiles
    training: Training
    locate: LocateEvidence | None = None


def find_detector(place: Path) -> Path:
    """Find the checkpoint of a finished run, or return the given file.

    Args:
        place: Folder of a run, or a file.

    Raises:
        CheckpointError: There is no checkpoint.
    """
    if place.is_dir():
        path = place / _TESTED
        if not path.exists():
            raise CheckpointError(
                f"{place} has no {_TESTED}: give the folder of a finished run, a checkpoint, or an exported detector"
            )
        return path
    if not place.exists():
        raise CheckpointError(f"there is no run and no checkpoint at {place}")
    return place


def load_detector(place: Path, device: str | None = None) -> TrainedDetector:
    """Load the detector of a finished run, or an exported one.

    Args:
        place: A run's folder, its `tested.ckpt`, or an exported `.onnx` file.
        device: `cpu`, `cuda` or `mps`; None chooses automatically.

    Raises:
        CheckpointError: The file is missing or damaged, lacks what a test writes into it, or needs a package that is
            not installed.
        DeviceError: torch cannot use the device on this machine.
    """
    path = find_detector(place)
    try:
        if path.suffix == ONNX:
            from fakeid.inference.onnx_detector import load_onnx  # noqa: PLC0415 - each needs its own package

            return load_onnx(path, device)
        from fakeid.inference.torch_detector import load_checkpoint  # noqa: PLC0415

        return load_checkpoint(path, device)
    except ModuleNotFoundError as error:
        extra = _INSTALL.get(str(error.name).partition(".")[0])
        if extra is None:
            raise
        raise CheckpointError(f'{path} needs {error.name}: pip install "fakeid[{extra}]"') from error
