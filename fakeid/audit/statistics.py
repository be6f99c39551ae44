"""Statistics of what a high-pass filter leaves of an image, after the same codec for all."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from fakeid.images.codecs import jpeg

CODEC_QUALITY: Final = 75
"""As strong as `data.codec=shared` at its strongest, so that what is found here is out of that option's reach."""

_REDUCTION: Final = 4
_PHASE_STEP: Final = 2  # means that start one pixel apart are all but equal
_LEVEL: Final = 0.1  # 8-bit levels, keeps logarithms and quotients of flat images finite

# The spatial rich model's 5 x 5 kernel (Fridrich & Kodovsky 2012), divided by 12.
_KV: Final = (
    np.array(
        [[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]], np.float32
    )
    / 12
)

Floats = npt.NDArray[np.float32]


def compute_residual_statistics(rgb_u8: npt.NDArray[np.uint8]) -> dict[str, float]:
    """Size, shape and neighborhood of the high-pass residual of luma and chroma.

    The image goes through JPEG at `CODEC_QUALITY`, then each channel through means of 4 x 4 pixels and the kernel.
    These means are blind to the frequencies 1/2 and 1/4, where up-sampling by powers of two leaves its peaks; on the
    built-in images, residuals of single pixels tell the simulated generators from photos and those of the means do
    not. Blur, noise, resizing and coarse codecs reach further down and are seen.

    Args:
        rgb_u8: Prepared pixels, RGB uint8 (H, W, 3), each side at least 32.

    Returns:
        For `luma_…` and `chroma_…` (the mean of both): `size`, the logarithm of the mean absolute residual in 8-bit
        levels; `skewness` and `kurtosis`, log-scaled; `zeros`, the share of residuals below half a level; correlation
        with the neighbor `across`, `down` and on the `diagonal`. And `chroma_to_luma`, the difference of the sizes.
        Finite for every image, flat ones included.
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
    """Residuals of reduced images that start two pixels apart: (H, W) → (4, H / 4 - 4, W / 4 - 4)."""
    means = cv2.blur(plane.astype(np.float32), (_REDUCTION, _REDUCTION))
    height, width = (side // _REDUCTION for side in means.shape)
    whole = means[: height * _REDUCTION, : width * _REDUCTION]
    phases = whole.reshape(height, _REDUCTION, width, _REDUCTION)[:, ::_PHASE_STEP, :, ::_PHASE_STEP]
    # One reduced image below the other, so that one call filters them all; rows that mix two of them are cut off.
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
