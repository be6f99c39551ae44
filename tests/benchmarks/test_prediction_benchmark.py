"""`fakeid benchmark prediction` scores with torch and onnxruntime and says which is faster."""

from pathlib import Path

import pytest
from made_detectors import write_detector

from fakeid.benchmarks.prediction import run_prediction_benchmark


def test_both_are_measured_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rates = run_prediction_benchmark(write_detector(tmp_path / "x.ckpt", image_px=64), rounds=2, batch_size=2)
    assert list(rates) == ["torch", "onnxruntime"]
    assert min(rates.values()) > 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[-2] == ["torch", f"{rates['torch']:.1f}", "1.00"]
    assert lines[-1] == ["onnxruntime", f"{rates['onnxruntime']:.1f}", f"{rates['onnxruntime'] / rates['torch']:.2f}"]
