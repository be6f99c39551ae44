"""Published weights get the normalization that timm would apply, and the checkpoint stores it."""

import functools
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from torch import Tensor, nn

from fakeid.errors import CheckpointError
from fakeid.models.detector import Detector
from fakeid.training.checkpoint import load_module
from fakeid.training.module import DetectorModule

OPTIONS = {"backbone": "resnet18", "residual": "none", "logits": "one", "pretrained": True}
MEAN, STD = (0.1, 0.4, 0.7), (0.5, 0.25, 0.2)
PX = 64


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Provide our own weights instead of downloading."""
    torch.manual_seed(3)
    path = tmp_path / "weights.pth"
    torch.save(timm.create_model("resnet18").state_dict(), path)
    overlay = {"file": str(path), "mean": MEAN, "std": STD, "input_size": (3, PX, PX), "crop_pct": 1.0}
    monkeypatch.setattr(timm, "create_model", functools.partial(timm.create_model, pretrained_cfg_overlay=overlay))


def draw_images(number: int = 2) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (number, PX, PX, 3), dtype=np.uint8)


def to_batch(images: np.ndarray) -> Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2)


def save(module: DetectorModule, path: Path) -> dict[str, Tensor]:
    weights = module.state_dict()
    torch.save({"epoch": 0, "hyper_parameters": dict(module.hparams), "state_dict": weights}, path)
    return weights


@pytest.mark.usefixtures("published")
def test_pretrained_weights_see_what_timm_would_show_them() -> None:
    module = DetectorModule(OPTIONS, channels_last=False).eval()
    bare = timm.create_model("resnet18", num_classes=1, pretrained=True).eval()
    bare.fc.load_state_dict(module.detector.backbone.fc.state_dict())  # the new layer is initialized at random
    config = timm.data.resolve_model_data_config(bare)
    assert (config["mean"], config["std"]) == (MEAN, STD)
    transform = timm.data.create_transform(**config, is_training=False)
    images = draw_images()
    shown = torch.stack([transform(Image.fromarray(image)) for image in images])
    with torch.no_grad():
        assert torch.equal(module.detector.normalization(to_batch(images) / 255), shown)
        torch.testing.assert_close(module(to_batch(images)), bare(shown).squeeze(1), rtol=1e-6, atol=1e-6)
        assert not torch.allclose(module(to_batch(images)), bare(to_batch(images) / 255).squeeze(1), atol=0.01)


@pytest.mark.usefixtures("published")
def test_a_checkpoint_scores_alike_and_fetches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = DetectorModule(OPTIONS).eval()
    save(module, tmp_path / "last.ckpt")
    monkeypatch.undo()
    again = load_module(tmp_path / "last.ckpt")
    with torch.no_grad():
        assert torch.equal(again(to_batch(draw_images())), module(to_batch(draw_images())))


def test_a_checkpoint_from_before_is_refused(tmp_path: Path) -> None:
    weights = save(DetectorModule({**OPTIONS, "pretrained": False}), tmp_path / "last.ckpt")
    checkpoint = torch.load(tmp_path / "last.ckpt", weights_only=True)
    checkpoint["state_dict"] = {name: value for name, value in weights.items() if "normalization" not in name}
    torch.save(checkpoint, tmp_path / "last.ckpt")
    with pytest.raises(CheckpointError, match=r"last\.ckpt does not fit the model .*force=true starts the run over"):
        load_module(tmp_path / "last.ckpt")


def test_without_published_weights_colors_stay_as_they_are() -> None:
    detector = Detector(**{**OPTIONS, "pretrained": False})
    rgb = torch.rand(1, 3, PX, PX)
    assert torch.equal(detector.normalization(rgb), rgb)


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("options", [{"color": "ycbcr"}, {"color": "hsv", "hsv": "circular"}, {"residual": "hpf"}])
def test_statistics_of_rgb_are_for_rgb_alone(options: dict[str, str]) -> None:
    assert isinstance(Detector(**{**OPTIONS, **options}).normalization, nn.Identity)
