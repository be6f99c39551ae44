import pytest
import torch
from torch import Tensor, nn

from fakeid.errors import DataError
from fakeid.models.detector import Detector


def _rgb(px: int, device: torch.device, batch: int = 2) -> Tensor:
    levels = torch.randint(256, (batch, 3, px, px), generator=torch.Generator().manual_seed(4))
    return levels.to(device) / 255


def _detector(device: torch.device, **options: object) -> Detector:
    torch.manual_seed(5)
    return Detector(**options).to(device)


def test_default_has_the_papers_parameters() -> None:
    assert sum(p.numel() for p in Detector().parameters()) == 2_240_289


@pytest.mark.parametrize(
    "options",
    [
        {"color": "hsv"},
        {"color": "hsv", "hsv": "circular", "hpf_channels": "each", "hpf_border": "reflect", "bottleneck": "published"},
        {"color": "ycbcr", "residual": "none", "dropout": 0.2, "dropout_at": "classifier"},
        {"residual": "bayar", "hpf_channels": "each"},
    ],
)
def test_every_option_trains(options: dict[str, object], device: torch.device) -> None:
    detector = _detector(device, **options)
    logit = detector(_rgb(64, device))
    assert logit.shape == (2,)
    assert logit.dtype == torch.float32
    logit.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in detector.parameters())


def test_layers_follow_one_another(device: torch.device) -> None:
    detector = _detector(device, color="ycbcr", hpf_channels="each").eval()
    rgb = _rgb(64, device)
    expected = detector.backbone(detector.residual(detector.color(rgb))).flatten()
    torch.testing.assert_close(detector(rgb), expected)


def test_timm_backbone_sees_color_without_residual(device: torch.device) -> None:
    detector = _detector(device, backbone="resnet18", color="hsv", hsv="circular", residual="none").eval()
    assert detector.backbone.conv1.in_channels == 4
    assert detector(_rgb(64, device)).shape == (2,)


@pytest.mark.parametrize("color", ["hsv", "ycbcr"])
def test_backbone_gets_the_same_residual_under_autocast(color: str, device: torch.device) -> None:
    detector = _detector(device, color=color).eval()
    seen: list[Tensor] = []
    detector.backbone.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    rgb = _rgb(40, device)
    exact = detector(rgb)
    with torch.autocast(device.type, torch.bfloat16):
        rounded = detector(rgb)
    assert seen[0].dtype == seen[1].dtype == torch.float32
    assert torch.equal(*seen)
    assert rounded.dtype == torch.float32
    assert not torch.equal(rounded, exact)  # if equal, autocast was off in the backbone too


def test_channels_last_reaches_every_convolution(device: torch.device) -> None:
    detector = _detector(device).eval()
    rgb = _rgb(64, device)
    expected = detector(rgb)
    detector.to(memory_format=torch.channels_last)
    strided: list[bool] = []
    for module in detector.backbone.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(
                lambda _, __, out: strided.append(out.is_contiguous(memory_format=torch.channels_last))
            )
    logit = detector(rgb.to(memory_format=torch.channels_last))
    assert all(strided)
    assert len(strided) == 92
    torch.testing.assert_close(logit, expected, rtol=1e-3, atol=1e-4)


def test_state_dict_holds_the_backbone_alone() -> None:
    assert all(name.startswith("backbone.") for name in Detector(color="hsv").state_dict())


def test_learns_to_tell_two_kinds_of_noise_apart(device: torch.device) -> None:
    detector = _detector(device)
    optimizer = torch.optim.Adam(detector.parameters(), lr=1e-3)
    generator = torch.Generator().manual_seed(6)

    def draw() -> tuple[Tensor, Tensor]:
        rgb = torch.rand(16, 3, 40, 40, generator=generator)
        rgb[8:] = rgb[8:, :, ::2, ::2].repeat_interleave(2, 2).repeat_interleave(2, 3)  # nearest-neighbor up-sampling
        return rgb.to(device), (torch.arange(16) >= 8).float().to(device)

    for _ in range(12):
        rgb, label = draw()
        loss = nn.functional.binary_cross_entropy_with_logits(detector(rgb), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    rgb, label = draw()
    assert ((detector(rgb) > 0) == label.bool()).float().mean().item() == 1


def test_8_bit_input_is_refused(device: torch.device) -> None:
    with pytest.raises(TypeError, match=r"got torch\.uint8; divide 8-bit images by 255"):
        _detector(device)(torch.zeros(1, 3, 64, 64, dtype=torch.uint8, device=device))


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 1, 64, 64), (1, 64, 64, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...], device: torch.device) -> None:
    with pytest.raises(ValueError, match=r"expected RGB of shape \(N, 3, H, W\)"):
        _detector(device)(torch.zeros(shape, device=device))


def test_smallest_image(device: torch.device) -> None:
    assert _detector(device)(_rgb(33, device)).isfinite().all()
    with pytest.raises(DataError, match=r"at least 29 x 29 px, got 28 x 28; raise data\.image_px"):
        _detector(device)(_rgb(32, device))
