"""Some frequencies are taken away (Doloriel & Cheung 2024)."""

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

_SHARE: Final = 0.15


def spectral(rgb_u8: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Set 15 % of the coefficients of the 2-D Fourier transform to 0, the same in each channel.

    After "Frequency masking for universal deepfake detection" (Doloriel & Cheung 2024), whose best masks are of 15 %
    and drawn over all frequencies. Ours differ in three ways: a frequency and its negative go together, so that a
    coefficient is gone altogether, where theirs is halved if its counterpart stays; the mean color stays; and the
    result is rounded and clipped to 8 bits, where theirs wraps around.

    Args:
        rgb_u8: RGB uint8 (H, W, 3).
        rng: Of this one image.

    Returns:
        RGB uint8 (H, W, 3).
    """
    height, width = rgb_u8.shape[:2]
    kept = _draw_mask(height, width, rng).astype(np.float32)[..., None]  # (H, W, 1)
    levels = cv2.merge([_filter(channel, kept) for channel in cv2.split(rgb_u8.astype(np.float32))])
    return np.asarray(np.clip(np.rint(levels), 0, 255), np.uint8)


def _filter(channel: npt.NDArray[Any], kept: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    spectrum = cv2.dft(channel, flags=cv2.DFT_COMPLEX_OUTPUT)  # (H, W, 2)
    return cv2.idft(spectrum * kept, flags=cv2.DFT_REAL_OUTPUT | cv2.DFT_SCALE)


def _draw_mask(height: int, width: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Which coefficients stay: (H, W), the same at a frequency and at its negative."""
    places = np.arange(height * width).reshape(height, width)
    negative = np.roll(places[::-1, ::-1], (1, 1), axis=(0, 1))  # the place of minus each frequency
    ranks = rng.random(height * width, np.float32)[np.minimum(places, negative)]  # one draw for both
    ranks[0, 0] = np.inf  # the mean
    num_masked = round(_SHARE * ranks.size)
    return np.asarray(ranks >= np.partition(ranks, num_masked, axis=None)[num_masked])
