"""How fast photos are read, prepared and taken from the cache, each beside what PIL and torchvision make of it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from torchvision.datasets import ImageFolder
from torchvision.transforms import Compose, PILToTensor, Resize

from fakeid.benchmarks.harness import take_turns, time_call
from fakeid.config.constants import REAL
from fakeid.data.cache.image_cache import ImageCache
from fakeid.data.cache.packing import Preparation, pack_images
from fakeid.data.datamodule import PackedDataset
from fakeid.data.records import Record
from fakeid.data.sources.demo import DemoSource
from fakeid.data.sources.folders import FolderSource
from fakeid.images.resize import prepare_image

_SIDE_PX: Final = 256
_IMAGES_A_ROUND: Final = 200
_BATCH: Final = 64
_PNG_FILES: Final = 256


def draw_photos(count: int) -> list[bytes]:
    """Draw JPEG files of 256 px, which LSUN's photos have at their shorter side."""
    source = DemoSource(image_px=_SIDE_PX, images_per_class=count)
    reals = [record for record in source.records() if record.label == REAL][:count]
    images = (cv2.cvtColor(source.read(record), cv2.COLOR_RGB2BGR) for record in reals)
    return [bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 75])[1]) for image in images]


class Photos:
    """JPEG files of one class.

    Args:
        root: An empty folder.
        files: The content of each.
    """

    def __init__(self, root: Path, files: Sequence[bytes]) -> None:
        self._root = root
        folder = root / "files" / "real"
        folder.mkdir(parents=True)
        for number, file in enumerate(files):
            (folder / f"{number:06}.jpg").write_bytes(file)
        self._source = FolderSource(str(folder.parent), both_classes=False)
        self._records = self._source.records()
        self._preparation = Preparation(_SIDE_PX, "squash", "none")

    def measure_reading(self, rounds: int) -> dict[str, float]:
        """Measure the images per second of one core, decoded and brought to 256 px.

        `image_folder` is torchvision's with PIL's resizing; `squash` and `center_crop` are ours; `pack` is `squash`
        with what the cache adds to it: array and fingerprints.
        """
        folder = ImageFolder(str(self._root / "files"), Compose([Resize((_SIDE_PX, _SIDE_PX)), PILToTensor()]))
        reads: dict[str, Callable[[list[int]], object]] = {
            "image_folder": lambda rows: [folder[row] for row in rows],
            "squash": lambda rows: self._prepare(rows, "squash"),
            "center_crop": lambda rows: self._prepare(rows, "center_crop"),
            "pack": lambda rows: pack_images(self._source, self._select(rows), self._preparation, False),
        }

        def measure(read: Callable[[list[int]], object]) -> Callable[[int], float]:
            return lambda number: len(rows := self._choose_rows(number)) / time_call(read, rows)

        return take_turns({name: measure(read) for name, read in reads.items()}, rounds)

    def measure_batches(self, rounds: int) -> dict[str, float]:
        """Measure the seconds for 64 images at random places: `png` from files by PIL, `cache` from ours."""
        packed = ImageCache(self._root / "cache", self._source, self._preparation).load(self._records)
        dataset = PackedDataset(packed, self._records)
        keys = [record.key for record in self._records[:_PNG_FILES]]
        paths = [self._root / f"{number}.png" for number in range(len(keys))]
        for path, rgb_u8 in zip(paths, packed.take(packed.locate(keys)), strict=True):
            Image.fromarray(rgb_u8).save(path)
        rng = np.random.default_rng(0)
        ways: dict[str, Callable[[int], float]] = {
            "png": lambda _: time_call(_decode, [paths[row] for row in rng.integers(0, len(paths), _BATCH)]),
            "cache": lambda _: time_call(dataset.__getitems__, rng.integers(0, len(dataset), _BATCH).tolist()),
        }
        return take_turns(ways, rounds)

    def _choose_rows(self, number: int) -> list[int]:
        """Other images in each round, as long as there are any."""
        start, num = number * _IMAGES_A_ROUND, len(self._records)
        return [row % num for row in range(start, start + min(num, _IMAGES_A_ROUND))]

    def _select(self, rows: list[int]) -> list[Record]:
        return [self._records[row] for row in rows]

    def _prepare(self, rows: list[int], prep: str) -> list[npt.NDArray[np.uint8]]:
        return [prepare_image(self._source.read(record), _SIDE_PX, prep) for record in self._select(rows)]


def _decode(paths: list[Path]) -> list[npt.NDArray[np.uint8]]:
    return [np.asarray(Image.open(path).convert("RGB")) for path in paths]
