"""Built-in demo images: procedural scenes, photographed by a small camera or imitated by a simulated generator."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from fakeid.config.constants import (
    CAMERA,
    DEMO_CATEGORIES,
    FAKE,
    HELD_OUT_BLOCK,
    LABEL_NAMES,
    REAL,
    TEST,
    UPSAMPLING_BLOCKS,
)
from fakeid.data.records import Record
from fakeid.data.simulate.scenes import paint_scene
from fakeid.errors import ConfigError
from fakeid.images.camera import SENSOR_SCALE, take_photo
from fakeid.images.levels import round_levels
from fakeid.seeding import derive_seed

if TYPE_CHECKING:
    from fakeid.data.simulate.generators import SimulatedGenerator

_VERSION = 1  # raise it whenever any pixel changes
_MIN_PX, _MAX_PX = 32, 512
_NOISE_FLOOR = 2.0  # 8-bit levels, added to both classes
_STRENGTH = 0.3
_FIT_PIXELS = 24 * 64 * 64  # approximate number of pixels to fit a generator to, in at least _MIN_FIT_PHOTOS
_MIN_FIT_PHOTOS = 8

# The blocks take turns. The held-out family has the same block as the first one, with its own random kernels.
_BLOCKS: Final = {
    category: UPSAMPLING_BLOCKS[index % len(UPSAMPLING_BLOCKS)] for index, category in enumerate(DEMO_CATEGORIES[:-1])
} | {DEMO_CATEGORIES[-1]: UPSAMPLING_BLOCKS[0]}


@dataclass(frozen=True)
class DemoSource:
    """A source of eleven families of scenes, each with photos (real) and imitations of photos of other scenes (fake).

    Real: scene → camera. Fake: another scene → camera → the family's simulated generator. Both then get noise of the
    same strength and are rounded to 8 bits, so that only the generator's trace tells them apart. An image depends only
    on `seed`, `image_px` and its key.

    Args:
        images_per_class: Number of images for each category and label.
        image_px: Side of the images, in pixels; an even number from 32 to 512.
        seed: Seed of the data; each seed gives other scenes and other generators.

    Raises:
        ConfigError: A size or a count is out of range.
    """

    images_per_class: int
    image_px: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        if not _MIN_PX <= self.image_px <= _MAX_PX or self.image_px % 2:
            raise ConfigError(
                f"data.image_px must be an even number from {_MIN_PX} to {_MAX_PX} with data=demo, got {self.image_px}"
            )
        if self.images_per_class < 1:
            raise ConfigError(f"the built-in data needs at least 1 image per class, got {self.images_per_class}")

    def records(self) -> list[Record]:
        """List all images; keys are `category/label/number`, and no two images share a scene.

        The `generator` of a fake is its kind of decoder; each family has its own random network of that kind.
        """
        return [
            Record(
                key=f"{category}/{LABEL_NAMES[label]}/{index:06d}",
                label=label,
                category=category,
                generator=CAMERA if label == REAL else _BLOCKS[category],
                scene=f"{LABEL_NAMES[label]}-{index:06d}",
            )
            for category in DEMO_CATEGORIES
            for label in (REAL, FAKE)
            for index in range(self.images_per_class)
        ]

    def held_out_records(self, images_per_category: int) -> list[Record]:
        """List fakes of every category by an unseen generator, a kind of decoder that `records` does not contain.

        Keys are `category/HELD_OUT_BLOCK/number`, and the scenes occur nowhere else.
        """
        return [
            Record(
                key=f"{category}/{HELD_OUT_BLOCK}/{index:06d}",
                label=FAKE,
                category=category,
                generator=HELD_OUT_BLOCK,
                scene=f"{HELD_OUT_BLOCK}-{index:06d}",
                split=TEST,
            )
            for category in DEMO_CATEGORIES
            for index in range(images_per_category)
        ]

    def read(self, record: Record) -> npt.NDArray[np.uint8]:
        """Generate one image, RGB uint8 (image_px, image_px, 3)."""
        image = _photograph(record.category, self.image_px, derive_seed(self.seed, "demo", record.key))
        if record.label == FAKE:
            image = _build_generator(record.generator, record.category, self.image_px, self.seed).imitate(image)
        rng = _rng(self.seed, "demo noise", record.key)
        noise = np.float32(_NOISE_FLOOR) * rng.standard_normal(image.shape, dtype=np.float32)
        return round_levels(image + noise)

    def read_file(self, record: Record) -> None:
        """Return None, because the images are generated and have no files."""

    def describe(self) -> dict[str, Any]:
        """Identify the pixels by everything that determines them: algorithm version, size and seed."""
        return {"source": "demo", "version": _VERSION, "image_px": self.image_px, "seed": self.seed}


def _rng(*parts: object) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(derive_seed(*parts)))


def _photograph(category: str, image_px: int, seed: int) -> npt.NDArray[np.uint8]:
    """Photograph a scene of the family, RGB uint8 (image_px, image_px, 3)."""
    light = paint_scene(category, SENSOR_SCALE * image_px, seed)
    return take_photo(light, _rng(seed, "sensor"))


@lru_cache(maxsize=4 * len(DEMO_CATEGORIES))
def _build_generator(block: str, category: str, image_px: int, seed: int) -> "SimulatedGenerator":
    """Fit a generator for the family to photos of scenes that occur nowhere else."""
    from fakeid.data.simulate.generators import SimulatedGenerator  # noqa: PLC0415 - torch takes seconds, and listing does without

    count = max(_MIN_FIT_PHOTOS, _FIT_PIXELS // image_px**2)
    photos = [_photograph(category, image_px, derive_seed(seed, "demo fit", category, i)) for i in range(count)]
    return SimulatedGenerator(
        block,
        np.stack(photos),
        seed=derive_seed(seed, "demo generator", category),
        strength=_STRENGTH,
    )
