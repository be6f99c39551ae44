"""What prepared pixels still tell about the file that they came from."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter

Floats = npt.NDArray[np.float32]

_BLOCK_PX: Final = 8
_LARGEST_STEP: Final = 8.0  # 8-bit levels; a larger step is the image's own edge
_LEVEL: Final = 0.1  # 8-bit levels; added to both sides of ratios, so that flat images give 1
_LEAST_FREQUENCY: Final = 1 / 8  # cycles per pixel; below it is the image's own content
_PNG_PX: Final = 128  # enough to know, and compressing is what takes longest
_SURROUNDINGS: Final = 9  # bins


def compute_pixel_facts(rgb_u8: npt.NDArray[np.uint8]) -> dict[str, float]:
    """Traces of blocks and interpolation, compressibility and color.

    Args:
        rgb_u8: Prepared pixels, RGB uint8 (H, W, 3), each side at least 32.

    Returns:
        `blockiness`: steps across the borders of the 8 x 8 blocks that start at the first pixel, relative to those in
        the middle of blocks; 1 without blocks. Border against middle is Fan & de Queiroz' (2003) comparison, and
        blind to what repeats every 2 or 4 pixels, as a generator's up-sampling does.
        `resampling`: highest peak in the spectrum of the averaged second derivative, relative to the median around it
        (after Gallagher 2005): interpolation makes that derivative periodic. Multiples of 1/8 cycle per pixel, where
        JPEG's blocks and
        up-sampling by powers of two have theirs, are left out.
        `png_bytes_per_pixel`: size of the central 128 x 128 pixels (of all, if fewer) as PNG.
        `mean_red`, `mean_green`, `mean_blue`: in [0, 255].
    """
    gray = cv2.cvtColor(rgb_u8, cv2.COLOR_RGB2GRAY).astype(np.float32)
    red, green, blue, _ = cv2.mean(rgb_u8)
    return {
        "blockiness": _measure_blocks(gray),
        "resampling": max(_measure_period(gray), _measure_period(gray.T)),
        "png_bytes_per_pixel": _measure_png(rgb_u8),
        "mean_red": red,
        "mean_green": green,
        "mean_blue": blue,
    }


def _measure_png(rgb_u8: npt.NDArray[np.uint8]) -> float:
    top, left = (max(0, side - _PNG_PX) // 2 for side in rgb_u8.shape[:2])
    center = rgb_u8[top : top + _PNG_PX, left : left + _PNG_PX]
    _, file = cv2.imencode(".png", center)
    return float(len(file) / (center.shape[0] * center.shape[1]))


def _measure_blocks(gray: Floats) -> float:
    sums = np.zeros(2)  # at borders, in the middle
    for image in (gray, gray.T):
        steps = np.minimum(np.abs(np.diff(image, axis=1)), _LARGEST_STEP).mean(axis=0)  # (W - 1,): into column i + 1
        column = np.arange(1, image.shape[1]) % _BLOCK_PX
        sums += steps[column == 0].mean(), steps[column == _BLOCK_PX // 2].mean()
    border, middle = sums / 2 + _LEVEL
    return float(border / middle)


def _measure_period(gray: Floats) -> float:
    curvature = np.minimum(np.abs(np.diff(gray, n=2, axis=1)), _LARGEST_STEP).mean(axis=0)  # (W - 2,)
    # A whole number of periods of 8 pixels, so that their frequencies fall on single bins.
    curvature = curvature[: len(curvature) // _BLOCK_PX * _BLOCK_PX]
    spectrum = np.abs(np.fft.rfft(curvature - curvature.mean()))
    above_surroundings = (spectrum + _LEVEL) / (median_filter(spectrum, _SURROUNDINGS, mode="nearest") + _LEVEL)
    bins = np.arange(len(spectrum))
    kept = (bins > len(curvature) * _LEAST_FREQUENCY) & (bins % (len(curvature) // _BLOCK_PX) != 0)
    return float(above_surroundings[kept].max())
