"""The examples in docstrings work."""

import doctest
import importlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_detectors import write_detector

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "fakeid").rglob("*.py")
    if ">>> " in path.read_text()
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "my_run" / "checkpoints").mkdir(parents=True)
    write_detector(tmp_path / "runs" / "my_run" / "checkpoints" / "tested.ckpt")
    (tmp_path / "photos").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (60, 40, 3), np.uint8)
    for place in ("photo.png", "photos/a.png"):
        cv2.imwrite(place, noise)
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"no image")
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted
    assert not found.failed
