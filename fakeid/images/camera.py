"""Simulate a small camera: turn the light of a scene into the 8-bit photo that a detector would see."""

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

SENSOR_SCALE: Final = 2
"""Sensor pixels per photo pixel along a side: these photos are reduced, like photos on the web."""

_CHANNEL_GAIN = (0.55, 1.0, 0.65)  # silicon is most sensitive to green; the white balance undoes this
_FULL_WELL = 3000.0  # electrons in a saturated pixel: a small sensor
_READ_NOISE = 6.0  # electrons
_RAW_MAX = 65535


@lru_cache(maxsize=1)
def _srgb_table() -> npt.NDArray[np.uint8]:
    """Tabulate the conversion from 16-bit linear light to 8-bit sRGB (IEC 61966-2-1), uint8 (65536,)."""
    light = np.arange(_RAW_MAX + 1) / _RAW_MAX
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(encoded * 255), np.uint8)


def _expose(light: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.uint16]:
    """Simulate the raw reading of each sensor pixel behind an RGGB mosaic, uint16 (H, W), with shot and read noise."""
    red, green, blue = (light[..., channel] * np.float32(gain) for channel, gain in enumerate(_CHANNEL_GAIN))
    mosaic = green.copy()
    mosaic[0::2, 0::2] = red[0::2, 0::2]
    mosaic[1::2, 1::2] = blue[1::2, 1::2]
    # Photon counts are Poisson; at these counts, a normal distribution of equal variance is as good and much faster.
    variance = mosaic / np.float32(_FULL_WELL) + np.float32((_READ_NOISE / _FULL_WELL) ** 2)
    mosaic += np.sqrt(variance) * rng.standard_normal(mosaic.shape, dtype=np.float32)
    return np.asarray(np.clip(mosaic, 0, 1) * np.float32(_RAW_MAX)).astype(np.uint16)


def take_photo(light: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Photograph a scene: Bayer mosaic, shot and read noise, demosaicing, white balance, reduction, gamma, 8 bits.

    Args:
        light: Linear RGB on the sensor, float32 (SENSOR_SCALE * H, SENSOR_SCALE * W, 3) in [0, 1].
        rng: Generator of the sensor's noise.

    Returns:
        sRGB uint8 (H, W, 3), RGB order.
    """
    full = cv2.cvtColor(_expose(light, rng), cv2.COLOR_BAYER_RGGB2RGB)
    size = (light.shape[1] // SENSOR_SCALE, light.shape[0] // SENSOR_SCALE)
    small = cv2.resize(full, size, interpolation=cv2.INTER_AREA)
    balanced = [
        np.minimum(plane / np.float32(gain), _RAW_MAX)
        for plane, gain in zip(cv2.split(small), _CHANNEL_GAIN, strict=True)
    ]
    return np.asarray(_srgb_table()[cv2.merge(balanced).astype(np.uint16)])
