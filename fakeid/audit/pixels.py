"""Measure traces of the original file in prepared pixels, and statistics of their high-pass residual."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from fakeid.images.codecs import jpeg
from fakeid.images.resampling import measure_resampling

Floats = npt.NDArray[np.float32]

_BLOCK_PX: Final = 8
_LARGEST_STEP: Final = 8.0  # 8-bit levels; larger steps are edges of the content
_LEVEL: Final = 0.1  # 8-bit levels; keeps ratios and logarithms finite for flat images
_PNG_PX: Final = 128  # large enough, and compression takes most of the time

CODEC_QUALITY: Final = 75
"""JPEG quality as strong as `data.codec=shared` at its strongest: that option cannot remove what is found here."""

_REDUCTION: Final = 4
_PHASE_STEP: Final = 2  # means that start one pixel apart are nearly equal

# The spatial rich model's 5 x 5 kernel (Fridrich & Kodovsky 2012), divided by 12.
_KV: Final = (
    np.array(
        [[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]], np.float32
    )
    / 12
)


def compute_pixel_facts(rgb_u8: npt.NDArray[np.uint8]) -> dict[str, float]:
    """Measure traces of blocks and interpolation, compressibility and color.

    Args:
        rgb_u8: Prepared pixels, RGB uint8 (H, W, 3), each side at least 32.

    Returns:
        `blockiness`: steps across the borders of the 8 x 8 blocks that start at the first pixel, relative to those in
        the middle of blocks; 1 without blocks. The comparison of border and middle is that of Fan & de Queiroz (2003).
        It is blind to periods of 2 or 4 pixels, such as those of a generator's up-sampling.
        `resampling`: see `measure_resampling`.
        `png_bytes_per_pixel`: size of the central 128 x 128 pixels (of all, if fewer) as PNG.
        `mean_red`, `mean_green`, `mean_blue`: mean of each channel, in [0, 255].
    """
    gray = cv2.cvtColor(rgb_u8, cv2.COLOR_RGB2GRAY).astype(np.float32)
    red, green, blue, _ = cv2.mean(rgb_u8)
    return {
        "blockiness": _measure_blocks(gray),
        "resampling": measure_resampling(gray),
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


def compute_residual_statistics(rgb_u8: npt.NDArray[np.uint8]) -> dict[str, float]:
    """Measure size, distribution and neighbor correlations of the high-pass residual of luma and chroma.

    The image is compressed as JPEG at `CODEC_QUALITY`; each channel is then averaged over 4 x 4 pixels and filtered.
    The averages are blind to the frequencies 1/2 and 1/4, where up-sampling by powers of two leaves its peaks. On the
    built-in demo images, residuals of single pixels tell the simulated generators from photos, and those of the
    averages do not. Blur, noise, resizing and coarse codecs also affect lower frequencies and are detected.

    Args:
        rgb_u8: Prepared pixels, RGB uint8 (H, W, 3), each side at least 32.

    Returns:
        For `luma_…` and `chroma_…` (the mean of both channels): `size`, the logarithm of the mean absolute residual in
        8-bit levels; `skewness` and `kurtosis`, log-scaled; `zeros`, the share of residuals below half a level; and
        `across`, `down` and `diagonal`, the correlations with these neighbors. In addition `chroma_to_luma`, the
        difference of the sizes. All values are finite for every image, including flat ones.
    """
    ycrcb = cv2.cvtColor(jpeg(rgb_u8, CODEC_QUALITY), cv2.COLOR_RGB2YCrCb)
    luma, *chroma = (_describe(_filter_means(plane)) for plane in cv2.split(ycrcb))
    both = {name: float(np.mean([plane[name] for plane in chroma])) for name in luma}
    return {
        **{f"luma_{name}": value for name, value in luma.items()},
        **{f"chroma_{name}": value for name, value in both.items()},
        "chroma_to_luma": both["size"] - luma["size"],
    }


def _filter_means(plane: cv2.typing.MatLike) -> Floats:
    """Filter the four reduced images that start two pixels apart, (H, W) → (4, H / 4 - 4, W / 4 - 4)."""
    means = cv2.blur(plane.astype(np.float32), (_REDUCTION, _REDUCTION))
    height, width = (side // _REDUCTION for side in means.shape)
    whole = means[: height * _REDUCTION, : width * _REDUCTION]
    phases = whole.reshape(height, _REDUCTION, width, _REDUCTION)[:, ::_PHASE_STEP, :, ::_PHASE_STEP]
    # The reduced images are stacked, so that one call filters all of them; rows that mix two of them are cut off.
    column = phases.transpose(1, 3, 0, 2).reshape(-1, width)  # (4 * H / 4, W / 4)
    residual = cv2.filter2D(column, cv2.CV_32F, _KV).reshape(-1, height, width)
    return np.asarray(residual[:, 2:-2, 2:-2], np.float32)


def _describe(residual: Floats) -> dict[str, float]:
    size = np.abs(residual)
    centered = residual - residual.mean()
    squared = centered * centered
    spread = np.sqrt(squared.mean() + _LEVEL**2)

    def correlate(first: Floats, second: Floats) -> float:
        return float(np.vdot(first, second) / (first.size * spread**2))

    return {
        "size": float(np.log(size.mean() + _LEVEL)),
        "skewness": float(np.arcsinh(np.vdot(squared, centered) / (squared.size * spread**3))),
        "kurtosis": float(np.log1p(np.vdot(squared, squared) / (squared.size * spread**4))),
        "zeros": float(np.mean(size < 0.5)),
        "across": correlate(centered[:, :, 1:], centered[:, :, :-1]),
        "down": correlate(centered[:, 1:], centered[:, :-1]),
        "diagonal": correlate(centered[:, 1:, 1:], centered[:, :-1, :-1]),
    }
