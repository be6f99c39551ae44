"""Properties that all residuals share."""

import pytest
import torch
from torch import Tensor

from fakeid.config.choices import ResidualName
from fakeid.errors import DataError
from fakeid.models.residuals import RESIDUALS, FilterResidual, Residual, build_residual

NAMES = list(RESIDUALS)


def test_every_name_that_can_be_typed_is_built() -> None:
    assert [name.value for name in ResidualName] == NAMES


def build(name: str, device: torch.device, in_channels: int = 3, **options: str) -> Residual:
    torch.manual_seed(3)
    return build_residual(name, in_channels, **options).to(device)


def draw(device: torch.device, channels: int = 3, height: int = 11, width: int = 8) -> Tensor:
    return torch.rand(2, channels, height, width, generator=torch.Generator().manual_seed(1)).to(device)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channels", ["sum", "each"])
@pytest.mark.parametrize("border", ["valid", "reflect"])
@pytest.mark.parametrize("in_channels", [3, 4])
def test_promises_its_channels(name: str, channels: str, border: str, in_channels: int, device: torch.device) -> None:
    residual = build(name, device, in_channels, channels=channels, border=border)
    image = draw(device, in_channels)
    filtered = residual(image)
    assert filtered.dtype == torch.float32
    assert filtered.shape[:2] == (2, residual.out_channels)
    if isinstance(residual, FilterResidual):
        assert filtered.shape[2:] == ((11, 8) if border == "reflect" else (7, 4))
        assert residual.out_channels == residual.num_filters * (1 if channels == "sum" else in_channels)


@pytest.mark.parametrize("name", NAMES)
def test_is_the_same_under_autocast_and_for_any_memory_format(name: str, device: torch.device) -> None:
    residual = build(name, device)
    image = draw(device)
    with torch.autocast(device.type, torch.bfloat16):
        under_autocast = residual(image)
    assert under_autocast.dtype == torch.float32
    assert torch.equal(under_autocast, residual(image))
    last = residual.to(memory_format=torch.channels_last)(image.to(memory_format=torch.channels_last))
    torch.testing.assert_close(last, residual(image))
    assert torch.equal(residual(image.bfloat16()), residual(image.bfloat16().float()))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channels", ["sum", "each"])
def test_gradients_reach_the_image(name: str, channels: str, device: torch.device) -> None:
    image = (draw(device) / 1000).requires_grad_()  # stays within srm's truncation
    residual = build(name, device, channels=channels)
    out = residual(image)
    (out * torch.rand(out.shape, generator=torch.Generator().manual_seed(2)).to(device)).sum().backward()
    assert image.grad is not None
    assert image.grad.isfinite().all()
    assert image.grad[..., :10, :].count_nonzero() == image.grad[..., :10, :].numel()  # dwt_hh drops an odd last row


@pytest.mark.parametrize("name", NAMES)
def test_channels_are_not_confused(name: str, device: torch.device) -> None:
    image = draw(device)
    each = build(name, device, channels="each")
    changed = image.clone()
    changed[:, 1] = draw(device).flip(-1)[:, 1]
    differs = (each(changed) != each(image)).any(0).any(-1).any(-1)
    of_channel = each.out_channels // 3
    assert differs.tolist() == [channel // of_channel == 1 for channel in range(each.out_channels)]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "none"])
def test_flat_color_leaves_nothing(name: str, device: torch.device) -> None:
    flat = torch.full((1, 3, 8, 8), 0.7, device=device)
    assert build(name, device, border="reflect")(flat).abs().max() < 1e-4


@pytest.mark.parametrize("name", [name for name in NAMES if name != "none"])
def test_images_that_are_too_small_are_refused(name: str, device: torch.device) -> None:
    least = 5 if issubclass(RESIDUALS[name], FilterResidual) else 2
    residual = build(name, device, border="reflect")
    assert residual(draw(device, height=least, width=least)).isfinite().all()
    with pytest.raises(DataError, match=rf"at least {least} x {least} px, got {least - 1} x 9; raise data\.image_px"):
        residual(draw(device, height=least - 1, width=9))


@pytest.mark.parametrize("name", NAMES)
def test_only_bayar_is_learned_and_kept_in_checkpoints(name: str, device: torch.device) -> None:
    assert list(build(name, device).state_dict()) == (["weight"] if name == "bayar" else [])


@pytest.mark.parametrize("name", NAMES)
def test_exports_as_a_graph(name: str) -> None:
    residual = build(name, torch.device("cpu"), 4, channels="each", border="reflect").eval()
    image = draw(torch.device("cpu"), 4)
    exported = torch.export.export(residual, (image,))
    torch.testing.assert_close(exported.module()(image), residual(image))
