"""A folder of photos, however nested: what `data=simulated` trains on, and a test set of reals alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fakeid.config.constants import CAMERA, REAL
from fakeid.data.records import Record
from fakeid.data.sources.base import IMAGE_EXTENSIONS, StoredImages, hash_files, read_below
from fakeid.data.sources.sample_tree import list_images
from fakeid.errors import BadImageError, DataError
from fakeid.images.decode import decode_image
from fakeid.io import check_utf8


@dataclass(frozen=True)
class PhotoFolder:
    """All images below a folder. Picklable: worker processes get a copy of it, without any listing.

    Attributes:
        root: The folder.
        smallest_px: Photos with a shorter side than this are refused when they are read.
        max_megapixels: Larger ones are refused too.
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
        """Read a photo's file as it is stored.

        Raises:
            BadImageError: It has vanished or cannot be read.
        """
        return read_below(self._path, key)

    def read(self, key: str) -> npt.NDArray[np.uint8]:
        """Read a photo as RGB uint8 (H, W, 3).

        Raises:
            BadImageError: It is no image, cut short, too small or too large.
        """
        name = str(self._path / key)
        photo = decode_image(self.read_file(key), name, max_pixels=round(self.max_megapixels * 1e6))
        height, width = photo.shape[:2]
        if min(height, width) < self.smallest_px:
            raise BadImageError(
                f"{name} is {width} x {height} px, and data.image_px={self.smallest_px}: lower data.image_px, remove "
                "the photo, or set data.on_bad_image=skip"
            )
        return photo

    def read_usable(self, keys: Sequence[str]) -> Iterator[npt.NDArray[np.uint8]]:
        """Read photos and pass over those that cannot be used.

        Raises:
            DataError: None can.
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
            raise DataError(f"of {len(keys)} photos below paths.data none can be used; the first: {first_error}")

    def hash_files(self, keys: Sequence[str]) -> str:
        """Hash names, sizes and times of change of files, not their place: a moved folder stays the same data."""
        return hash_files(self._path, keys)

    @property
    def _path(self) -> Path:
        return Path(self.root).expanduser().absolute()


class RealPhotos(StoredImages):
    """All images below a folder as real photos of one category, which has the folder's name.

    Args:
        root: The folder. Where folders of reals and of fakes lie side by side, only those of reals are entered.
        max_megapixels: Larger images are refused when they are read.
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
        """Identify the files by name, size and time of change, not by place: a moved folder stays the same data."""
        files = self._folder.hash_files(self._keys)
        return {"source": "photos", "max_megapixels": self._max_megapixels, "files": files}

    @cached_property
    def _keys(self) -> list[str]:
        return self._folder.list_keys()
