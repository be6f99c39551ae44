"""`fakeid export`: a graph and its model card."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from made_detectors import CALIBRATION, FILES, write_detector

from fakeid.commands import export as command
from fakeid.config.parse import Config
from fakeid.runs.layout import RunFolder
from fakeid.training.checkpoint import read_card

Typed = Callable[..., tuple[int, str, str]]
CARD = {
    "categories": ["cat"], "generators": ["progan"], "held_out": "sheep", "precision": "bf16",
    "data": {"source": {"source": "lsun_progan"}, "digest": "abcd", "images": {"train": 2000, "val": 100, "test": 300}},
}  # fmt: skip


def test_graph_and_page_are_written_once(typed: Typed, tmp_path: Path) -> None:
    write_detector(tmp_path / "tested.ckpt", **CARD)
    code, out, err = typed("export", "tested.ckpt", "out/model")
    assert (code, err) == (0, "")
    assert out.splitlines()[1:] == ["graph    out/model.onnx", "card     out/model.md"]
    page = (tmp_path / "out" / "model.md").read_text()
    assert page.startswith("# made\n\nA detector of GAN-generated images, by fakeid. Weights `")
    assert "images 2,000 for training, 100 for validation and 300 for testing; digest `abcd`" in page
    assert "- content: cat; held out: sheep" in page
    assert "- stored as: JPEG 70 to 90 and lossless" in page
    assert "calls 5.0 % [2.0, 11.0] of 100 validation reals fake" in page
    assert "only `checkpoints/tested.ckpt` in a run's folder has results" in page
    code, _, err = typed("export", "tested.ckpt", "out/model.onnx")
    assert (code, err) == (1, f"fakeid: {Path('out/model.onnx')} already exists: choose another name for OUTPUT\n")
    assert typed("predict", "out/model.onnx", "out/model.md")[0] == 0
    code, _, err = typed("export", "out/model.onnx", "again")
    assert "is already exported" in err


def test_of_a_run_the_page_has_its_results(typed: Typed, trained: Config, tmp_path: Path) -> None:
    run = RunFolder.locate(trained)
    assert typed("export", str(run.path), "model.onnx")[0] == 0
    page = (tmp_path / "model.md").read_text()
    assert "| images of | real | fake | accuracy % |" in page
    assert "Do not use." in page or "drawings" in page
    run.summary.write_text("{}")
    code, out, _ = typed("export", str(run.path), "other.onnx")
    assert code == 0
    assert "the model card has no results" in out


def test_a_threshold_from_photos_is_told(typed: Typed, tmp_path: Path) -> None:
    known = {"calibration": {**asdict(CALIBRATION), "photos": "holiday"}, "files": asdict(replace(FILES, webp=True))}
    write_detector(tmp_path / "tested.ckpt", **CARD, **known)
    typed("export", "tested.ckpt", "x")
    page = (tmp_path / "x.md").read_text()
    assert "of 100 photos from holiday fake." in page
    assert "- stored as: JPEG 70 to 90, WebP and lossless" in page


def test_the_condition_that_decided_is_told(typed: Typed, tmp_path: Path) -> None:
    known = {**asdict(CALIBRATION), "conditions": ("none", "jpeg-75"), "decided_by": "jpeg-75"}
    write_detector(tmp_path / "tested.ckpt", **CARD, calibration=known)
    typed("export", "tested.ckpt", "x")
    told = "of 100 validation reals fake with JPEG 75, the strictest of clean images and JPEG 75. P(fake)"
    assert told in (tmp_path / "x.md").read_text()


def test_a_checkpoint_at_the_root_has_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = read_card(write_detector(tmp_path / "tested.ckpt", **CARD))
    for name, found in {"find_detector": Path("/x.ckpt"), "read_card": card, "export_onnx": 0.0}.items():
        monkeypatch.setattr(command, name, lambda *_, found=found: found)
    monkeypatch.setattr(command, "hash_checkpoint", str)
    command.export(Path("/x.ckpt"), tmp_path / "x")
    assert "has results" in (tmp_path / "x.md").read_text()
