"""The trace that interpolation leaves in an image: its second derivative repeats."""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_BLOCK_PX: Final = 8
_LARGEST_STEP: Final = 8.0  # 8-bit levels; a larger step is the image's own edge
_LEVEL: Final = 0.1  # 8-bit levels; keeps the ratio of flat images finite
_LEAST_FREQUENCY: Final = 1 / 8  # cycles per pixel; below it is the image's own content
_SURROUNDINGS: Final = 9  # bins


def measure_resampling(gray: Floats) -> float:
    """Measure the highest peak in the spectrum of the averaged second derivative, relative to the median around it.

    After Gallagher (2005, "Detection of linear and cubic interpolation in JPEG compressed images"): interpolation makes
    that derivative periodic. Multiples of 1/8 cycle per pixel, where JPEG's blocks and up-sampling by powers of two
    have theirs, are left out.

    Args:
        gray: (H, W) float32 8-bit levels, each side at least 32.

    Returns:
        The higher one of rows and columns; about 3 to 7 in photos that were never resized.
    """
    return max(_measure_period(gray), _measure_period(gray.T))


def _measure_period(gray: Floats) -> float:
    curvature = np.minimum(np.abs(np.diff(gray, n=2, axis=1)), _LARGEST_STEP).mean(axis=0)  # (W - 2,)
    # A whole number of periods of 8 pixels, so that their frequencies fall on single bins.
    curvature = curvature[: len(curvature) // _BLOCK_PX * _BLOCK_PX]
    spectrum = np.abs(np.fft.rfft(curvature - curvature.mean()))
    around = np.lib.stride_tricks.sliding_window_view(np.pad(spectrum, _SURROUNDINGS // 2, mode="edge"), _SURROUNDINGS)
    above_surroundings = (spectrum + _LEVEL) / (np.median(around, axis=1) + _LEVEL)
    bins = np.arange(len(spectrum))
    kept = (bins > len(curvature) * _LEAST_FREQUENCY) & (bins % (len(curvature) // _BLOCK_PX) != 0)
    return float(above_surroundings[kept].max())
