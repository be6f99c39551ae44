"""Export a detector as one ONNX graph from 8-bit pixels to P(fake), with everything that prediction needs to know."""

import json
import warnings
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from fakeid.errors import CheckpointError, DataError, OutputError
from fakeid.inference.detector import Training
from fakeid.inference.onnx_detector import INPUT, LOGIT, METADATA, P_FAKE, load_onnx
from fakeid.inference.torch_detector import ScoringNetwork, build_network
from fakeid.io import write_atomically

LARGEST_DIFFERENCE: Final = 1e-4
"""The largest tolerated difference of a logit between torch and onnxruntime."""

_OPSET: Final = 18
_PROBES: Final = 4


class _Graph(nn.Module):
    """The exported module: the network followed by the calibration."""

    def __init__(self, network: ScoringNetwork, training: Training) -> None:
        super().__init__()
        self.network = network
        known = training.calibration
        self._scale, self._bias = (known.scale, known.bias) if known else (1.0, 0.0)

    def forward(self, rgb_u8: Tensor) -> tuple[Tensor, Tensor]:
        """Compute logits and P(fake), float32 (N,) each."""
        logits = self.network(rgb_u8)
        return logits, torch.sigmoid(self._scale * logits + self._bias)


def export_onnx(checkpoint: Path, output: Path) -> float:
    """Export a checkpoint as an ONNX file and compare the two.

    The graph takes `rgb_u8`, uint8 (N, H, W, 3), with any N, H and W that the network accepts, and returns `logit` and
    `p_fake`, float32 (N,). Its metadata contain what `fakeid predict` needs. Large images must be cut into squares
    beforehand.

    Args:
        checkpoint: Checkpoint to export.
        output: ONNX file to write.

    Returns:
        Largest difference of a logit between torch and onnxruntime, on noise and smooth images, square and not.

    Raises:
        CheckpointError: The checkpoint is missing or damaged, lacks what a test writes into it, or has a network that
            ONNX cannot represent.
        OutputError: The two differ by more than `LARGEST_DIFFERENCE`; nothing is written.
    """
    network, training = build_network(checkpoint)
    training = replace(training, smallest_px=_find_smallest(network, training.image_px))
    graph = _Graph(network, training).eval()
    temporary = output.with_name(f".{output.name}.exporting.onnx")
    try:
        _trace(graph, training, temporary)
        _describe(temporary, training)
        difference = _compare(network, temporary, training.image_px)
        if not difference <= LARGEST_DIFFERENCE:
            raise OutputError(
                f"the exported graph differs from torch by {difference:.1e} in a logit: nothing was written"
            )
        content = temporary.read_bytes()
    finally:
        temporary.unlink(missing_ok=True)
    write_atomically(output, lambda file: file.write(content))
    return difference


def _find_smallest(network: ScoringNetwork, side: int) -> int:
    """Find the side of the smallest square that the network accepts, in pixels."""
    for smaller in range(Training.smallest_px, side):
        with suppress(DataError), torch.inference_mode():
            network(torch.zeros((1, smaller, smaller, 3), dtype=torch.uint8))
            return smaller
    return side


def _trace(graph: nn.Module, training: Training, path: Path) -> None:
    side = training.image_px
    # Unequal sizes, so as not to confuse them, unless the network may accept only one.
    width = side if training.smallest_px == side else side + 8
    example = torch.zeros((2, side, width, 3), dtype=torch.uint8)
    sizes = {0: "images", 1: "height", 2: "width"}
    try:
        with warnings.catch_warnings():
            # torch's newer exporter takes twenty times as long for the same graph, and needs one more package.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                graph, (example,), str(path), dynamo=False, opset_version=_OPSET, input_names=[INPUT],
                output_names=[LOGIT, P_FAKE],
                dynamic_axes={INPUT: sizes, LOGIT: {0: "images"}, P_FAKE: {0: "images"}},
            )  # fmt: skip
    except (RuntimeError, AssertionError) as error:
        raise _refuse(str(error).strip().partition("\n")[0]) from error


def _refuse(reason: str) -> CheckpointError:
    return CheckpointError(f"this network cannot be exported to ONNX ({reason}); predict works with its checkpoint")


def _describe(path: Path, training: Training) -> None:
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, {METADATA: json.dumps(asdict(training))})
    model.producer_name = "fakeid"
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _compare(network: ScoringNetwork, path: Path, side: int) -> float:
    """Compute the largest difference of a logit between the two.

    Raises:
        CheckpointError: The graph takes no image that the network takes.
    """
    exported = load_onnx(path, "cpu").score
    rng = np.random.default_rng(0)
    found = []
    for height, width in ((side, side), (side, side * 7 // 8), (side * 7 // 8, side)):
        noise = rng.integers(0, 256, (_PROBES, height, width, 3), np.uint8)
        ramp = np.broadcast_to(np.linspace(0, 255, width).astype(np.uint8)[:, None], noise.shape)
        for images in (noise, np.ascontiguousarray(ramp), noise // 8 + ramp // 2):
            with suppress(DataError), torch.inference_mode():  # too small for one is too small for both
                expected = network(torch.from_numpy(images)).numpy()
                found.append(np.abs(exported(images) - expected).max())
    if not found:
        raise _refuse("the graph takes images of one size only")
    return float(np.max(found))
