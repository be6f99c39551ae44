"""A trained detector as prediction needs it: one function from pixels to scores, and what is known of its training."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from fakeid.checkpoints import CARD, TrainedFiles, hash_checkpoint, read_checkpoint, save_checkpoint
from fakeid.errors import CheckpointError, FakeidError, OutputError
from fakeid.evaluation.calibration import Calibration
from fakeid.io import clear_output_errors, parse_record
from fakeid.models.detector import Detector, average_views

ScoreTiles: TypeAlias = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float64]]
"""RGB uint8 (N, H, W, 3) → logits (N,)."""

_PREFIX: Final = "detector."
_TESTED: Final = Path("checkpoints") / "tested.ckpt"
_DRAWN: Final = "demo"


@dataclass(frozen=True)
class _Card:
    """The part of `fakeid.training.checkpoint.Card` that prediction needs."""

    name: str
    config: dict[str, Any]
    calibration: dict[str, Any] | None
    files: TrainedFiles | None = None


@dataclass(frozen=True)
class TrainedDetector:
    """A detector in use.

    Attributes:
        score: Scores squares in float32.
        model: Name of the run and hash of the weights.
        image_px: Side of the training images, and of the squares.
        prep: How training images were brought to that size: `crop`, `squash` or `center_crop`.
        source: The kind of data that it was trained on, such as `lsun_progan`.
        calibration: Its threshold and what it means; None where it had no validation images.
        files: How the training images were stored; None where it is not known.
    """

    score: ScoreTiles
    model: str
    image_px: int
    prep: str
    source: str
    calibration: Calibration | None
    files: TrainedFiles | None

    @property
    def is_trained_on_drawings(self) -> bool:
        """Tell whether it has seen the built-in drawings only, and no photo."""
        return self.source == _DRAWN


def find_checkpoint(place: Path) -> Path:
    """Find the checkpoint of a finished run, or take the file that is named.

    Raises:
        CheckpointError: There is none.
    """
    if place.is_dir():
        path = place / _TESTED
        if not path.exists():
            raise CheckpointError(
                f"{place} holds no {_TESTED}: give the folder of a finished run, or a checkpoint file"
            )
        return path
    if not place.exists():
        raise CheckpointError(f"there is no run and no checkpoint at {place}")
    return place


def choose_device() -> str:
    """Choose the fastest device that torch can use here."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def load_detector(place: Path, device: str | None = None) -> TrainedDetector:
    """Load the detector of a finished run.

    Args:
        place: A run's folder, or its `tested.ckpt`.
        device: `cpu`, `cuda` or `mps`; None chooses.

    Raises:
        CheckpointError: Missing, damaged, or without what a test writes into it.
    """
    path = find_checkpoint(place)
    checkpoint = read_checkpoint(path)
    try:
        card = parse_record(checkpoint.get(CARD), _Card)
        data = card.config["data"]
        image_px, prep, source = int(data["image_px"]), str(data["prep"]), str(data["source"])
        calibration = Calibration.from_plain(card.calibration) if card.calibration else None
    except (ValueError, TypeError, KeyError, AssertionError) as error:
        raise CheckpointError(
            f"{path} does not say what it was trained on ({error}): take tested.ckpt of a finished run, and train a "
            "run of an earlier release again (force=true)"
        ) from error
    score = _build_score(checkpoint, path, device or choose_device())
    model = f"{card.name} {hash_checkpoint(path)}"
    return TrainedDetector(score, model, image_px, prep, source, calibration, card.files)


def write_calibrated(place: Path, output: Path, calibration: Calibration) -> None:
    """Write a copy of a checkpoint with another calibration; its name says so.

    Raises:
        CheckpointError: Missing, damaged, or without what a test writes into it.
        OutputError: The copy is there already, or cannot be written.
    """
    checkpoint = read_checkpoint(find_checkpoint(place))
    plain = asdict(calibration)
    digest = hashlib.sha256(repr(plain).encode()).hexdigest()[:8]
    card = {**checkpoint[CARD], "calibration": plain, "name": f"{checkpoint[CARD]['name']}-calibrated-{digest}"}
    if output.exists():
        raise OutputError(f"{output} is there already: name another file with --output")
    with clear_output_errors(output.parent, "--output"):
        save_checkpoint({**checkpoint, CARD: card}, output)


def _build_score(checkpoint: dict[str, Any], path: Path, device: str) -> ScoreTiles:
    """Rebuild the network, with the views that its test took."""
    options = checkpoint["hyper_parameters"]
    # The checkpoint's weights replace published ones, which must not be fetched for that.
    try:
        network = Detector(**{**options["detector"], "pretrained": False})
        network.load_state_dict({
            name.removeprefix(_PREFIX): weights
            for name, weights in checkpoint["state_dict"].items() if name.startswith(_PREFIX)
        })  # fmt: skip
    except FakeidError:
        raise
    except ImportError as error:
        raise CheckpointError(f"{path} has a network of {error.name}: pip install {error.name}") from error
    except Exception as error:
        raise CheckpointError(f"{path} describes a detector that cannot be built ({error})") from error
    network = network.to(device).to(memory_format=torch.channels_last).eval()
    views, center_px = options.get("views", "full"), options.get("center_px")

    def score(rgb_u8: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        rgb = torch.from_numpy(rgb_u8).to(device).permute(0, 3, 1, 2).float().div(255)  # (N, 3, H, W), channels last
        with torch.inference_mode():
            logits = average_views(network, rgb, views, center_px)
        return logits.cpu().numpy().astype(np.float64)

    return score
