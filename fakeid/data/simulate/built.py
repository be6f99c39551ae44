"""Paint families of man-made scenes: bricks, tartan, skyline."""

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


def _turned_grid(rng: np.random.Generator, size_px: int, max_radians: float) -> tuple[Array, Array]:
    """Compute pixel coordinates for a slightly tilted camera: x, y float32 (size_px, size_px), about in (0, 1)."""
    x, y = pixel_grid(size_px)
    angle = rng.uniform(-max_radians, max_radians)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    shift = rng.uniform(0, 1, 2).astype(np.float32)
    return cos * x + sin * y + shift[0], cos * y - sin * x + shift[1]


def paint_bricks(rng: np.random.Generator, size_px: int) -> Array:
    """Paint a wall in running bond: rough bricks in shades of one red or brown, pale recessed mortar."""
    x, y = _turned_grid(rng, size_px, 0.12)
    courses = rng.uniform(6, 10)
    v = y * np.float32(courses)
    row = np.floor(v)
    u = x * np.float32(courses * rng.uniform(0.38, 0.5)) + 0.5 * (row % 2)
    column = np.floor(u)
    wobble = np.float32(0.02) * fractal_field(rng, size_px, slope=0.3, first=8)
    edge = np.minimum(np.minimum(u - column, column + 1 - u) * 2.2, np.minimum(v - row, row + 1 - v)) + wobble
    mask = smoothstep(edge, 0.05, 0.11)
    hue, value = rng.uniform(-0.01, 0.07), rng.uniform(0.45, 0.8)
    limits = ((hue - 0.015, hue + 0.015), (0.45, 0.75), (value - 0.2, value + 0.15))
    shades = pick_colors(rng, 64, *limits)
    brick = shades[(row.astype(int) * 31 + column.astype(int) * 17) % 64]
    mortar = pick_color(rng, (0.08, 0.14), (0.05, 0.25), (0.6, 0.85))
    rough = np.exp(np.float32(0.2) * fractal_field(rng, size_px, slope=0.0, first=8))
    shadow = 1 - 0.5 * smoothstep(v - row, 0.82, 0.96) * (1 - smoothstep(v - row, 0.96, 1.0))
    return shade(blend(mortar, brick, mask), rough * shadow)


def paint_tartan(rng: np.random.Generator, size_px: int) -> Array:
    """Paint woolen cloth: a symmetrical sequence of colored stripes in both directions, woven as a diagonal twill."""
    x, y = _turned_grid(rng, size_px, 0.3)
    threads = int(rng.integers(18, 26))
    wave = np.float32(0.006) * fractal_field(rng, size_px, slope=1.0, first=3)
    u, v = (x + wave) * threads, (y - wave) * threads
    ground = rng.uniform()
    yarns = np.stack(
        [
            pick_color(rng, (ground, ground), (0.7, 0.95), (0.45, 0.75)),
            pick_color(rng, (ground + 0.3, ground + 0.6), (0.6, 0.95), (0.3, 0.7)),
            pick_color(rng, (0, 1), (0.0, 0.4), (0.85, 1.0)),
            pick_color(rng, (0, 1), (0.2, 0.9), (0.02, 0.15)),
        ]
    )
    half = np.repeat(rng.permutation([0, 1, 0, 3, 2]), rng.integers(1, 5, 5))
    sett = np.concatenate([half, half[::-1]])
    i, j = np.floor(u).astype(int), np.floor(v).astype(int)
    warp, weft = yarns[sett[i % sett.size]], yarns[sett[j % sett.size]]
    warp_on_top = (i + j) % 4 < 2
    roundness = np.where(warp_on_top, np.sin(np.pi * (u - i)), np.sin(np.pi * (v - j)))
    fuzz = np.exp(np.float32(0.14) * fractal_field(rng, size_px, slope=-0.1, first=16))
    cloth = np.where(warp_on_top[..., None], warp, weft) + np.float32(0.01)
    return shade(cloth, ((0.45 + 0.55 * roundness) * fuzz).astype(np.float32))


def paint_skyline(rng: np.random.Generator, size_px: int) -> Array:
    """Paint a city after dusk: dark towers with grids of lit windows in front of a glowing sky."""
    _, y = pixel_grid(size_px)
    hue = rng.uniform(0.6, 0.95)
    canvas = blend(
        pick_color(rng, (0.6, 0.72), (0.6, 0.9), (0.1, 0.3)),
        pick_color(rng, (hue, hue + 0.1), (0.4, 0.75), (0.4, 0.8)),
        smoothstep(y, 0.0, 0.8),
    )
    canvas = shade(canvas, np.exp(np.float32(0.12) * fractal_field(rng, size_px, slope=0.4)))
    lamp = rng.uniform(0.08, 0.16)
    for depth in np.linspace(0, 1, 11):
        width = round(size_px * rng.uniform(0.12, 0.26))
        left = round(rng.uniform(-0.1, 0.95) * size_px)
        top = round(size_px * (rng.uniform(0.12, 0.45) + 0.35 * depth))
        tower = canvas[top:, max(0, left) : left + width]
        wall = pick_color(rng, (0.55, 0.75), (0.15, 0.5), (0.08, 0.3))
        tower[:] = wall * np.linspace(1.3, 0.5, tower.shape[1], dtype=np.float32)[None, :, None]
        pitch = max(4, round(size_px * rng.uniform(0.032, 0.05)))
        pane_h, pane_w = max(2, pitch // 2), max(2, round(pitch * rng.uniform(0.5, 0.7)))
        glow = pick_color(rng, (lamp - 0.03, lamp + 0.03), (0.2, 0.8), (0.8, 1.0))
        rows, columns = tower.shape[0] // pitch, tower.shape[1] // pitch
        bright = rng.uniform(0.1, 1.0, (rows, columns)) * (rng.random((rows, columns)) < rng.uniform(0.3, 0.7))
        pane = np.zeros((pitch, pitch))
        pane[pitch // 4 : pitch // 4 + pane_h, pitch // 4 : pitch // 4 + pane_w] = 1
        windows = np.kron(bright, pane).astype(np.float32)  # (rows * pitch, columns * pitch)
        facade = tower[: rows * pitch, : columns * pitch]
        facade[:] = np.where(windows[..., None] > 0, glow * windows[..., None], facade)
    halo = cv2.GaussianBlur(canvas, (0, 0), size_px / 40)
    return canvas + np.float32(0.25) * halo
