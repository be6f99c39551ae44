"""Tools that all families of scenes paint with: coordinates, random fields and colors in linear light."""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Range = tuple[float, float]


@lru_cache(maxsize=8)
def pixel_grid(size_px: int) -> tuple[Array, Array]:
    """Return x (rightwards) and y (downwards) of the pixel centers, float32 (size_px, size_px) in (0, 1), read-only."""
    axis = (np.arange(size_px, dtype=np.float32) + 0.5) / size_px
    x, y = (np.asarray(grid, np.float32) for grid in np.meshgrid(axis, axis))
    x.flags.writeable = y.flags.writeable = False
    return x, y


def _white(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Draw uniform noise around 0: summed over octaves it looks like normal noise, and takes a third of the time."""
    return rng.random((rows, columns), dtype=np.float32) - np.float32(0.5)


def fractal_field(
    rng: np.random.Generator, size_px: int, *, slope: float = 1.0, first: int = 2, stretch: int = 1
) -> Array:
    """Draw isotropic or stretched 1/f noise, in octaves from `first` cells across the image down to single pixels.

    Args:
        rng: Generator of the noise.
        size_px: Side of the field, in pixels.
        slope: Decay of the octaves: each has 2**-slope times the amplitude of the one before. 0 gives the 1/f
            amplitudes of photos.
        first: Number of cells across the image in the coarsest octave.
        stretch: Height of a cell divided by its width.

    Returns:
        float32 (size_px, size_px) with mean 0 and standard deviation 1.
    """
    cells, amplitude = first, 1.0
    field = _white(rng, max(2, first // stretch), first)
    while cells < size_px:  # add each octave to the enlarged sum of the coarser ones: cheaper than enlarging all
        cells, amplitude = min(2 * cells, size_px), amplitude * 2.0**-slope
        shape = (min(size_px, max(2, cells // stretch)), cells)
        field = np.asarray(cv2.resize(field, shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)
        field += np.float32(amplitude) * _white(rng, *shape)
    field = np.asarray(cv2.resize(field, (size_px, size_px), interpolation=cv2.INTER_CUBIC), np.float32)
    return np.asarray((field - field.mean()) / (field.std() + np.float32(1e-6)))


def smoothstep(values: Array, low: float, high: float) -> Array:
    """Map values to 0 below `low`, 1 above `high` and a smooth cubic in between; keeps the shape of `values`."""
    t = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def pick_colors(rng: np.random.Generator, count: int, hue: Range, saturation: Range, value: Range) -> Array:
    """Draw colors from ranges of hue (in turns), saturation and value (in [0, 1]): linear RGB float32 (count, 3)."""
    low, high = np.array([hue, saturation, value]).T
    h, s, v = (low + (high - low) * rng.random((count, 3))).T[..., None]
    sector = (np.array([5.0, 3.0, 1.0]) + 6 * h) % 6  # HSV to RGB, all three channels by one formula
    encoded = v - v * s * np.clip(np.minimum(sector, 4 - sector), 0, 1)
    return np.asarray(encoded**2.2, np.float32)


def pick_color(rng: np.random.Generator, hue: Range, saturation: Range, value: Range) -> Array:
    """Draw one color as `pick_colors` does: linear RGB float32 (3,)."""
    return np.asarray(pick_colors(rng, 1, hue, saturation, value)[0])


def _spread(color: Array, size_px: int) -> Array:
    """Tile a color (3,) to (1, size_px, 3), which NumPy multiplies far faster; return pictures unchanged."""
    return np.tile(color, size_px).reshape(1, size_px, 3) if color.ndim == 1 else color


def blend(first: Array, second: Array, weight: Array) -> Array:
    """Blend two colors (3,) or pictures (H, W, 3) by a weight (H, W), 0 for `first` and 1 for `second`: (H, W, 3)."""
    first, second = (_spread(color, weight.shape[1]) for color in (first, second))
    return first + (second - first) * cv2.merge([weight, weight, weight])


def shade(picture: Array, light: Array) -> Array:
    """Multiply a picture (H, W, 3) or color (3,) by the strength of light (H, W): float32 (H, W, 3)."""
    return _spread(picture, light.shape[1]) * cv2.merge([light, light, light])
