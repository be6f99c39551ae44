"""Read and write packs (a file of prepared images and its index, written last), and find images in them by key."""

import hashlib
import io
import mmap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fakeid.data.records import Record
from fakeid.errors import DataError
from fakeid.images.hashing import NUM_VIEWS
from fakeid.io import read_record, write_atomically, write_record

INDEX_SUFFIX: Final = ".index.json"
_DIGITS: Final = {"digests": 32, "phashes": 16, "views": 16 * NUM_VIEWS}
_HEADER: Final = 128  # bytes in an .npy file; np.load takes ten times as long to parse it as to map the file


@dataclass(frozen=True)
class Pack:
    """Prepared images and their fingerprints.

    Attributes:
        images: RGB uint8 (N, H, W, 3).
        keys: Keys of the N images.
        digests: Digest of each image; see `fakeid.images.hashing`. In hexadecimal, as are the next two.
        phashes: Perceptual hash of each image.
        views: Hashes of the views of each image, in one string.
        skipped: Reason why a requested image is missing, by key.
        index_path: Path of the index of a pack that was read; otherwise None.
        unreadable: Reason why a requested image could not be read, by key; not stored, because it may pass.
    """

    images: npt.NDArray[np.uint8]
    keys: list[str]
    digests: list[str]
    phashes: list[str]
    views: list[str]
    skipped: dict[str, str]
    index_path: Path | None = None
    unreadable: dict[str, str] = field(default_factory=dict)

    def __reduce__(self) -> str | tuple[Callable[..., Any], tuple[Any, ...]]:
        """Pickle a stored pack as its path: the other process maps the file instead of copying the images."""
        if self.index_path is None:
            return super().__reduce__()
        return read_pack, (self.index_path, self.images.shape[1])


@dataclass(frozen=True)
class _Index:
    """The schema of a pack's index: the stored fields of `Pack`, and size and digest of the array file."""

    keys: list[str]
    digests: list[str]
    phashes: list[str]
    views: list[str]
    skipped: dict[str, str]
    bytes: int
    sha256: str


def write_pack(folder: Path, pack: Pack) -> None:
    """Write the array and the index of a pack, named after the keys, so that the same keys give the same files."""
    name = hashlib.sha256("\n".join(sorted([*pack.keys, *pack.skipped])).encode()).hexdigest()[:16]
    memory = io.BytesIO()
    np.save(memory, pack.images)
    content = memory.getbuffer()
    write_atomically(folder / f"{name}.npy", lambda file: file.write(content))
    digest = hashlib.sha256(content).hexdigest()
    index = _Index(pack.keys, pack.digests, pack.phashes, pack.views, pack.skipped, len(content), digest)
    write_record(folder / f"{name}{INDEX_SUFFIX}", index)


def read_pack(index_path: Path, image_px: int) -> Pack:
    """Open one pack; its array stays on disk and is mapped into memory, read-only.

    Raises:
        DataError: The array or the index is cut short, damaged or in another format.
    """
    path = _locate_array(index_path)
    try:
        index = read_record(index_path, _Index)
        for name, digits in _DIGITS.items():
            _check_hex(getattr(index, name), digits, len(index.keys))
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if len(content) != index.bytes:
            raise ValueError("cut short")  # noqa: TRY301 - handled like numpy's own errors
        images = np.frombuffer(content, np.uint8, offset=_HEADER).reshape(len(index.keys), image_px, image_px, 3)
        return Pack(images, index.keys, index.digests, index.phashes, index.views, index.skipped, index_path)
    except (OSError, ValueError) as error:
        raise DataError(f"the cache is damaged at {path}") from error


def _locate_array(index_path: Path) -> Path:
    return index_path.with_name(index_path.name.removesuffix(INDEX_SUFFIX) + ".npy")


def _check_hex(words: list[str], digits: int, count: int) -> None:
    """Check the number of hexadecimal words and their digits, all at once because there may be millions."""
    if len(words) != count or any(len(word) != digits for word in words):
        raise ValueError("cut short")
    if 2 * len(bytes.fromhex("".join(words))) != digits * count:  # fromhex skips spaces
        raise ValueError("no hexadecimal digits")


def check_pack(index_path: Path) -> None:
    """Compare the bytes of the array with the digest in the index.

    Raises:
        DataError: They differ.
    """
    path = _locate_array(index_path)
    if hashlib.sha256(path.read_bytes()).hexdigest() != read_record(index_path, _Index).sha256:
        raise DataError(f"the cache is damaged at {path}: its bytes are not those that were written")


class PackedImages:
    """The images of several packs.

    Attributes:
        skipped: Reason why a requested image is missing, by key.
    """

    def __init__(self, packs: Sequence[Pack]) -> None:
        self._packs = [pack for pack in packs if pack.keys]
        self._starts = np.cumsum([0, *(len(pack.keys) for pack in self._packs)])  # index of each pack's first image
        self._numbers = {key: at for at, key in enumerate(chain.from_iterable(pack.keys for pack in self._packs))}
        self.skipped: dict[str, str] = {}
        for pack in packs:
            self.skipped.update(pack.skipped)

    def list_missing(self, records: Iterable[Record]) -> list[Record]:
        """List the records whose images are neither packed nor known to be unusable."""
        return [record for record in records if record.key not in self._numbers and record.key not in self.skipped]

    def locate(self, keys: Sequence[str]) -> npt.NDArray[np.int64]:
        """Find the places of the images with these keys, int64 (N, 2), for `take`."""
        numbers = np.fromiter((self._numbers[key] for key in keys), np.int64, len(keys))
        packs = np.searchsorted(self._starts, numbers, side="right") - 1
        return np.stack([packs, numbers - self._starts[packs]], axis=1)

    def take(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Copy the images at these places into memory: RGB uint8 (N, H, W, 3)."""
        shape = self._packs[0].images.shape[1:] if self._packs else (0, 0, 3)
        images = np.empty((len(places), *shape), np.uint8)
        for index, (at, row) in enumerate(places.tolist()):
            images[index] = self._packs[at].images[row]
        return images

    def fingerprints(self, keys: Sequence[str]) -> tuple[list[str], npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
        """Look up the fingerprints of images; see `fakeid.images.hashing`.

        Args:
            keys: Keys of n images.

        Returns:
            Digests (n,), perceptual hashes uint64 (n,), and hashes of views uint64 (n, NUM_VIEWS).
        """
        places = self.locate(keys).tolist()
        digests = [self._packs[at].digests[row] for at, row in places]
        phashes = np.array([int(self._packs[at].phashes[row], 16) for at, row in places], np.uint64)
        views = bytes.fromhex("".join(self._packs[at].views[row] for at, row in places))
        return digests, phashes, np.frombuffer(views, ">u8").astype(np.uint64).reshape(len(places), NUM_VIEWS)
