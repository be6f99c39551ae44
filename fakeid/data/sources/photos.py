"""Read nested folders of photos, for training with `data=simulated` and for test sets of reals alone."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fakeid.config.constants import CAMERA, REAL
from fakeid.data.records import Record
from fakeid.data.sources.base import IMAGE_EXTENSIONS, StoredImages, hash_files, read_below
from fakeid.data.sources.sample_tree import list_images
from fakeid.errors import BadImageError, DataError
from fakeid.images.decode import decode_image
from fakeid.io import check_utf8

_START_BYTES: Final = 4096  # of files of one size, which are rarely alike so far unless they are copies


@dataclass(frozen=True)
class PhotoFolder:
    """All images below a folder. It is picklable: worker processes get a copy without any listing.

    Attributes:
        root: The folder.
        smallest_px: Length of the shorter side below which photos are refused when they are read, in pixels.
        max_megapixels: Size above which photos are refused, in megapixels.
    """

    root: str
    smallest_px: int
    max_megapixels: float = 100.0

    def list_keys(self) -> list[str]:
        """List the photos by their paths below the root, sorted, with forward slashes.

        Raises:
            DataError: The folder is missing, holds no image, or cannot be listed.
        """
        root = self._path
        check_utf8(root)
        if not root.is_dir():
            found = "is a file" if root.exists() else "does not exist"
            raise DataError(f"paths.data={self.root} {found}: name a folder of photos")
        keys = sorted(list_images(root, with_reals=True))
        if not keys:
            raise DataError(
                f"there is no photo below paths.data={self.root} ({' '.join(IMAGE_EXTENSIONS)}): name another folder"
            )
        return keys

    def read_file(self, key: str) -> bytes:
        """Read the file of a photo as it is stored.

        Raises:
            BadImageError: The file has vanished or cannot be read.
        """
        return read_below(self._path, key)

    def read(self, key: str) -> npt.NDArray[np.uint8]:
        """Read a photo as RGB uint8 (H, W, 3).

        Raises:
            BadImageError: The file has vanished, is not an image, or is cut short, too small or too large.
        """
        name = str(self._path / key)
        photo = decode_image(self.read_file(key), name, max_pixels=round(self.max_megapixels * 1e6))
        height, width = photo.shape[:2]
        if min(height, width) < self.smallest_px:
            raise BadImageError(
                f"{name} is {width} x {height} px, but data.image_px={self.smallest_px}: lower data.image_px, remove "
                "the photo, or set data.on_bad_image=skip"
            )
        return photo

    def read_usable(self, keys: Sequence[str]) -> Iterator[npt.NDArray[np.uint8]]:
        """Read photos as RGB uint8 (H, W, 3), skipping those that cannot be used.

        Raises:
            DataError: No photo can be used.
        """
        num_read, first_error = 0, None
        for key in keys:
            try:
                photo = self.read(key)
            except BadImageError as error:
                first_error = first_error or error
            else:
                num_read += 1
                yield photo
        if first_error and not num_read:
            raise DataError(f"none of {len(keys)} photos below paths.data can be used; the first error: {first_error}")

    def find_copies(self, keys: Sequence[str]) -> set[str]:
        """Find the photos whose file repeats that of an earlier photo byte for byte.

        Few bytes are read: the start of a file only if another has its size, and the rest only if they start alike. A
        file that cannot be read is no copy.
        """
        groups = [keys]
        for identify in (_measure_file, partial(_hash_file, most=_START_BYTES), _hash_file):
            groups = [alike for group in groups for alike in self._find_alike(group, identify)]
        return {key for group in groups for key in group[1:]}

    def _find_alike(self, keys: Sequence[str], identify: Callable[[str], Hashable]) -> list[list[str]]:
        alike, root = defaultdict[Hashable, list[str]](list), str(self._path)
        for key in keys:
            with suppress(OSError):  # reading the photo will raise it again
                alike[identify(f"{root}/{key}")].append(key)
        return [group for group in alike.values() if len(group) > 1]

    def hash_files(self, keys: Sequence[str]) -> str:
        """Hash names, sizes and modification times of files, but not their location: a moved folder keeps its hash.

        The limits of this folder are appended, because they decide which of the photos are used.
        """
        return f"{hash_files(self._path, keys)}-{self.smallest_px}-{self.max_megapixels}"

    @property
    def _path(self) -> Path:
        return Path(self.root).expanduser().absolute()


def _measure_file(path: str) -> int:
    return os.stat(path).st_size  # noqa: PTH116  Path takes three times as long


def _hash_file(path: str, most: int = -1) -> bytes:
    """Hash the start of a file, or by default all of it."""
    with open(path, "rb") as file:  # noqa: PTH123  likewise
        return hashlib.blake2b(file.read(most), digest_size=16).digest()


class RealPhotos(StoredImages):
    """A source of all images below a folder as real photos of one category, named after the folder.

    Args:
        root: The folder. If it contains folders of reals and fakes side by side, only those of reals are read.
        max_megapixels: Size above which images are refused when they are read, in megapixels.
    """

    def __init__(self, root: str, max_megapixels: float = 100.0) -> None:
        super().__init__(root, max_megapixels)
        self._folder = PhotoFolder(root, smallest_px=1)

    def records(self) -> list[Record]:
        """List the photos, sorted by key: the path below the root, with forward slashes.

        Raises:
            DataError: The folder is missing, holds no image, or cannot be listed.
        """
        return [Record(key, REAL, self._root.name, CAMERA, key) for key in self._keys]

    def describe(self) -> dict[str, Any]:
        """Identify the files by name, size and modification time, not by location: a moved folder is the same data."""
        files = hash_files(self._root, self._keys)
        return {"source": "photos", "max_megapixels": self._max_megapixels, "files": files}

    @cached_property
    def _keys(self) -> list[str]:
        return self._folder.list_keys()
