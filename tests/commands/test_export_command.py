"""`fakeid export`: a graph and its model card."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from made_detectors import CALIBRATION, write_detector

from fakeid.config.parse import Config
from fakeid.runs.layout import RunFolder

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
    assert "the checkpoint is no longer in its run folder" in page
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
    write_detector(tmp_path / "tested.ckpt", **CARD, calibration={**asdict(CALIBRATION), "photos": "holiday"})
    typed("export", "tested.ckpt", "x")
    assert "100 photos from holiday" in (tmp_path / "x.md").read_text()
