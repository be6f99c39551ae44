"""The decoders' filters, compared with interpolation by scipy and torch."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.signal import freqz, upfirdn
from scipy.signal.windows import kaiser

from fakeid.data.simulate.filters import FIR_TAPS, build_sinc_taps, filter_down, filter_up, insert_zeros

SINC_TAPS = build_sinc_taps()


@pytest.fixture
def features() -> torch.Tensor:
    return torch.rand(2, 3, 9, 14, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("taps", [FIR_TAPS, SINC_TAPS])
def test_doubling_is_scipys_polyphase_filter(taps: tuple[float, ...], features: torch.Tensor) -> None:
    line, half, spare = 2 * np.array(taps) / sum(taps), len(taps) // 2, 8
    expected = np.pad(features.numpy(), ((0, 0), (0, 0), (spare, spare), (spare, spare)), mode="edge")
    for axis in (2, 3):
        expected = upfirdn(line, expected, up=2, axis=axis)
        places = np.arange(2 * features.shape[axis]) + 2 * spare + half - 1
        expected = np.take(expected, places, axis)
    np.testing.assert_allclose(filter_up(features, taps).numpy(), expected, atol=1e-6)


def test_the_short_filter_is_bilinear_interpolation(features: torch.Tensor) -> None:
    expected = F.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)
    torch.testing.assert_close(filter_up(features, FIR_TAPS), expected)


@pytest.mark.parametrize("taps", [FIR_TAPS, SINC_TAPS])
@pytest.mark.parametrize("resize", [filter_up, filter_down])
def test_what_is_constant_stays_so_up_to_the_border(resize: object, taps: tuple[float, ...]) -> None:
    resized = resize(torch.full((1, 2, 8, 12), 0.7), taps)  # type: ignore[operator]
    torch.testing.assert_close(resized, torch.full_like(resized, 0.7))


def test_the_sinc_is_scipys_window_and_halves_the_band() -> None:
    expected = np.sinc((np.arange(12) - 5.5) / 2) * kaiser(12, 4.0)
    np.testing.assert_allclose(SINC_TAPS, expected, atol=1e-6)
    frequencies, response = freqz(np.array(SINC_TAPS) / sum(SINC_TAPS), worN=512)
    gain = np.abs(response)
    np.testing.assert_allclose(gain[frequencies < 0.25 * np.pi], 1, atol=0.05)
    assert gain[frequencies > 0.8 * np.pi].max() < 0.02


def test_doubled_and_halved_again_a_smooth_image_is_where_it_was() -> None:
    y, x = np.mgrid[:48, :48]
    wave = torch.from_numpy(np.sin(2 * np.pi * (0.06 * x + 0.04 * y)))[None, None]
    there_and_back = filter_down(filter_up(wave, SINC_TAPS), SINC_TAPS)
    torch.testing.assert_close(there_and_back[..., 8:-8, 8:-8], wave[..., 8:-8, 8:-8], atol=0.03, rtol=0)


def test_the_filtered_activation_adds_less_that_wraps_around() -> None:
    """Squaring a wave near Nyquist makes a frequency beyond it, which aliases to a slow wave unless filtered."""
    cycles = 22
    wave = torch.cos(2 * torch.pi * cycles / 64 * torch.arange(64.0)).expand(1, 1, 64, 64)
    alias = 64 - 2 * cycles

    def measure(features: torch.Tensor) -> float:
        line = features[0, 0, 32] * torch.hann_window(64)
        return float(torch.fft.rfft(line)[alias].abs())

    filtered = filter_down(filter_up(wave, SINC_TAPS).square(), SINC_TAPS)
    assert measure(filtered) < 0.25 * measure(wave.square())


def test_zeros_stand_between_the_pixels(features: torch.Tensor) -> None:
    expected = np.zeros((2, 3, 18, 28))
    expected[..., ::2, ::2] = features.numpy()
    np.testing.assert_array_equal(insert_zeros(features).numpy(), expected)
