"""Compare the prediction speed of a detector with torch, from its checkpoint, and with onnxruntime, from its export."""

import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console

from fakeid.benchmarks.harness import build_table, take_turns, time_call
from fakeid.inference.detector import find_detector, load_detector
from fakeid.inference.export import export_onnx


def run_prediction_benchmark(checkpoint: Path, rounds: int, batch_size: int) -> dict[str, float]:
    """Score the same noise with torch and onnxruntime on the CPU, in turns, and print the medians.

    Args:
        checkpoint: Folder of a run, or its checkpoint.
        rounds: Number of repetitions.
        batch_size: Number of squares scored at once.

    Returns:
        Images per second of `torch` and `onnxruntime`.
    """
    path = find_detector(checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        exported = Path(folder) / "model.onnx"
        export_onnx(path, exported)
        detectors = {"torch": load_detector(path, "cpu"), "onnxruntime": load_detector(exported, "cpu")}
    side = detectors["torch"].training.image_px
    tiles = np.random.default_rng(0).integers(0, 256, (batch_size, side, side, 3), np.uint8)
    for detector in detectors.values():
        detector.score(tiles)  # the first call allocates
    ways = {name: lambda _, score=each.score: time_call(score, tiles) for name, each in detectors.items()}
    rates = {name: batch_size / seconds for name, seconds in take_turns(ways, rounds).items()}
    table = build_table(f"squares of {side} px, {batch_size} at once", "images/s", "ratio")
    for name, rate in rates.items():
        table.add_row(name, f"{rate:.1f}", f"{rate / rates['torch']:.2f}")
    Console(highlight=False).print(table)
    return rates
