"""A folder of photos for `data=simulated`: procedural scenes through a simulated camera."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fakeid.data.simulate.scenes import paint_scene
from fakeid.images.camera import SENSOR_SCALE, take_photo

FAMILIES = ("leaves", "mountains", "pebbles", "flowers")
SCENE_PX = 192


@cache
def _take_photo(number: int) -> npt.NDArray[np.uint8]:
    family = FAMILIES[number % len(FAMILIES)]
    return take_photo(paint_scene(family, SENSOR_SCALE * SCENE_PX, number), np.random.default_rng(number))


def draw_photos(count: int, height: int = 96, width: int = 96) -> list[npt.NDArray[np.uint8]]:
    """Draw windows of eight scenes at different positions, RGB uint8 (height, width, 3)."""
    rng = np.random.default_rng(0)
    photos = []
    for number in range(count):
        top, left = (int(rng.integers(SCENE_PX - side, endpoint=True)) for side in (height, width))
        photos.append(np.ascontiguousarray(_take_photo(number % 8)[top : top + height, left : left + width]))
    return photos


def write_photos(root: Path, count: int, height: int = 96, width: int = 96) -> Path:
    """Write the photos as PNG to two folders below the root."""
    for number, photo in enumerate(draw_photos(count, height, width)):
        path = root / f"trip_{number % 2}" / f"{number:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), cv2.cvtColor(photo, cv2.COLOR_RGB2BGR))
    return root
