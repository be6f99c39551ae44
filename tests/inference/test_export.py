"""An exported detector gives the checkpoint's scores, from file bytes on, without torch."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import cv2
import numpy as np
import onnx
import onnxruntime
import PIL.Image
import pytest
from made_detectors import build_detector, write_detector

from fakeid.errors import CheckpointError, DataError, OutputError
from fakeid.inference import export
from fakeid.inference.detector import load_detector
from fakeid.inference.export import export_onnx
from fakeid.inference.predictor import Predictor
from fakeid.models.residuals import RESIDUALS

CLOSE = 1e-4
SIDE = 64


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rotated JPEG, PNG with alpha and gray PNG, palettes, WebP; small, large and non-square images."""
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(0)

    def draw(height: int, width: int) -> PIL.Image.Image:
        coarse = cv2.resize(rng.integers(0, 256, (7, 9, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
        return PIL.Image.fromarray(np.clip(coarse + rng.normal(0, 8, coarse.shape), 0, 255).astype(np.uint8))

    exif = PIL.Image.Exif()
    exif[274] = 6  # rotated by 90 degrees
    draw(100, 150).save(folder / "turned.jpg", quality=90, exif=exif)
    transparent = draw(64, 64)
    transparent.putalpha(PIL.Image.fromarray(rng.integers(0, 256, (64, 64), np.uint8)))
    transparent.save(folder / "alpha.png")
    draw(64, 64).convert("L").save(folder / "gray.png")
    draw(64, 64).convert("P").save(folder / "palette.png")
    draw(64, 64).save(folder / "x.webp", quality=80)
    draw(60, 64).save(folder / "low.png")
    draw(200, 90).save(folder / "tiles.bmp")
    return folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a checkpoint, `tested.ckpt`, and its graph, `x.onnx`."""
    folder = tmp_path_factory.mktemp("exported")
    checkpoint = write_detector(folder / "tested.ckpt", image_px=SIDE, network={"backbone": "pelee"})
    export_onnx(checkpoint, folder / "x.onnx")
    return folder


def compare(checkpoint: Path, exported: Path, files: Path) -> tuple[list[float], list[float]]:
    """Return logits of all files by torch and by onnxruntime; NaN if torch finds an image too small for the network."""
    found = []
    for place in (checkpoint, exported):
        predictions = list(Predictor(load_detector(place, "cpu")).predict_folder(files))
        assert len(predictions) == 7
        assert sum(not each.error for each in predictions) > 1
        found.append([np.nan if each.logit is None else each.logit for each in predictions])
    return found[0], found[1]


def export_and_compare(checkpoint: Path, files: Path) -> tuple[list[float], list[float]]:
    export_onnx(checkpoint, checkpoint.with_name("x.onnx"))
    return compare(checkpoint, checkpoint.with_name("x.onnx"), files)


def test_it_scores_as_torch_does(exported: Path, files: Path) -> None:
    checkpoint, graph = exported / "tested.ckpt", exported / "x.onnx"
    by_torch, by_onnx = compare(checkpoint, graph, files)
    np.testing.assert_allclose(by_onnx, by_torch, atol=CLOSE)
    assert len(set(np.round(by_torch, 6))) == 7
    assert replace(load_detector(graph).training, smallest_px=8) == load_detector(checkpoint).training


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["pelee", "resnet18"])
@pytest.mark.parametrize("color", ["rgb", "hsv", "ycbcr"])
@pytest.mark.parametrize("residual", RESIDUALS)
def test_every_color_residual_and_two_backbones(
    tmp_path: Path, files: Path, backbone: str, color: str, residual: str
) -> None:
    network = {"backbone": backbone, "color": color, "residual": residual}
    checkpoint = write_detector(tmp_path / "tested.ckpt", image_px=SIDE, network=network)
    by_torch, by_onnx = export_and_compare(checkpoint, files)
    np.testing.assert_allclose(by_onnx, by_torch, atol=CLOSE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "scoring"),
    [
        ({"color": "hsv", "hsv": "circular"}, {}),
        ({"hpf_channels": "each", "hpf_border": "reflect"}, {}),
        ({}, {"views": "crops"}),
        ({}, {"views": "patches"}),
        ({}, {"center_px": 48}),
    ],
)
def test_other_forms_of_color_border_and_views(
    tmp_path: Path, files: Path, network: dict[str, str], scoring: dict[str, object]
) -> None:
    checkpoint = write_detector(tmp_path / "tested.ckpt", image_px=80, network=network, scoring=scoring)
    by_torch, by_onnx = (np.array(logits) for logits in export_and_compare(checkpoint, files))
    judged = ~np.isnan(by_torch)  # the graph does not know which quarters are too small
    np.testing.assert_allclose(by_onnx[judged], by_torch[judged], atol=CLOSE)


def test_an_image_too_small_for_the_graph_is_a_row_with_its_error(tmp_path: Path, exported: Path) -> None:
    cv2.imwrite(str(tmp_path / "0.png"), np.zeros((32, 40, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((SIDE, SIDE, 3), np.uint8))
    detector = load_detector(exported / "x.onnx")
    small, whole = Predictor(detector).predict_folder(tmp_path)
    assert (small.error, whole.error) == ("40 x 32 px is too small to be judged", "")
    assert detector.training.smallest_px == 33  # 29 px after the filter


def test_the_graph_alone_gives_p_fake(exported: Path, files: Path) -> None:
    session = onnxruntime.InferenceSession(exported / "x.onnx")
    rgb = cv2.imread(str(files / "palette.png"))[..., ::-1]
    logit, p_fake = session.run(["logit", "p_fake"], {"rgb_u8": np.stack([rgb] * 3)})
    expected = Predictor(load_detector(exported / "tested.ckpt", "cpu")).predict(rgb)
    np.testing.assert_allclose(logit, [expected.logit] * 3, atol=CLOSE)
    np.testing.assert_allclose(p_fake, [expected.p_fake] * 3, atol=CLOSE)


def test_a_graph_that_scores_otherwise_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = write_detector(tmp_path / "tested.ckpt", image_px=SIDE)
    monkeypatch.setattr(export, "LARGEST_DIFFERENCE", -1.0)
    with pytest.raises(OutputError, match="differs from torch by"):
        export_onnx(checkpoint, tmp_path / "x.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["tested.ckpt"]


def test_a_network_that_onnx_cannot_hold_is_told(tmp_path: Path) -> None:
    network = {"backbone": "color_stats", "residual": "none"}
    checkpoint = write_detector(tmp_path / "tested.ckpt", image_px=SIDE, network=network)
    with pytest.raises(CheckpointError, match=r"cannot be exported to ONNX \(.*bincount.*\); predict"):
        export_onnx(checkpoint, tmp_path / "x.onnx")


@pytest.mark.parametrize(("backbone", "smallest"), [("test_convnext", 32), ("test_vit3", 160)])
def test_timm_networks_that_refuse_small_images_are_exported(tmp_path: Path, backbone: str, smallest: int) -> None:
    network = {"backbone": backbone, "residual": "none", "logits": "one"}
    checkpoint = write_detector(tmp_path / "tested.ckpt", image_px=160, network=network)
    assert export_onnx(checkpoint, tmp_path / "x.onnx") < CLOSE
    assert load_detector(tmp_path / "x.onnx").training.smallest_px == smallest


def test_a_network_that_takes_some_sizes_only_is_told(tmp_path: Path) -> None:
    network = {"backbone": "test_vit", "residual": "none", "logits": "one"}
    checkpoint = write_detector(tmp_path / "tested.ckpt", image_px=160, network=network)
    with pytest.raises(CheckpointError, match=r"ONNX \(Input width \(168\) should be divisible .*\); predict works"):
        export_onnx(checkpoint, tmp_path / "x.onnx")


def test_a_graph_that_takes_no_image_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = write_detector(tmp_path / "tested.ckpt", image_px=SIDE)
    refusing = build_detector(Mock(side_effect=DataError("too small")))
    monkeypatch.setattr(export, "load_onnx", lambda *_: refusing)
    with pytest.raises(CheckpointError, match="the graph takes images of one size only"):
        export_onnx(checkpoint, tmp_path / "x.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["tested.ckpt"]


def test_other_graphs_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"no graph")
    with pytest.raises(CheckpointError, match="is not a detector exported by fakeid"):
        load_detector(tmp_path / "x.onnx")
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    other = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Neg", ["x"], ["y"])], "g", [value], [other])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, str(tmp_path / "y.onnx"))
    with pytest.raises(CheckpointError, match="is not a detector exported by fakeid"):
        load_detector(tmp_path / "y.onnx")
    with pytest.raises(CheckpointError, match="does not run on mps"):
        load_detector(tmp_path / "y.onnx", "mps")


def test_it_is_used_without_any_package_of_training(exported: Path, files: Path) -> None:
    program = (
        "import sys\n"
        "from fakeid.terminal import _TRAINING\n"
        "sys.modules.update(dict.fromkeys(_TRAINING, None))\n"  # importing any of these fails
        "from fakeid.cli import main\n"
        "main(sys.argv[1:])"
    )
    words = [sys.executable, "-c", program, "predict", "x.onnx", str(files), "--json", "-"]
    ended = subprocess.run(words, cwd=exported, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert {json.loads(line)["verdict"] for line in ended.stdout.splitlines()} <= {"real", "fake", "unsure"}
    needy = subprocess.run(
        [*words[:3], "predict", "tested.ckpt", str(files)], cwd=exported, capture_output=True, text=True, check=False
    )
    assert needy.returncode == 1
    assert needy.stderr == 'fakeid: tested.ckpt needs torch: pip install "fakeid[torch]"\n'
    trained = subprocess.run([*words[:3], "train"], cwd=exported, capture_output=True, text=True, check=False)
    assert trained.returncode == 1
    assert trained.stderr == 'fakeid: this command needs hydra, which is not installed: pip install "fakeid[train]"\n'
