"""One file of prepared images and its index, which is written last: an array without an index does not count."""

import hashlib
import io
import mmap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fakeid.errors import DataError
from fakeid.files import read_json, write_atomically, write_json
from fakeid.images.fingerprint import NUM_VIEWS
from fakeid.shapes import COUNT

INDEX_SUFFIX: Final = ".index.json"
_INDEX: Final = {
    "keys": [str], "digests": list, "phashes": list, "views": list, "skipped": {str: str}, "bytes": COUNT,
    "sha256": str,
}  # fmt: skip
_DIGITS: Final = {"digests": 32, "phashes": 16, "views": 16 * NUM_VIEWS}
_HEADER: Final = 128  # bytes of an .npy file of images; to parse it takes np.load ten times as long as to map the file


@dataclass(frozen=True)
class Pack:
    """Prepared images (N, H, W, 3) uint8 RGB with their N keys, digests, perceptual hashes and views.

    The last three are those of `fakeid.images.fingerprint`, in hexadecimal, the views of an image in one string.
    `skipped` says why images that were asked for are missing, by key. One that was read has its `index_path`.
    """

    images: npt.NDArray[np.uint8]
    keys: list[str]
    digests: list[str]
    phashes: list[str]
    views: list[str]
    skipped: dict[str, str]
    index_path: Path | None = None

    def __reduce__(self) -> str | tuple[Callable[..., Any], tuple[Any, ...]]:
        """Another process maps the same file; a copy of the images would take its memory."""
        if self.index_path is None:
            return super().__reduce__()
        return read_pack, (self.index_path, self.images.shape[1])


def write_pack(folder: Path, pack: Pack) -> None:
    """Write array and index, named after the keys, so that the same keys always give the same files."""
    name = hashlib.sha256("\n".join(sorted([*pack.keys, *pack.skipped])).encode()).hexdigest()[:16]
    memory = io.BytesIO()
    np.save(memory, pack.images)
    content = memory.getbuffer()
    write_atomically(folder / f"{name}.npy", lambda file: file.write(content))
    index = {
        "keys": pack.keys, "digests": pack.digests, "phashes": pack.phashes, "views": pack.views,
        "skipped": pack.skipped, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip
    write_json(folder / f"{name}{INDEX_SUFFIX}", index)


def read_pack(index_path: Path, image_px: int) -> Pack:
    """Open one pack; its array stays on the disk and is mapped into memory, read-only.

    Raises:
        DataError: Array or index are cut short, damaged or of another kind.
    """
    path = index_path.with_name(index_path.name.removesuffix(INDEX_SUFFIX) + ".npy")
    try:
        index = read_json(index_path, _INDEX)
        for name, digits in _DIGITS.items():
            _check_hex(index[name], digits, len(index["keys"]))
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if len(content) != index["bytes"]:
            raise ValueError("cut short")  # noqa: TRY301 - the same answer as to numpy's own
        shape = (len(index["keys"]), image_px, image_px, 3)
        images = np.frombuffer(content, np.uint8, offset=_HEADER).reshape(shape)
        return Pack(
            images, index["keys"], index["digests"], index["phashes"], index["views"], index["skipped"], index_path
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"the cache is damaged at {path}") from error


def _check_hex(words: list[str], digits: int, count: int) -> None:
    """Refuse other than this many hexadecimal words of so many digits; all at once, for there may be millions."""
    if len(words) != count or any(len(word) != digits for word in words):
        raise ValueError("cut short")
    if 2 * len(bytes.fromhex("".join(words))) != digits * count:  # it passes over spaces
        raise ValueError("no hexadecimal digits")


def check_pack(index_path: Path) -> None:
    """Read every byte of the array and compare it with the digest in the index.

    Raises:
        DataError: They differ.
    """
    index: dict[str, Any] = read_json(index_path)
    path = index_path.with_name(index_path.name.removesuffix(INDEX_SUFFIX) + ".npy")
    if hashlib.sha256(path.read_bytes()).hexdigest() != index["sha256"]:
        raise DataError(f"the cache is damaged at {path}, its bytes are not those that were written")
