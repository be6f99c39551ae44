"""The prepared images of a source, as memory-mapped uint8 arrays that all runs share.

A cache folder belongs to one source and one preparation. It holds packs: an array of a few hundred images and, written
after it, an index of its keys. A pack is valid only with its index, so a killed process loses no more than the packs
it was writing. A run that needs further images adds packs with only those. A complete cache is opened without a lock
and without writing, so it may lie on a read-only disk.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

from fakeid.data.cache.packing import Preparation, pack_in_parallel
from fakeid.data.cache.packs import INDEX_SUFFIX, PackedImages, check_pack, read_pack
from fakeid.data.records import Record
from fakeid.data.sources.base import Source
from fakeid.errors import BadImageError, DataError, OutputError
from fakeid.io import clear_output_errors, lock_folder, read_json, remove_parts, write_json

resource: ModuleType | None
try:
    import resource
except ImportError:  # Windows, which does not limit open files this way
    resource = None

_VERSION: Final = 4  # of the pack files and of the preparation of pixels
_IMAGES_A_PACK: Final = 256
_OTHER_FILES: Final = 256  # that a process has open besides the packs
_REBUILD: Final = "rebuild it with python -m fakeid prepare --rebuild and the same options"


class ImageCache:
    """The cache of the images of one source under one preparation.

    Args:
        root: Folder that holds one folder per cache.
        source: Source that reads the images.
        preparation: How the images are prepared.

    Attributes:
        source: Source that reads the images.
        folder: Folder of this cache.
    """

    def __init__(self, root: Path, source: Source, preparation: Preparation) -> None:
        self.source = source
        self._preparation = preparation
        meaning = {**source.describe(), **preparation.describe()}
        digest = hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:8]
        self._identity = {**meaning, "cache_version": _VERSION}
        self._root = root
        self.folder = root / f"{meaning['source']}-{preparation.image_px}px-{digest}"

    def load(
        self,
        records: Sequence[Record],
        *,
        skip_bad: bool = False,
        on_start: Callable[[int, int], None] = lambda _num, _bytes: None,
        on_progress: Callable[[int], None] = lambda _: None,
        on_wait: Callable[[], None] = lambda: None,
    ) -> PackedImages:
        """Pack the missing images, on all cores, and open all packs.

        Args:
            records: The images that are needed.
            skip_bad: Whether to list unusable images in `PackedImages.skipped` instead of raising at the first. Those
                that could not even be read are tried again by the next call.
            on_start: Called with the number of images to pack and the bytes they will take, if any are missing.
            on_progress: Called with the number of images in each pack once it is written.
            on_wait: Called if another process is packing.

        Raises:
            BadImageError: An image is unusable and `skip_bad` is false.
            DataError: The cache is damaged or belongs to other images; the message says how to rebuild it.
            OutputError: The folder cannot be written to, or its disk has too little space.
        """
        packed = self._open()
        if packed.list_missing(records):
            with clear_output_errors(self._root, "paths.cache"):
                packed = self._complete(records, skip_bad, on_start, on_progress, on_wait)
        bad = [packed.skipped[record.key] for record in records if record.key in packed.skipped]
        if bad and not skip_bad:
            raise BadImageError(f"{bad[0]}; data.on_bad_image=skip leaves such images out")
        return packed

    def verify(self, on_progress: Callable[[int], None] = lambda _: None) -> int:
        """Compare every pack with its stored digest.

        Args:
            on_progress: Called after each pack with the total number of packs.

        Returns:
            The number of packs.

        Raises:
            DataError: A pack differs from its digest.
        """
        self._open()
        paths = self._index_paths()
        for path in paths:
            try:
                check_pack(path)
            except DataError as error:
                raise DataError(f"{error}; {_REBUILD}") from error
            on_progress(len(paths))
        return len(paths)

    def remove(self) -> None:
        """Delete the content of the cache folder, so that it is rebuilt.

        The folder itself stays, because the lock in it may already belong to another process that packs images.

        Raises:
            OutputError: The content cannot be deleted, or another process is writing to it.
        """
        if not self.folder.exists():
            return
        busy = f"another process is packing images into {self.folder}"
        with clear_output_errors(self._root, "paths.cache"), lock_folder(self.folder, wait=False, busy=busy):
            for pattern in (f"*{INDEX_SUFFIX}", "identity.json", "*.npy"):  # a pack is valid only with its index
                for path in self.folder.glob(pattern):
                    path.unlink()
            remove_parts(self.folder)

    def _complete(
        self,
        records: Sequence[Record],
        skip_bad: bool,
        on_start: Callable[[int, int], None],
        on_progress: Callable[[int], None],
        on_wait: Callable[[], None],
    ) -> PackedImages:
        unreadable: dict[str, str] = {}
        self.folder.mkdir(parents=True, exist_ok=True)
        with lock_folder(self.folder, on_wait=on_wait):
            packed = self._open()
            # Sorted by key: neighbors in an archive are read together, and the same images always share a pack.
            missing = sorted(packed.list_missing(records), key=lambda record: record.key)
            if missing:
                size = len(missing) * self._preparation.image_px**2 * 3
                self._check_room(size)
                on_start(len(missing), size)
                remove_parts(self.folder)
                write_json(self.folder / "identity.json", self._identity)
                missing = _group_scenes(missing)
                chunks = [missing[at : at + _IMAGES_A_PACK] for at in range(0, len(missing), _IMAGES_A_PACK)]
                for count, found in pack_in_parallel(self.folder, self.source, chunks, self._preparation, skip_bad):
                    unreadable.update(found)
                    on_progress(count)
            packed = self._open()
            packed.skipped.update(unreadable)
            return packed

    def _check_room(self, size: int) -> None:
        free = shutil.disk_usage(self.folder).free
        if size > free:
            raise OutputError(
                f"the prepared images take {size / 1e6:,.1f} MB, but {self._root} has {free / 1e6:,.1f} MB left; "
                "choose another disk with paths.cache=DIR, or fewer images with data.train_per_class"
            )

    def _index_paths(self) -> list[Path]:
        return sorted(self.folder.glob(f"*{INDEX_SUFFIX}"))

    def _open(self) -> PackedImages:
        paths = self._index_paths()
        if paths:
            self._check_identity()
        _allow_open_files(len(paths) + _OTHER_FILES)
        try:
            return PackedImages([read_pack(path, self._preparation.image_px) for path in paths])
        except DataError as error:
            raise DataError(f"{error}; {_REBUILD}") from error

    def _check_identity(self) -> None:
        try:
            found = read_json(self.folder / "identity.json")
        except (OSError, ValueError):
            found = None
        version = found.get("cache_version", _VERSION) if isinstance(found, dict) else _VERSION
        if version != _VERSION:
            raise DataError(f"the cache {self.folder} has version {version}, expected version {_VERSION}; {_REBUILD}")
        if found != json.loads(json.dumps(self._identity)):
            raise DataError(f"the cache {self.folder} belongs to other images, or does not say which; {_REBUILD}")


def _allow_open_files(count: int) -> None:
    """Raise the limit on open files to `count`; many systems allow only 1,024 until a process asks for more."""
    if resource is None:
        return
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed >= count or allowed == resource.RLIM_INFINITY:
        return
    if most < count and most != resource.RLIM_INFINITY:
        raise DataError(f"the cache needs {count:,} open files, but {most:,} are allowed: raise that with ulimit -n")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, most))


def _group_scenes(records: list[Record]) -> list[Record]:
    """Move images of one scene next to each other, for sources that make them together."""
    places: dict[tuple[str, str], int] = {}
    for record in records:
        places.setdefault((record.category, record.scene), len(places))
    return sorted(records, key=lambda record: places[record.category, record.scene])
