"""Evidence adds up to the logit, and is refused for networks that have no positions."""

import pytest
import torch

from fakeid.errors import ConfigError
from fakeid.models.detector import Detector
from fakeid.models.evidence import compute_evidence


def build(backbone: str, **options: str) -> Detector:
    torch.manual_seed(0)
    return Detector(backbone=backbone, **options).eval()


@pytest.mark.parametrize(
    ("backbone", "options"),
    [
        ("pelee", {}),
        ("pelee", {"logits": "one", "color": "hsv", "residual": "npr"}),
        ("resnet18", {}),
        ("legacy_xception", {"residual": "none"}),
        ("efficientnet_b0", {}),
    ],
)
def test_the_mean_over_places_is_the_logit(backbone: str, options: dict[str, str]) -> None:
    detector = build(backbone, **options)
    rgb = torch.rand(2, 3, 128, 96)
    evidence = compute_evidence(detector, rgb)
    with torch.no_grad():
        torch.testing.assert_close(evidence.mean((1, 2)), detector(rgb), atol=1e-5, rtol=1e-5)
    assert evidence.shape[1] > evidence.shape[2] > 1
    assert not evidence.requires_grad
    assert not any(module._forward_hooks for module in detector.modules())


def test_a_small_image_is_one_place() -> None:
    detector, rgb = build("pelee"), torch.rand(1, 3, 40, 40)
    evidence = compute_evidence(detector, rgb)
    assert evidence.shape == (1, 1, 1)
    torch.testing.assert_close(evidence.flatten(), detector(rgb).detach())


def test_a_change_far_away_leaves_a_place_as_it_is() -> None:
    detector = build("resnet18", residual="none")
    rgb = torch.rand(1, 3, 1024, 64)
    changed = rgb.clone()
    changed[..., 960:, :] = 0
    before, after = compute_evidence(detector, rgb), compute_evidence(detector, changed)
    torch.testing.assert_close(before[:, :8], after[:, :8])
    assert (before[:, -2:] - after[:, -2:]).abs().max() > 1e-3


@pytest.mark.parametrize("backbone", ["color_stats", "vit_tiny_patch16_224", "convnext_atto"])
def test_networks_that_end_otherwise_are_refused(backbone: str) -> None:
    with pytest.raises(ConfigError, match="its evidence cannot be located|no last layer"):
        compute_evidence(build(backbone, residual="none"), torch.rand(1, 3, 224, 224))
