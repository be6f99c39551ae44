"""Compute the mean power spectrum of a set of images: up-sampling leaves peaks and a tail that no camera produces."""

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

    The content of a photo has so much power at low frequencies that it hides a generator's trace. To remove the
    content, the median over 3 x 3 pixels is first subtracted from each image (Wang et al. 2020, "CNN-generated images
    are surprisingly easy to spot... for now", section 5). The mean of the residual is then subtracted, and a Hann
    window is applied, without which the borders would show up as a cross. The result is divided by the power of the
    window, so that white noise of variance v has power v at every frequency, whatever the image size.

    Args:
        images: RGB uint8 (n, H, W, 3).

    Returns:
        Logarithms of the power in squared 8-bit levels, float64 (H, W), with frequency 0 at (H // 2, W // 2), as by
        `np.fft.fftshift`; all NaN without images.
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
    """Average the power over all directions at each distance from frequency 0 (Durall et al. 2020, section 3).

    Args:
        power: Decimal logarithms of the power, (H, W), with frequency 0 at (H // 2, W // 2), as returned by
            `compute_power_spectrum`.

    Returns:
        Frequencies in cycles per pixel, (k,), from 0 to 0.5 (Nyquist) in steps of 1 / the shorter side, and the
        logarithms of the mean power nearest to each, (k,). The corners beyond 0.5 are left out because they do not
        cover all directions.
    """
    rows, columns = (np.fft.fftshift(np.fft.fftfreq(size)) for size in power.shape)
    side = min(power.shape)
    # Halves lie between two rings; floor(x + 0.5) always assigns them to the outer one.
    rings = np.floor(np.hypot(rows[:, None], columns) * side + 0.5).astype(np.intp).ravel()
    num_rings = side // 2 + 1
    inside = rings < num_rings
    sums = np.bincount(rings[inside], weights=10 ** power.ravel()[inside], minlength=num_rings)
    counts = np.bincount(rings[inside], minlength=num_rings)
    return np.arange(num_rings) / side, np.asarray(np.log10(sums / counts))


def _hann(size: int) -> Floats:
    """Build a periodic Hann window (size,), positive except for its first value if there are several."""
    return np.ones(1) if size == 1 else 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
