"""Families of water and air: waves, clouds."""

import numpy as np

from fakeid.data.scenes.fields import Array, blend, fractal_field, pick_color, pixel_grid, smoothstep


def paint_waves(rng: np.random.Generator, size_px: int) -> Array:
    """Open water seen at a slant: crossing swells that crowd towards the far edge, with glints and foam."""
    x, y = pixel_grid(size_px)
    near = 1 / (1.25 - np.float32(0.95) * y)
    ground_x, ground_y = (x - 0.5) / near, 2.2 / near
    slope_x, slope_y = np.zeros_like(x), np.zeros_like(x)
    wind = rng.uniform(0.9, 2.2)
    for frequency in np.geomspace(9, 85, 11):
        angle = rng.normal(wind, 0.5)
        kx, ky = frequency * np.cos(angle), frequency * np.sin(angle)
        steep = np.cos(kx * ground_x + ky * ground_y + rng.uniform(0, 2 * np.pi)).astype(np.float32)
        slope_x += np.float32(np.cos(angle)) * steep
        slope_y += np.float32(np.sin(angle)) * steep
    chop = fractal_field(rng, size_px, slope=0.0, first=8)
    facing = slope_y / 2.2 + 0.4 * slope_x / 2.2 + 0.25 * chop
    hue = rng.uniform(0.46, 0.62)
    deep = pick_color(rng, (hue, hue + 0.03), (0.75, 0.98), (0.15, 0.4))
    sky = pick_color(rng, (hue - 0.06, hue + 0.06), (0.12, 0.5), (0.65, 0.95))
    water = blend(deep, sky, smoothstep(facing + 0.8 - 1.2 * y, -1.3, 1.7))
    glint = smoothstep(facing + 0.2 * chop, 1.1, 2.3)
    return blend(water, pick_color(rng, (0.05, 0.2), (0.0, 0.25), (0.95, 1.0)), 0.9 * glint)


def paint_clouds(rng: np.random.Generator, size_px: int) -> Array:
    """Sky alone: billows of 1/f noise, lit from one side, over a smooth vertical gradient."""
    _, y = pixel_grid(size_px)
    hour = rng.choice([0.0, 0.0, 1.0]) * rng.uniform(0.6, 1.0)
    zenith = pick_color(rng, (0.56, 0.64), (0.5, 0.85), (0.5, 0.9))
    horizon = pick_color(rng, (0.54, 0.6), (0.1, 0.35), (0.85, 1.0))
    dusk = pick_color(rng, (0.95, 1.1), (0.3, 0.65), (0.85, 1.0))
    horizon = horizon + (dusk - horizon) * np.float32(hour)
    canvas = blend(zenith, horizon, smoothstep(y, 0.0, 1.1))
    billow = fractal_field(rng, size_px, slope=0.75, first=3)
    cover = rng.uniform(-0.5, 0.6)
    thickness = smoothstep(billow, cover - 0.4, cover + 1.0)
    reach = max(1, size_px // 24)
    lit = np.clip(0.5 + 0.45 * (billow - np.roll(billow, (-reach, reach), (0, 1))), 0, 1)
    shade = pick_color(rng, (0.6, 0.75), (0.05, 0.3), (0.45, 0.75))
    bright = horizon * np.float32(0.25) + np.float32(0.72)
    return blend(canvas, blend(shade, bright, lit), thickness)
