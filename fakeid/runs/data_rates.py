"""How fast photos are read, prepared and taken from the cache, each beside what PIL and torchvision make of it."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from torchvision.datasets import ImageFolder
from torchvision.transforms import Compose, PILToTensor, Resize

from fakeid.data.cache import ImageCache
from fakeid.data.datamodule import PackedDataset
from fakeid.data.packing import Preparation, pack_images
from fakeid.data.sources.lsun import LsunSource
from fakeid.images.prepare import prepare_image
from fakeid.runs.made_up import write_database

SIDE_PX: Final = 256
_CATEGORY: Final = "bedroom"
_IMAGES_A_ROUND: Final = 200
_BATCH: Final = 64
_PNG_FILES: Final = 256


class Photos:
    """The same JPEG files in one of LSUN's databases and as a folder of files.

    Args:
        root: An empty folder.
        files: The content of each.
    """

    def __init__(self, root: Path, files: Sequence[bytes]) -> None:
        self._root = root
        values = [(f"{number:040x}", file) for number, file in enumerate(files)]
        write_database(root / f"{_CATEGORY}_train_lmdb", values, 2 * sum(map(len, files)) + 16384 * len(files))
        (root / "files" / _CATEGORY).mkdir(parents=True)
        for key, file in values:
            (root / "files" / _CATEGORY / f"{key}.jpg").write_bytes(file)
        self._source = LsunSource(str(root), [_CATEGORY], listings=str(root / "listings"))
        self._records = list(self._source.records())

    def measure_reading(self, rounds: int) -> dict[str, float]:
        """Images per second of one core, decoded and brought to 256 px; the ways take turns.

        `image_folder` is torchvision's with PIL's resizing; `squash` and `center_crop` are ours, from the database;
        `pack` is `squash` with what the cache adds to it: array and fingerprints.
        """
        folder = ImageFolder(str(self._root / "files"), Compose([Resize((SIDE_PX, SIDE_PX)), PILToTensor()]))
        preparation = Preparation(SIDE_PX, "squash", "none")
        ways: dict[str, Callable[[list[int]], object]] = {
            "image_folder": lambda rows: [folder[row] for row in rows],
            "squash": lambda rows: self._prepare(rows, "squash"),
            "center_crop": lambda rows: self._prepare(rows, "center_crop"),
            "pack": lambda rows: pack_images(self._source, [self._records[row] for row in rows], preparation, False),
        }
        num = len(self._records)
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for start in range(0, rounds * _IMAGES_A_ROUND, _IMAGES_A_ROUND):
            rows = [number % num for number in range(start, start + min(num, _IMAGES_A_ROUND))]
            for name, read in ways.items():
                rates[name].append(len(rows) / time_call(read, rows))
        return {name: median(found) for name, found in rates.items()}

    def measure_batches(self, rounds: int) -> dict[str, float]:
        """Seconds for 64 images at random places: `png` from files by PIL, `cache` from ours; the ways take turns."""
        preparation = Preparation(SIDE_PX, "squash", "none")
        packed = ImageCache(self._root / "cache", self._source, preparation).load(self._records)
        dataset = PackedDataset(packed, self._records)
        keys = [record.key for record in self._records[:_PNG_FILES]]
        paths = [self._root / f"{number}.png" for number in range(len(keys))]
        for path, rgb_u8 in zip(paths, packed.take(packed.locate(keys)), strict=True):
            Image.fromarray(rgb_u8).save(path)
        rng = np.random.default_rng(0)
        seconds: dict[str, list[float]] = {"png": [], "cache": []}
        for _ in range(rounds):
            some = [paths[row] for row in rng.integers(0, len(paths), _BATCH)]
            seconds["png"].append(time_call(_decode, some))
            for _ in range(4):
                rows = rng.integers(0, len(dataset), _BATCH).tolist()
                seconds["cache"].append(time_call(dataset.__getitems__, rows))
        return {name: median(found) for name, found in seconds.items()}

    def _prepare(self, rows: list[int], prep: str) -> list[npt.NDArray[np.uint8]]:
        return [prepare_image(self._source.read(self._records[row]), SIDE_PX, prep) for row in rows]


def _decode(paths: list[Path]) -> list[npt.NDArray[np.uint8]]:
    return [np.asarray(Image.open(path).convert("RGB")) for path in paths]


def time_call(measured: Callable[..., object], *arguments: object) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    measured(*arguments)
    return time.perf_counter() - start
