import numpy as np
import pytest
import torch
from scipy import ndimage, signal
from torch import Tensor

from fakeid.errors import ConfigError
from fakeid.models.residuals import build_residual

KERNEL = (
    np.array([[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]]) / 12
)


def _image(channels: int, device: torch.device) -> Tensor:
    return torch.rand(2, channels, 20, 23, generator=torch.Generator().manual_seed(1)).to(device)


def _filter_with_scipy(image: np.ndarray, border: str) -> np.ndarray:
    """Filter (H, W) float64 to (H', W')."""
    if border == "valid":
        return signal.correlate2d(image, KERNEL, mode="valid")
    return ndimage.correlate(image, KERNEL, mode="mirror")


@pytest.mark.parametrize("channels", ["sum", "each"])
@pytest.mark.parametrize("border", ["valid", "reflect"])
@pytest.mark.parametrize("in_channels", [3, 4])
def test_hpf_agrees_with_scipy(in_channels: int, channels: str, border: str, device: torch.device) -> None:
    image = _image(in_channels, device)
    residual = build_residual("hpf", in_channels, channels=channels, border=border).to(device)
    each = np.stack([[_filter_with_scipy(c, border) for c in rgb] for rgb in image.cpu().double().numpy()])
    expected = each.sum(1, keepdims=True) if channels == "sum" else each
    ours = residual(image)
    assert ours.dtype == torch.float32
    assert ours.shape[1] == residual.out_channels == (1 if channels == "sum" else in_channels)
    # TF32 would be off by 1e-3, bf16 by 1e-2.
    np.testing.assert_allclose(ours.cpu().numpy(), expected, rtol=0, atol=3e-6)


def test_hpf_removes_flat_color_and_ramps(device: torch.device) -> None:
    ramp = (torch.arange(12.0).view(1, 1, 12, 1) / 30 + torch.arange(16.0) / 40).expand(1, 3, 12, 16).to(device)
    assert build_residual("hpf", 3).to(device)(ramp).abs().max() < 1e-5


def test_hpf_stays_within_its_stated_range(device: torch.device) -> None:
    extreme = torch.tensor(KERNEL > 0, dtype=torch.float32, device=device).expand(1, 1, 5, 5)
    assert build_residual("hpf", 1).to(device)(extreme).item() == pytest.approx(4)


def test_none_passes_the_image_through(device: torch.device) -> None:
    image = _image(4, device)
    residual = build_residual("none", 4)
    assert residual.out_channels == 4
    assert torch.equal(residual(image), image)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ConfigError, match="residual must be one of none, hpf, srm, npr, bayar, dwt_hh, got 'sobel'"):
        build_residual("sobel", 3)
    with pytest.raises(ConfigError, match="hpf_channels must be sum or each, got 'mean'"):
        build_residual("hpf", 3, channels="mean")
    with pytest.raises(ConfigError, match="hpf_border must be valid or reflect, got 'zero'"):
        build_residual("hpf", 3, border="zero")
