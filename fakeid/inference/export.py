"""Write a detector as one ONNX graph, from 8-bit pixels to P(fake), with all that prediction has to know of it."""

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
"""Of a logit, between torch and onnxruntime."""

_OPSET: Final = 18
_PROBES: Final = 4


class _Graph(nn.Module):
    """What is exported: the network, then the calibration."""

    def __init__(self, network: ScoringNetwork, training: Training) -> None:
        super().__init__()
        self.network = network
        known = training.calibration
        self._scale, self._bias = (known.scale, known.bias) if known else (1.0, 0.0)

    def forward(self, rgb_u8: Tensor) -> tuple[Tensor, Tensor]:
        """Compute logits and P(fake), (N,) float32 each."""
        logits = self.network(rgb_u8)
        return logits, torch.sigmoid(self._scale * logits + self._bias)


def export_onnx(checkpoint: Path, output: Path) -> float:
    """Write a checkpoint as an ONNX file and compare the two.

    The graph takes `rgb_u8` (N, H, W, 3) uint8 of any N, H and W that the network takes, and gives `logit` and
    `p_fake`, (N,) float32. Its metadata hold what `fakeid predict` needs. Large images are cut into squares before it.

    Returns:
        The largest difference of a logit between torch and onnxruntime, on noise and on smooth images, square and not.

    Raises:
        CheckpointError: Missing, damaged, without what a test writes into it, or of a network that ONNX cannot hold.
        OutputError: The two differ by more than `LARGEST_DIFFERENCE`; nothing is written.
    """
    network, training = build_network(checkpoint)
    training = replace(training, smallest_px=_find_smallest(network, training.image_px))
    graph = _Graph(network, training).eval()
    temporary = output.with_name(f".{output.name}.exporting.onnx")
    try:
        _trace(graph, training.image_px, temporary)
        _describe(temporary, training)
        difference = _compare(network, temporary, training.image_px)
        if not difference <= LARGEST_DIFFERENCE:
            raise OutputError(
                f"the exported graph differs from torch by {difference:.1e} in a logit: nothing is written"
            )
        content = temporary.read_bytes()
    finally:
        temporary.unlink(missing_ok=True)
    write_atomically(output, lambda file: file.write(content))
    return difference


def _find_smallest(network: ScoringNetwork, side: int) -> int:
    """Find the smallest square that the network takes."""
    for smaller in range(Training.smallest_px, side):
        with suppress(DataError), torch.inference_mode():
            network(torch.zeros((1, smaller, smaller, 3), dtype=torch.uint8))
            return smaller
    return side


def _trace(graph: nn.Module, side: int, path: Path) -> None:
    example = torch.zeros((2, side, side + 8, 3), dtype=torch.uint8)  # no two sides alike: they must not be confused
    sizes = {0: "images", 1: "height", 2: "width"}
    try:
        with warnings.catch_warnings():
            # torch's newer exporter writes the same graph in twenty times the time, and needs one more package.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                graph, (example,), str(path), dynamo=False, opset_version=_OPSET, input_names=[INPUT],
                output_names=[LOGIT, P_FAKE],
                dynamic_axes={INPUT: sizes, LOGIT: {0: "images"}, P_FAKE: {0: "images"}},
            )  # fmt: skip
    except torch.onnx.OnnxExporterError as error:
        first = str(error).splitlines()[0]
        raise CheckpointError(
            f"this network cannot be written as ONNX ({first}); predict takes its checkpoint"
        ) from error


def _describe(path: Path, training: Training) -> None:
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, {METADATA: json.dumps(asdict(training))})
    model.producer_name = "fakeid"
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _compare(network: ScoringNetwork, path: Path, side: int) -> float:
    """Find the largest difference of a logit."""
    exported = load_onnx(path, "cpu").score
    rng = np.random.default_rng(0)
    found = []
    for height, width in ((side, side), (side, side * 7 // 8), (side * 7 // 8, side)):
        noise = rng.integers(0, 256, (_PROBES, height, width, 3), np.uint8)
        ramp = np.broadcast_to(np.linspace(0, 255, width).astype(np.uint8)[:, None], noise.shape)
        for images in (noise, np.ascontiguousarray(ramp), noise // 8 + ramp // 2):
            with suppress(DataError), torch.inference_mode():  # what is too small for the network is so for both
                expected = network(torch.from_numpy(images)).numpy()
                found.append(np.abs(exported(images) - expected).max())
    return float(np.max(found))
