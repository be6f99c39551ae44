"""Measure the trace that interpolation leaves in an image: a periodic second derivative."""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_BLOCK_PX: Final = 8
_LARGEST_STEP: Final = 8.0  # 8-bit levels; larger steps are edges of the content
_LEVEL: Final = 0.1  # 8-bit levels; keeps the ratio finite for flat images
_LEAST_FREQUENCY: Final = 1 / 8  # cycles per pixel; lower frequencies are the image's own content
_SURROUNDINGS: Final = 9  # bins


def measure_resampling(gray: Floats) -> float:
    """Measure the highest peak in the spectrum of the averaged second derivative, relative to the median around it.

    Interpolation makes the derivative periodic (after Gallagher 2005, "Detection of linear and cubic interpolation in
    JPEG compressed images"). Multiples of 1/8 cycle per pixel are left out: JPEG blocks and up-sampling by powers of
    two have their peaks there.

    Args:
        gray: Gray image in 8-bit levels, float32 (H, W), each side at least 32.

    Returns:
        The higher peak of rows and columns; about 3 to 7 in photos that were never resized.
    """
    return max(_measure_period(gray), _measure_period(gray.T))


def _measure_period(gray: Floats) -> float:
    curvature = np.minimum(np.abs(np.diff(gray, n=2, axis=1)), _LARGEST_STEP).mean(axis=0)  # (W - 2,)
    # A multiple of 8 pixels, so that multiples of 1/8 cycle per pixel fall on single bins.
    curvature = curvature[: len(curvature) // _BLOCK_PX * _BLOCK_PX]
    spectrum = np.abs(np.fft.rfft(curvature - curvature.mean()))
    around = np.lib.stride_tricks.sliding_window_view(np.pad(spectrum, _SURROUNDINGS // 2, mode="edge"), _SURROUNDINGS)
    above_surroundings = (spectrum + _LEVEL) / (np.median(around, axis=1) + _LEVEL)
    bins = np.arange(len(spectrum))
    kept = (bins > len(curvature) * _LEAST_FREQUENCY) & (bins % (len(curvature) // _BLOCK_PX) != 0)
    return float(above_surroundings[kept].max())
