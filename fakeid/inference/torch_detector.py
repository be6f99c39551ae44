"""Run a detector from a checkpoint with torch."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from fakeid.checkpoints import CARD, hash_content, read_checkpoint, save_checkpoint
from fakeid.errors import CheckpointError, ConfigError, DataError, DeviceError, FakeidError, OutputError
from fakeid.evaluation.calibration import Calibration
from fakeid.images.file_facts import TrainedFiles
from fakeid.inference.detector import TrainedDetector, Training, find_detector
from fakeid.io import clear_output_errors, parse_record
from fakeid.models.detector import Detector, average_views
from fakeid.models.evidence import compute_evidence

_PREFIX: Final = "detector."


@dataclass(frozen=True)
class _Card:
    """The part of `fakeid.training.checkpoint.Card` that prediction needs."""

    name: str
    config: dict[str, Any]
    calibration: dict[str, Any] | None
    files: TrainedFiles | None = None


class ScoringNetwork(nn.Module):
    """A trained network with the views of its test, from RGB uint8 (N, H, W, 3) to logits, float32 (N,).

    Args:
        network: Network from RGB (N, 3, H, W) in [0, 1] to logits (N,).
        views: Views that are averaged, as in `average_views`.
        center_px: Side of the central crop in pixels, as in `average_views`.
        image_px: Side of the training images, in pixels, which the network is known to accept.
    """

    def __init__(self, network: Detector, views: str, center_px: int | None, image_px: int) -> None:
        super().__init__()
        self.network = network
        self._views = views
        self._center_px = center_px
        self._image_px = image_px

    def forward(self, rgb_u8: Tensor) -> Tensor:
        """Compute the logits of a batch.

        Raises:
            DataError: The images are too small for the network.
        """
        try:
            return average_views(self.network, _to_float(rgb_u8), self._views, self._center_px)
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, AssertionError) as error:  # raised by timm's networks, which do not say why
            height, width = rgb_u8.shape[1:3]
            if min(height, width) >= self._image_px:
                raise
            raise DataError(f"{width} x {height} px is too small for the network") from error

    def locate(self, rgb_u8: Tensor) -> Tensor:
        """Compute maps of evidence (N, h, w), whose mean over positions is the logit; see `compute_evidence`.

        Raises:
            ConfigError: The network does not end in a mean over positions, or it scores parts of an image separately.
        """
        if self._views != "full" or self._center_px is not None:
            raise ConfigError("this detector scores parts of an image separately: it has no single map of evidence")
        return compute_evidence(self.network, _to_float(rgb_u8))


def _to_float(rgb_u8: Tensor) -> Tensor:
    return rgb_u8.permute(0, 3, 1, 2).float().div(255)  # (N, 3, H, W), channels last


def choose_device() -> str:
    """Choose the fastest device that torch can use here."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def load_checkpoint(path: Path, device: str | None = None) -> TrainedDetector:
    """Load a detector; see `fakeid.inference.detector.load_detector`."""
    network, training = build_network(path)
    device = device or choose_device()
    try:
        network = network.to(device).to(memory_format=torch.channels_last)
    except (RuntimeError, AssertionError) as error:  # torch has one for each kind of device
        reason = str(error).strip().partition("\n")[0]
        raise DeviceError(f"torch cannot use --device {device} here ({reason}): use cpu, or omit --device") from error

    def score(rgb_u8: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        with torch.inference_mode():
            logits: Tensor = network(torch.from_numpy(rgb_u8).to(device))
        return logits.cpu().numpy().astype(np.float64)

    def locate(rgb_u8: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        return network.locate(torch.from_numpy(rgb_u8).to(device)).cpu().numpy().astype(np.float64)

    return TrainedDetector(score, training, locate)


def build_network(path: Path) -> tuple[ScoringNetwork, Training]:
    """Rebuild the network of a checkpoint on the CPU, in evaluation mode.

    Raises:
        CheckpointError: The file is missing or damaged, or lacks what a test writes into it.
    """
    checkpoint = read_checkpoint(path)
    try:
        card = parse_record(checkpoint.get(CARD), _Card)
        data = card.config["data"]
        training = Training.from_plain({
            "name": card.name, "weights": hash_content(checkpoint), "image_px": data["image_px"], "prep": data["prep"],
            "source": data["source"], "calibration": card.calibration, "files": card.files,
        })  # fmt: skip
    except (ValueError, TypeError, KeyError) as error:
        raise CheckpointError(
            f"{path} does not say what it was trained on ({error}): take tested.ckpt of a finished run, and train a "
            "run of an earlier release again (force=true)"
        ) from error
    options = checkpoint["hyper_parameters"]
    try:
        # The checkpoint's weights replace the published ones, which need not be downloaded.
        network = Detector(**{**options["detector"], "pretrained": False})
        network.load_state_dict({
            name.removeprefix(_PREFIX): weights
            for name, weights in checkpoint["state_dict"].items() if name.startswith(_PREFIX)
        })  # fmt: skip
    except (FakeidError, ImportError):
        raise
    except Exception as error:
        raise CheckpointError(f"{path} describes a detector that cannot be built ({error})") from error
    views, center_px = options.get("views", "full"), options.get("center_px")
    return ScoringNetwork(network, views, center_px, training.image_px).eval(), training


def write_calibrated(place: Path, output: Path, calibration: Calibration) -> None:
    """Write a copy of a checkpoint with another calibration, under a name that says so.

    Args:
        place: Folder of a run, or a checkpoint.
        output: File to write.
        calibration: Calibration of the copy.

    Raises:
        CheckpointError: The checkpoint is missing, damaged, or not that of a detector.
        OutputError: The output file already exists or cannot be written.
    """
    checkpoint = read_checkpoint(find_detector(place))
    plain = asdict(calibration)
    digest = hashlib.sha256(repr(plain).encode()).hexdigest()[:8]
    card = {**checkpoint[CARD], "calibration": plain, "name": f"{checkpoint[CARD]['name']}-calibrated-{digest}"}
    if output.exists():
        raise OutputError(f"{output} already exists: name another file with --output")
    with clear_output_errors(output.parent, "--output"):
        save_checkpoint({**checkpoint, CARD: card}, output)
