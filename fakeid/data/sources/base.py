"""The interface of every source of images, and the base of those that read files."""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from fakeid.config.constants import REAL
from fakeid.data.records import Record
from fakeid.errors import BadImageError
from fakeid.images.decode import decode_image

IMAGE_EXTENSIONS: Final = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
"""Ends of the names of image files, in lower case."""

IGNORED_PREFIXES: Final = (".", "__MACOSX")
"""Beginnings of the names of files and folders that are not looked at."""


class Source(Protocol):
    """A place that images come from. Picklable: worker processes get a copy of it, without any listing."""

    def records(self) -> Iterable[Record]:
        """List all images that the source holds, in any order; may stream them, for there can be millions.

        Raises:
            DataError: Missing, empty or one-sided data, with the way out.
        """
        ...

    def read(self, record: Record) -> npt.NDArray[np.uint8]:
        """Read one image as RGB uint8 (H, W, 3) in its native size.

        Raises:
            BadImageError: The file is no image, cut short, or of an absurd size.
        """
        ...

    def read_file(self, record: Record) -> bytes | None:
        """Read the image's file as it is stored; None where images are drawn and there is no file.

        Raises:
            BadImageError: The file has vanished or cannot be read.
        """
        ...

    def describe(self) -> dict[str, Any]:
        """Identify the images by plain values that change whenever the same key would yield other pixels.

        Part of the cache's identity, and quick even for millions of images. `source` is the name of the source.
        """
        ...


def read_below(root: Path, key: str) -> bytes:
    """Read the file that a key names below a folder.

    Raises:
        BadImageError: It has vanished or cannot be read.
    """
    try:
        return (root / key).read_bytes()
    except OSError as error:
        raise BadImageError(
            f"{root / key} cannot be read ({error.strerror}): restore it, or set data.on_bad_image=skip"
        ) from error


def hash_files(root: Path, keys: Iterable[str]) -> str:
    """Hash names, sizes and times of change of files, not their place: a moved folder stays the same data."""
    digest = hashlib.blake2b(digest_size=16)
    for key in keys:
        try:
            status = os.stat(f"{root}/{key}")  # noqa: PTH116  Path takes three times as long
            identity = (key, status.st_size, status.st_mtime_ns)
        except OSError:  # vanished since the listing: reading it says so
            identity = (key, -1, -1)
        digest.update(repr(identity).encode())
    return digest.hexdigest()


class StoredImages(ABC):
    """The base of sources whose images are files, members of archives or values of a database.

    Args:
        max_megapixels: Larger images are refused when they are read.
    """

    def __init__(self, max_megapixels: float) -> None:
        self._max_megapixels = max_megapixels

    @abstractmethod
    def read_file(self, record: Record) -> bytes:
        """Read the image's file as it is stored.

        Raises:
            BadImageError: It has vanished or cannot be read.
        """

    @abstractmethod
    def locate(self, record: Record) -> str:
        """Say where a person finds the image, for errors."""

    def read(self, record: Record) -> npt.NDArray[np.uint8]:
        """Read one image as RGB uint8 (H, W, 3) in its native size.

        Raises:
            BadImageError: The file has vanished, is no image, cut short or too large.
        """
        max_pixels = round(self._max_megapixels * 1e6)
        return decode_image(self.read_file(record), self.locate(record), max_pixels=max_pixels)


class RealFakeSource:
    """A source that takes reals from one source and fakes from another.

    Args:
        real: Its records are all `REAL`.
        fake: Its records are all `FAKE`; its keys differ from the other's, as those of LSUN and ProGAN do.
    """

    def __init__(self, real: Source, fake: Source) -> None:
        self._real = real
        self._fake = fake

    def records(self) -> Iterator[Record]:
        """Stream the reals, then the fakes.

        Raises:
            DataError: As either source does.
        """
        # Both are asked before the first record comes: what is missing shows before millions of keys are listed.
        return chain(self._real.records(), self._fake.records())

    def read(self, record: Record) -> npt.NDArray[np.uint8]:
        """Read one image as RGB uint8 (H, W, 3) in its native size.

        Raises:
            BadImageError: As its source does.
        """
        return self._source(record).read(record)

    def read_file(self, record: Record) -> bytes | None:
        """Read the image's file as it is stored.

        Raises:
            BadImageError: As its source does.
        """
        return self._source(record).read_file(record)

    def describe(self) -> dict[str, Any]:
        """Identify both sources by what each says of itself."""
        return {"source": "lsun_progan", "real": self._real.describe(), "fake": self._fake.describe()}

    def _source(self, record: Record) -> Source:
        return self._real if record.label == REAL else self._fake
