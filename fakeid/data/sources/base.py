"""The interface of all sources of images, and the base class of those that read files."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from fakeid.config.constants import REAL
from fakeid.data.records import Record
from fakeid.errors import DataError, UnreadableImageError
from fakeid.images.decode import decode_image

IMAGE_EXTENSIONS: Final = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
"""Extensions of image files, in lower case."""

IGNORED_PREFIXES: Final = (".", "__MACOSX")
"""Prefixes of the names of files and folders that are ignored."""


class Source(Protocol):
    """A source of images. It is picklable: worker processes get a copy without any listing."""

    def records(self) -> Iterable[Record]:
        """List all images of the source, in any order; it may stream them, because there can be millions.

        Raises:
            DataError: The data is missing, empty or one-sided; the message says what to do.
        """
        ...

    def read(self, record: Record) -> npt.NDArray[np.uint8]:
        """Read one image as RGB uint8 (H, W, 3) in its native size.

        Raises:
            BadImageError: The file is not an image, cut short, or of an absurd size.
            UnreadableImageError: The file has vanished or cannot be read. This is not remembered, so that the next
                command tries again.
        """
        ...

    def read_file(self, record: Record) -> bytes | None:
        """Read the file of an image as it is stored; return None if images are generated and have no file.

        Raises:
            UnreadableImageError: The file has vanished or cannot be read.
        """
        ...

    def describe(self) -> dict[str, Any]:
        """Identify the images by plain values that change whenever the same key would give different pixels.

        The values are part of the cache's identity, and quick to compute even for millions of images. `source` is the
        name of the source.
        """
        ...


def list_visible(
    folder: Path, endings: tuple[str, ...] = ("",), place: str = ""
) -> tuple[tuple[int, int], list[str], list[str]]:
    """List a folder.

    Args:
        folder: The folder.
        endings: Endings of the names of the files to list, in lower case.
        place: Description of the folder's place for errors, such as ` below paths.data`.

    Returns:
        The identity of the folder, the sorted names of its visible folders, and those of its visible files.

    Raises:
        DataError: The folder cannot be read, or the name of a folder or of a listed file is not UTF-8.
    """
    try:
        status = folder.stat()
        with os.scandir(folder) as entries:
            visible = [entry for entry in entries if not entry.name.startswith(IGNORED_PREFIXES)]
        folders = sorted(entry.name for entry in visible if entry.is_dir())
        # A broken link is listed too: it must fail when it is read, not disappear silently.
        files = sorted(entry.name for entry in visible if entry.name.lower().endswith(endings) and not entry.is_dir())
        "/".join(folders + files).encode()
    except OSError as error:
        raise DataError(f"{error.filename}{place} cannot be listed ({error.strerror}): repair or remove it") from error
    except UnicodeEncodeError as error:
        raise DataError(f"{folder}{place} holds file names that are not UTF-8: rename them") from error
    return (status.st_dev, status.st_ino), folders, files


def read_below(root: Path, key: str) -> bytes:
    """Read the file that a key names below a folder.

    Raises:
        UnreadableImageError: The file has vanished or cannot be read.
    """
    try:
        return (root / key).read_bytes()
    except OSError as error:
        raise UnreadableImageError(
            f"{root / key} cannot be read ({error.strerror}): restore it, or set data.on_bad_image=skip"
        ) from error


def hash_files(root: Path, keys: Iterable[str]) -> str:
    """Hash names, sizes and modification times of files, but not their location: a moved folder keeps its hash."""
    digest = hashlib.blake2b(digest_size=16)
    for key in keys:
        try:
            status = os.stat(f"{root}/{key}")  # noqa: PTH116  Path takes three times as long
            identity = (key, status.st_size, status.st_mtime_ns)
        except OSError:  # vanished since the listing: reading it will raise an error
            identity = (key, -1, -1)
        digest.update(repr(identity).encode())
    return digest.hexdigest()


class StoredImages:
    """The base of sources whose images are files, archive members or database values below a folder.

    Keys are paths of files below the root, with forward slashes; sources with other keys override `read_file` and
    `locate`.

    Args:
        root: The folder.
        max_megapixels: Size above which images are refused when they are read, in megapixels.
    """

    def __init__(self, root: str, max_megapixels: float) -> None:
        self._root = Path(root).expanduser().absolute()
        self._max_megapixels = max_megapixels

    def __getstate__(self) -> dict[str, Any]:
        # Workers only read images: without the listing, each copy stays small even for half a million images.
        kept = (name for name in vars(self) if not isinstance(getattr(type(self), name, None), cached_property))
        return {name: getattr(self, name) for name in kept}

    def read_file(self, record: Record) -> bytes:
        """Read the file of an image as it is stored.

        Raises:
            BadImageError: The file has vanished or cannot be read.
        """
        return read_below(self._root, record.key)

    def locate(self, record: Record) -> str:
        """Describe where the image is, for error messages."""
        return str(self._root / record.key)

    def read(self, record: Record) -> npt.NDArray[np.uint8]:
        """Read one image as RGB uint8 (H, W, 3) in its native size.

        Raises:
            BadImageError: The file has vanished, is not an image, or is cut short or too large.
        """
        max_pixels = round(self._max_megapixels * 1e6)
        return decode_image(self.read_file(record), self.locate(record), max_pixels=max_pixels)


class RealFakeSource:
    """A source that takes reals from one source and fakes from another.

    Args:
        real: Source whose records are all `REAL`.
        fake: Source whose records are all `FAKE` and share no key with the reals, as with LSUN and ProGAN.
    """

    def __init__(self, real: Source, fake: Source) -> None:
        self._real = real
        self._fake = fake

    def records(self) -> Iterator[Record]:
        """Stream the reals, then the fakes.

        Raises:
            DataError: Either source raises it.
        """
        # Both sources are checked here: missing data shows before millions of keys are listed.
        return chain(self._real.records(), self._fake.records())

    def read(self, record: Record) -> npt.NDArray[np.uint8]:
        """Read one image as RGB uint8 (H, W, 3) in its native size.

        Raises:
            BadImageError: The image's source raises it.
        """
        return self._source(record).read(record)

    def read_file(self, record: Record) -> bytes | None:
        """Read the file of an image as it is stored.

        Raises:
            BadImageError: The image's source raises it.
        """
        return self._source(record).read_file(record)

    def describe(self) -> dict[str, Any]:
        """Identify the images by the descriptions of both sources."""
        return {"source": "lsun_progan", "real": self._real.describe(), "fake": self._fake.describe()}

    def _source(self, record: Record) -> Source:
        return self._real if record.label == REAL else self._fake
