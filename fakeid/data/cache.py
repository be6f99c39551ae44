"""Each image is decoded and prepared once, into memory-mapped uint8 arrays that all runs share.

A cache folder belongs to one source and one preparation. It holds packs: an array of a few hundred images and, written
after it, an index of its keys. A pack counts only with its index, so a kill loses no more than the packs in work, and
a run that needs other images adds packs with just those.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from fakeid.data.packing import Pack, Preparation, pack_in_parallel
from fakeid.data.records import Record
from fakeid.data.sources.contract import Source
from fakeid.errors import BadImageError, DataError
from fakeid.files import clear_output_errors, lock_folder, read_json, write_atomically, write_json

_VERSION: Final = 1
_IMAGES_A_PACK: Final = 256


class PackedImages:
    """Prepared images by key.

    Attributes:
        skipped: Why an image that was asked for is missing, by key.
    """

    def __init__(
        self,
        arrays: Sequence[npt.NDArray[np.uint8]],
        places: Mapping[str, tuple[int, int]],
        skipped: Mapping[str, str],
    ) -> None:
        self._arrays = arrays
        self._places = places
        self.skipped = skipped

    def locate(self, keys: Sequence[str]) -> npt.NDArray[np.int64]:
        """Where the images of these keys are: int64 (N, 2), for `take`."""
        return np.array([self._places[key] for key in keys], np.int64).reshape(-1, 2)  # (N, 2) also for N = 0

    def take(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """The images at these places: RGB uint8 (N, H, W, 3), a copy in memory."""
        return np.stack([self._arrays[pack][row] for pack, row in places])


class ImageCache:
    """The folder of one source under one preparation."""

    def __init__(self, root: Path, source: Source, preparation: Preparation) -> None:
        self._source = source
        self._preparation = preparation
        self._identity = {**source.describe(), **asdict(preparation), "cache_version": _VERSION}
        digest = hashlib.sha256(json.dumps(self._identity, sort_keys=True).encode()).hexdigest()[:8]
        self._root = root
        self.folder = root / f"{self._identity['source']}-{preparation.image_px}px-{digest}"

    def load(
        self,
        records: Sequence[Record],
        *,
        skip_bad: bool = False,
        on_start: Callable[[int], None] = lambda _: None,
        on_progress: Callable[[int], None] = lambda _: None,
    ) -> PackedImages:
        """Pack what is missing, on all cores, and open everything.

        Args:
            records: The images that are needed.
            skip_bad: List unusable images in `PackedImages.skipped`, or raise at the first.
            on_start: Told how many images have to be packed, if any.
            on_progress: Told of each pack how many images it held.

        Raises:
            BadImageError: An unusable image, unless `skip_bad`.
            DataError: A damaged cache; says how to rebuild it.
            OutputError: The folder cannot be written to.
        """
        with clear_output_errors(self._root, "paths.cache"):
            self.folder.mkdir(parents=True, exist_ok=True)
            busy = f"another process is packing images into {self.folder}"
            with lock_folder(self.folder, wait=True, busy=busy):
                packed = self._open()
                missing = [r for r in records if r.key not in packed._places and r.key not in packed.skipped]
                if missing:
                    on_start(len(missing))
                    self._add(missing, skip_bad, on_progress)
                    packed = self._open()
        bad = [packed.skipped[record.key] for record in records if record.key in packed.skipped]
        if bad and not skip_bad:
            raise BadImageError(f"{bad[0]}; data.on_bad_image=skip leaves such images out")
        return packed

    def _add(self, records: list[Record], skip_bad: bool, on_progress: Callable[[int], None]) -> None:
        write_json(self.folder / "identity.json", self._identity)
        chunks = [records[start : start + _IMAGES_A_PACK] for start in range(0, len(records), _IMAGES_A_PACK)]
        for pack in pack_in_parallel(self._source, chunks, self._preparation, skip_bad):
            self._write(pack)
            on_progress(len(pack.keys) + len(pack.skipped))

    def _write(self, pack: Pack) -> None:
        name = hashlib.sha256("\n".join([*pack.keys, *pack.skipped]).encode()).hexdigest()[:16]
        write_atomically(self.folder / f"{name}.npy", lambda file: np.save(file, pack.images))
        write_json(self.folder / f"{name}.json", {"keys": pack.keys, "skipped": pack.skipped})

    def _open(self) -> PackedImages:
        arrays: list[npt.NDArray[np.uint8]] = []
        places: dict[str, tuple[int, int]] = {}
        skipped: dict[str, str] = {}
        for index_path in sorted(self.folder.glob("*.json")):
            if index_path.name == "identity.json":
                continue
            index = read_json(index_path)
            skipped.update(index["skipped"])
            if index["keys"]:
                places.update({key: (len(arrays), row) for row, key in enumerate(index["keys"])})
                arrays.append(self._map(index_path.with_suffix(".npy"), len(index["keys"])))
        return PackedImages(arrays, places, skipped)

    def _map(self, path: Path, count: int) -> npt.NDArray[np.uint8]:
        side = self._preparation.image_px
        try:
            array = np.load(path, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise DataError(f"the cache is damaged at {path}; delete {self.folder} to have it rebuilt") from error
        if array.shape != (count, side, side, 3) or array.dtype != np.uint8:
            raise DataError(f"the cache is damaged at {path}; delete {self.folder} to have it rebuilt")
        return np.asarray(array)
