"""The mean power spectrum of a set of images: up-sampling leaves peaks and a tail that no camera makes."""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter

from fakeid.evaluation.ranking import Floats

_LUMA: Final = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_CHUNK: Final = 64  # images transformed at once, to bound the memory
_LEAST_POWER: Final = 1e-6  # of 8-bit levels squared; rounding to 8 bits alone adds 1 / 12


def compute_power_spectrum(images: npt.NDArray[np.uint8]) -> Floats:
    """Compute the decimal logarithm of the power at each frequency, averaged over images.

    The content of a photo has so much power at low frequencies that it hides a generator's trace. So that the content
    goes, each image's median over 3 x 3 pixels is taken from it first (Wang et al. 2020, "CNN-generated images are
    surprisingly easy to spot... for now", section 5). What is left is freed of its mean and weighted by a Hann window,
    without which the borders would draw a cross. Divided by the window's own power, white noise of variance v has the
    power v at every frequency, whatever the size.

    Args:
        images: RGB uint8 (n, H, W, 3).

    Returns:
        float64 (H, W), of 8-bit levels squared; frequency 0 at (H // 2, W // 2), as `np.fft.fftshift` puts it. All NaN
        without images.
    """
    count, height, width, _ = images.shape
    window = np.outer(_hann(height), _hann(width))
    total = np.zeros((height, width))
    for start in range(0, count, _CHUNK):
        gray = images[start : start + _CHUNK] @ _LUMA  # (n, H, W)
        gray = gray - median_filter(gray, size=(1, 3, 3), mode="reflect")
        gray = (gray - gray.mean(axis=(1, 2), keepdims=True)) * window
        total += (np.abs(np.fft.fft2(gray)) ** 2).sum(axis=0)
    if not count:
        return np.full((height, width), np.nan)
    power = np.fft.fftshift(total) / (count * (window**2).sum())
    return np.asarray(np.log10(np.maximum(power, _LEAST_POWER)))


def compute_azimuthal_average(power: Floats) -> tuple[Floats, Floats]:
    """Average the power at each distance from frequency 0 over directions (Durall et al. 2020, section 3).

    Args:
        power: (H, W), decimal logarithms, frequency 0 at (H // 2, W // 2), as `compute_power_spectrum` gives.

    Returns:
        Two arrays (k,): frequencies in cycles per pixel, rising from 0 to 0.5 (Nyquist) in steps of 1 / the shorter
        side, and the logarithm of the mean power of those that are nearest to each. The corners beyond 0.5 are left
        out, for there not all directions exist.
    """
    rows, columns = (np.fft.fftshift(np.fft.fftfreq(size)) for size in power.shape)
    side = min(power.shape)
    # Halves are shared by two rings; floor(x + 0.5) puts them into the outer one, always.
    rings = np.floor(np.hypot(rows[:, None], columns) * side + 0.5).astype(np.intp).ravel()
    num_rings = side // 2 + 1
    inside = rings < num_rings
    sums = np.bincount(rings[inside], weights=10 ** power.ravel()[inside], minlength=num_rings)
    counts = np.bincount(rings[inside], minlength=num_rings)
    return np.arange(num_rings) / side, np.asarray(np.log10(sums / counts))


def _hann(size: int) -> Floats:
    """Build a periodic Hann window: (size,), above 0 except at the first of several."""
    return np.ones(1) if size == 1 else 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
