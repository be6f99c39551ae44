"""Paint families of growing things: leaves, flowers, coral."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fakeid.data.simulate.fields import (
    Array,
    blend,
    fractal_field,
    pick_color,
    pick_colors,
    pixel_grid,
    shade,
    smoothstep,
)

_SUBPIXEL_BITS = 4
_NUM_LEAVES = 120

Points = npt.NDArray[np.int32]


def _fixed_point(points: npt.NDArray[np.floating[Any]]) -> Points:
    """Convert coordinates x, y in pixels, (…, 2), to the fixed-point numbers of OpenCV's drawing functions."""
    return np.round(points * (1 << _SUBPIXEL_BITS)).astype(np.int32)


def _fill(canvas: Array, outline: npt.NDArray[np.floating[Any]], color: Array) -> None:
    """Fill a polygon (N, 2), x and y in pixels, in place."""
    cv2.fillPoly(canvas, [_fixed_point(outline)], color.tolist(), shift=_SUBPIXEL_BITS)


def _leaf_outlines(rng: np.random.Generator, size_px: int) -> list[tuple[Points, Points, Points]]:
    """Draw midrib (9, 2), left half (18, 2) and right half (18, 2) of each leaf, in fixed point; power-law lengths."""
    along = np.linspace(0, 1, 9)
    length = size_px * np.minimum(0.6, 0.12 * rng.random((_NUM_LEAVES, 1)) ** -0.45)
    bulge = length * rng.uniform(0.16, 0.3, (_NUM_LEAVES, 1)) * np.sin(np.pi * along**0.8)
    spine = length * rng.uniform(-0.15, 0.15, (_NUM_LEAVES, 1)) * np.sin(np.pi * along)
    turn = np.exp(1j * rng.uniform(0, 2 * np.pi, (_NUM_LEAVES, 1)))
    center = size_px * (rng.uniform(-0.1, 1.1, (_NUM_LEAVES, 1)) + 1j * rng.uniform(-0.1, 1.1, (_NUM_LEAVES, 1)))
    edges = (turn * ((along - 0.5) * length + 1j * (spine + side)) + center for side in (0 * bulge, bulge, -bulge))
    rib, left, right = (_fixed_point(np.stack([edge.real, edge.imag], -1)) for edge in edges)
    return list(zip(rib, np.hstack([left, rib[:, ::-1]]), np.hstack([right, rib[:, ::-1]]), strict=True))


def paint_leaves(rng: np.random.Generator, size_px: int) -> Array:
    """Paint a forest floor: overlapping pointed leaves with a midrib, in one season's greens or browns."""
    season = rng.uniform(0.04, 0.34)
    canvas = np.empty((size_px, size_px, 3), np.float32)
    canvas[:] = pick_color(rng, (season, season), (0.5, 0.8), (0.1, 0.25))
    colors = pick_colors(rng, _NUM_LEAVES, (season - 0.06, season + 0.06), (0.55, 0.95), (0.45, 0.95))
    colors *= np.linspace(0.35, 1, _NUM_LEAVES, dtype=np.float32)[:, None]  # lower leaves are darker
    for (rib, left, right), color in zip(_leaf_outlines(rng, size_px), colors, strict=True):
        cv2.fillPoly(canvas, [left], color.tolist(), shift=_SUBPIXEL_BITS)
        cv2.fillPoly(canvas, [right], (0.62 * color).tolist(), shift=_SUBPIXEL_BITS)
        cv2.polylines(canvas, [rib], False, (color * 1.5).tolist(), max(1, size_px // 128), shift=_SUBPIXEL_BITS)
    mottle = np.exp(np.float32(0.16) * fractal_field(rng, size_px, slope=0.1, first=8))
    return shade(canvas, mottle)


def paint_flowers(rng: np.random.Generator, size_px: int) -> Array:
    """Paint a meadow: round blossoms with petals and a yellow heart above blurred dark grass."""
    grass = fractal_field(rng, size_px, slope=0.25, first=8, stretch=4)
    canvas = blend(
        pick_color(rng, (0.28, 0.4), (0.6, 0.9), (0.12, 0.25)),
        pick_color(rng, (0.22, 0.3), (0.5, 0.8), (0.45, 0.65)),
        smoothstep(grass, -1.2, 2.2),
    )
    theta = np.linspace(0, 2 * np.pi, 72, endpoint=False, dtype=np.float32)
    hue = rng.choice([0.78, 0.88, 0.95, 0.62, 0.15])
    petals = int(rng.integers(5, 10))
    for radius in np.sort(rng.uniform(0.05, 0.19, 13)) * size_px:
        color = pick_color(rng, (hue - 0.05, hue + 0.05), (0.05, 0.75), (0.75, 1.0))
        center = rng.uniform(0, 1, 2) * size_px
        phase, tilt = rng.uniform(0, np.pi), rng.uniform(0.6, 1.0)
        circle = np.stack([np.cos(theta), tilt * np.sin(theta)], 1)
        lobes = 0.45 + 0.55 * np.abs(np.sin(0.5 * petals * (theta - phase))) ** 0.7
        for scale, tint in ((1.0, 0.45), (0.93, 1.0), (0.55, 0.75)):
            outline = circle * (radius * scale * lobes)[:, None] + center
            _fill(canvas, outline, color * np.float32(tint))
        heart = pick_color(rng, (0.1, 0.15), (0.8, 1.0), (0.7, 1.0))
        _fill(canvas, circle * 0.26 * radius + center + 0.04 * radius, heart * np.float32(0.4))
        _fill(canvas, circle * 0.24 * radius + center, heart)
    mottle = np.exp(np.float32(0.12) * fractal_field(rng, size_px, slope=0.0, first=8))
    return shade(canvas, mottle)


def paint_coral(rng: np.random.Generator, size_px: int) -> Array:
    """Paint brain coral: a maze of rounded ridges of equal width, lit from above, warm on deep teal."""
    cells = 96
    white = rng.standard_normal((cells, cells), dtype=np.float32)
    width = rng.uniform(2.0, 3.2)
    band = cv2.GaussianBlur(white, (0, 0), width) - cv2.GaussianBlur(white, (0, 0), 1.5 * width)
    band = cv2.resize(band / band.std(), (size_px, size_px), interpolation=cv2.INTER_CUBIC)
    ridge = smoothstep(band, -0.35, 0.9)
    slope_x, slope_y = np.gradient(ridge * np.float32(size_px / 24))[::-1]
    light = np.clip(0.75 - 0.45 * slope_x - 0.6 * slope_y, 0.1, 1.6)
    hue = rng.uniform(-0.06, 0.09)
    reef = blend(
        pick_color(rng, (0.45, 0.55), (0.6, 0.95), (0.1, 0.35)),
        pick_color(rng, (hue, hue), (0.4, 0.75), (0.75, 1.0)),
        ridge,
    )
    _, y = pixel_grid(size_px)
    depth = np.exp(np.float32(0.2) * fractal_field(rng, size_px, slope=0.2, first=2)) * (1.1 - 0.4 * y)
    return shade(reef, light * depth)
