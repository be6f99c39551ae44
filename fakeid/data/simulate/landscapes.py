"""Paint families of land, water and air: waves, clouds, pebbles, mountains, wood."""

import cv2
import numpy as np

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


def paint_waves(rng: np.random.Generator, size_px: int) -> Array:
    """Paint open water seen at a slant: crossing swells that crowd towards the far edge, with glints and foam."""
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
    """Paint a sky: billows of 1/f noise, lit from one side, over a smooth vertical gradient."""
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


def paint_pebbles(rng: np.random.Generator, size_px: int) -> Array:
    """Paint a shingle beach: rounded, speckled gray and tan stones packed edge to edge, with dark gaps between them."""
    per_side = int(rng.integers(6, 10))
    pitch = size_px / per_side
    rows, columns = np.mgrid[-1 : per_side + 1, -1 : per_side + 1].reshape(2, -1)  # (2, (per_side + 2)**2)
    x = ((columns + rng.uniform(0.1, 0.9, columns.size)) * pitch).astype(int)
    y = ((rows + rng.uniform(0.1, 0.9, rows.size)) * pitch).astype(int)
    inside = (x >= 0) & (x < size_px) & (y >= 0) & (y < size_px)
    seeds = np.ones((size_px, size_px), np.uint8)
    seeds[y[inside], x[inside]] = 0
    _, stone = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    gap = np.ones_like(seeds)
    gap[:, 1:] &= stone[:, 1:] == stone[:, :-1]
    gap[1:] &= stone[1:] == stone[:-1]
    rim = cv2.distanceTransform(gap, cv2.DIST_L2, 5) / np.float32(pitch)
    dome = cv2.GaussianBlur(np.sqrt(np.clip(rim * 3.2, 0, 1)), (0, 0), 0.06 * pitch)
    slope_y, slope_x = np.gradient(dome * np.float32(pitch / 3))
    light = np.clip(0.7 - 0.5 * slope_x - 0.5 * slope_y, 0.15, 1.5) * smoothstep(rim, 0.0, 0.09)
    hue = rng.uniform(0.05, 0.13)
    kinds = pick_colors(rng, int(stone.max()) + 1, (hue, hue + 0.05), (0.02, 0.4), (0.35, 0.95))
    speckle = np.exp(np.float32(0.18) * fractal_field(rng, size_px, slope=-0.1, first=8))
    return shade(kinds[stone], light * speckle) + np.float32(0.012)


def paint_mountains(rng: np.random.Generator, size_px: int) -> Array:
    """Paint ridges behind ridges, each paler with haze, under a sky that glows towards the horizon."""
    x, y = pixel_grid(size_px)
    hue = rng.choice([0.02, 0.08, 0.58, 0.72, 0.9]) + rng.uniform(-0.03, 0.03)
    haze = pick_color(rng, (hue, hue + 0.04), (0.15, 0.55), (0.85, 1.0))
    canvas = blend(pick_color(rng, (0.58, 0.7), (0.35, 0.7), (0.4, 0.75)), haze, smoothstep(y, -0.1, 0.55))
    sun_x, sun_y = rng.uniform(0.1, 0.9), rng.uniform(0.12, 0.35)
    glow = np.exp(-((x - sun_x) ** 2 + (y - sun_y) ** 2) / np.float32(rng.uniform(0.002, 0.02)))
    canvas = blend(canvas, np.ones(3, np.float32), np.asarray(0.85 * glow, np.float32))
    rock = pick_color(rng, (0.55, 0.75), (0.3, 0.7), (0.06, 0.2))
    layers = int(rng.integers(4, 7))
    relief = fractal_field(rng, size_px, slope=0.05, first=8)
    profiles = fractal_field(rng, size_px, slope=0.75, first=4)
    for layer in range(layers):
        near = (layer + 1) / layers
        profile = profiles[size_px * layer // layers]
        crest = 0.32 + 0.55 * near**1.2 + 0.11 * (1.2 - 0.5 * near) * profile
        mask = smoothstep((y - crest[None, :]) * np.float32(size_px), -0.8, 0.8)
        fall = np.clip((y - crest[None, :]) * 3.0, 0, 1)
        face = blend(haze, rock, np.clip(near**0.8 - 0.5 * fall * (1 - near), 0, 1))
        canvas = blend(canvas, shade(face, np.exp(np.float32(0.22 * near) * relief)), mask)
    return canvas


def paint_wood(rng: np.random.Generator, size_px: int) -> Array:
    """Paint planks side by side, each with its own tone, wandering growth rings and fine lengthwise fibers."""
    x, y = pixel_grid(size_px)
    planks = int(rng.integers(2, 5))
    plank = np.minimum(x * planks, planks - 1e-3).astype(int)
    across = x * planks - plank.astype(np.float32)
    offset = rng.uniform(0, 40, planks).astype(np.float32)[plank]
    warp = fractal_field(rng, size_px, slope=1.2, first=2, stretch=1)
    rings = rng.uniform(3.5, 7.0)
    bow = np.hypot(across - 0.5 + 0.15 * warp, (y - 0.5 + offset % 1) * 0.35)
    phase = (bow * np.float32(rings * 2) + offset) % 1
    grain = smoothstep(phase, 0.0, 0.75) - smoothstep(phase, 0.88, 1.0)
    fiber = fractal_field(rng, size_px, slope=-0.1, first=16, stretch=8)
    hue = rng.uniform(0.055, 0.1)
    board = blend(
        pick_color(rng, (hue, hue + 0.01), (0.4, 0.65), (0.75, 0.98)),
        pick_color(rng, (hue - 0.03, hue), (0.6, 0.8), (0.3, 0.55)),
        np.clip(0.85 * grain, 0, 1),
    )
    tone = rng.uniform(0.55, 1.1, planks).astype(np.float32)[plank]
    seam = smoothstep(np.minimum(across, 1 - across), 0.0, 0.035)
    return shade(board, tone * (0.08 + 0.92 * seam) * np.exp(np.float32(0.15) * fiber))
