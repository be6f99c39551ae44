import colorsys

import cv2
import numpy as np
import pytest
import torch
from scipy import signal
from torch import Tensor, nn

from fakeid.errors import ConfigError
from fakeid.models.color import Color, build_color
from fakeid.models.residuals.hpf import KV


def _all_colors(red: int) -> np.ndarray:
    """Return all 65,536 colors with one value of red: (256, 256, 3) uint8."""
    green, blue = np.mgrid[:256, :256].astype(np.uint8)
    return np.stack((np.full_like(green, red), green, blue), axis=-1)


def _to_batch(rgb_u8: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(rgb_u8).to(device).permute(2, 0, 1)[None] / 255  # (1, 3, H, W)


def _random_rgb(device: torch.device) -> Tensor:
    return torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)).to(device)


@pytest.mark.parametrize("step", [15, pytest.param(1, marks=pytest.mark.slow)])
def test_opencv_hsv_equals_opencv_for_all_colors(device: torch.device, step: int) -> None:
    color = build_color("hsv", hsv="opencv_8bit").to(device)
    for red in range(0, 256, step):
        rgb_u8 = _all_colors(red)
        ours = color(_to_batch(rgb_u8, device))[0].permute(1, 2, 0).cpu().numpy()  # (H, W, 3)
        expected = cv2.cvtColor(rgb_u8, cv2.COLOR_RGB2HSV)[:, :, ::-1].astype(np.float32) / np.float32(255)
        np.testing.assert_array_equal(ours, expected)


def test_opencv_hsv_rounds_values_between_two_levels(device: torch.device) -> None:
    color = build_color("hsv").to(device)
    rgb = torch.tensor([200.4, 99.6, 30.3], device=device).view(1, 3, 1, 1) / 255
    torch.testing.assert_close(color(rgb), color((rgb * 255).round() / 255), rtol=0, atol=0)


def test_circular_hsv_agrees_with_colorsys(device: torch.device) -> None:
    rgb = _random_rgb(device)
    ours = build_color("hsv", hsv="circular")(rgb).cpu().permute(0, 2, 3, 1).reshape(-1, 4)  # (N * H * W, 4)
    pixels = rgb.cpu().double().permute(0, 2, 3, 1).reshape(-1, 3)  # (N * H * W, 3)
    hue, saturation, value = torch.tensor([colorsys.rgb_to_hsv(*pixel) for pixel in pixels.tolist()]).unbind(1)
    angle, chroma = hue * 2 * torch.pi, saturation * value
    expected = torch.stack((angle.cos() * chroma, angle.sin() * chroma, chroma, value), dim=1)
    torch.testing.assert_close(ours, expected.float(), rtol=0, atol=2e-6)


@pytest.mark.parametrize(
    "levels",
    [(128, 128, 128), (32, 32, 32), (16, 16, 16), (200, 20, 20), (200, 72, 72), (40, 8, 8), (20, 30, 20), (90, 90, 96)],
)
def test_noise_on_a_flat_patch_stays_noise_in_circular_hsv(levels: tuple[int, int, int]) -> None:
    """After the high-pass filter every channel has about the energy of RGB's; (cos H, sin H) had 45 times as much."""
    noise = torch.randn(1, 3, 96, 96, generator=torch.Generator().manual_seed(0)) * 4
    rgb = (torch.tensor(levels).view(1, 3, 1, 1) + noise).round().clamp(0, 255) / 255
    kernel = np.array(KV) / 12

    def measure(channels: Tensor) -> np.ndarray:
        planes = channels[0].double().numpy()
        residual = np.stack([signal.convolve2d(plane, kernel, mode="valid") for plane in planes])
        return np.sqrt(np.square(residual).mean((1, 2)))

    ratio = measure(build_color("hsv", hsv="circular")(rgb)) / np.sqrt(np.square(measure(rgb)).mean())
    assert (ratio > 0.6).all()
    assert (ratio < 1.6).all()


def test_circular_hsv_does_not_jump_at_red(device: torch.device) -> None:
    color = build_color("hsv", hsv="circular")
    reds = torch.tensor([[1.0, 0.0, 1e-3], [1.0, 1e-3, 0.0]], device=device).view(2, 3, 1, 1)
    left, right = color(reds)
    assert (left - right).abs().max() < 0.01


@pytest.mark.parametrize("name", ["ycbcr", "hsv"])
def test_float_colors_are_finite_with_finite_gradients_at_greys(name: str, device: torch.device) -> None:
    greys = torch.tensor([0.0, 1e-8, 0.5, 1.0], device=device).view(4, 1, 1, 1).repeat(1, 3, 2, 2).requires_grad_()
    out = build_color(name, hsv="circular")(greys)
    out.square().sum().backward()
    assert out.isfinite().all()
    assert greys.grad is not None
    assert greys.grad.isfinite().all()


def test_ycbcr_agrees_with_opencv(device: torch.device) -> None:
    rgb = _random_rgb(device)
    ours = build_color("ycbcr")(rgb).cpu()
    for image, expected in zip(ours, rgb.cpu().permute(0, 2, 3, 1).numpy(), strict=True):
        y_cr_cb = cv2.cvtColor(expected, cv2.COLOR_RGB2YCrCb)
        np.testing.assert_allclose(image.permute(1, 2, 0).numpy(), y_cr_cb[:, :, [0, 2, 1]], rtol=0, atol=1e-6)


def test_rgb_is_unchanged(device: torch.device) -> None:
    rgb = _random_rgb(device)
    assert torch.equal(build_color("rgb")(rgb), rgb)


@pytest.mark.parametrize(
    ("color", "low", "high"),
    [
        (build_color("rgb"), [0, 0, 0], [1, 1, 1]),
        (build_color("hsv"), [0, 0, 0], [1, 1, 179 / 255]),
        (build_color("hsv", hsv="circular"), [-1, -1, 0, 0], [1, 1, 1, 1]),
        (build_color("ycbcr"), [0, 0, 0], [1, 1, 1]),
    ],
)
def test_colors_fill_their_stated_ranges(color: Color, low: list[float], high: list[float]) -> None:
    grid = torch.cartesian_prod(*[torch.linspace(0, 1, 18)] * 3).t().reshape(1, 3, 18, -1)  # (1, 3, 18, 18 * 18)
    out = color(grid)
    assert out.dtype == torch.float32
    assert out.shape[1] == color.out_channels == len(low)
    torch.testing.assert_close(out.amin((0, 2, 3)), torch.tensor(low, dtype=torch.float32), rtol=0, atol=0.02)
    torch.testing.assert_close(out.amax((0, 2, 3)), torch.tensor(high, dtype=torch.float32), rtol=0, atol=0.02)
    assert (out.amin((0, 2, 3)) >= torch.tensor(low)).all()
    assert (out.amax((0, 2, 3)) <= torch.tensor(high)).all()


def test_colors_leave_nothing_in_checkpoints() -> None:
    layers = nn.ModuleList(
        [build_color(name, hsv=hsv) for name in ("rgb", "hsv", "ycbcr") for hsv in ("circular", "opencv_8bit")]
    )
    assert not layers.state_dict()


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ConfigError, match="color must be one of rgb, hsv, ycbcr, got 'lab'"):
        build_color("lab")
    with pytest.raises(ConfigError, match="hsv must be one of opencv_8bit, circular, got 'round'"):
        build_color("rgb", hsv="round")
