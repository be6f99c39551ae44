"""Paint procedural scenes of eleven families, in the spirit of dead leaves and 1/f textures.

Random pictures with the statistics of photos can teach a network to see (Baradad et al. 2021, "Learning to see by
looking at noise"). The families differ in shapes, palette, texture and layout, and are named after what they show.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from fakeid.data.simulate.built import paint_bricks, paint_skyline, paint_tartan
from fakeid.data.simulate.fields import Array, fractal_field, shade
from fakeid.data.simulate.landscapes import paint_clouds, paint_mountains, paint_pebbles, paint_waves, paint_wood
from fakeid.data.simulate.plants import paint_coral, paint_flowers, paint_leaves

_FAMILIES: Final[dict[str, Callable[[np.random.Generator, int], Array]]] = {
    "leaves": paint_leaves,
    "bricks": paint_bricks,
    "waves": paint_waves,
    "clouds": paint_clouds,
    "pebbles": paint_pebbles,
    "tartan": paint_tartan,
    "mountains": paint_mountains,
    "wood": paint_wood,
    "flowers": paint_flowers,
    "skyline": paint_skyline,
    "coral": paint_coral,
}


def paint_scene(family: str, size_px: int, seed: int) -> Array:
    """Paint one scene.

    Args:
        family: Name of one of the eleven families.
        size_px: Side of the picture, in pixels; shapes scale with it, the finest texture follows the pixels.
        seed: Any non-negative integer; each seed gives another scene of the family.

    Returns:
        Linear RGB light, float32 (size_px, size_px, 3) in [0, 1].
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    light = _FAMILIES[family](rng, size_px)
    exposure = np.exp(np.float32(rng.normal(0, 0.2)) + np.float32(0.15) * fractal_field(rng, size_px, slope=1.5))
    return np.clip(shade(light, exposure), 0, 1)
