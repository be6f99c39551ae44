"""Find and read the images to judge, ignoring other files beside them."""

import glob
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from fakeid.data.sources.base import IMAGE_EXTENSIONS
from fakeid.errors import BadImageError, DataError
from fakeid.images.decode import decode_image
from fakeid.images.file_facts import FileFacts, read_file_facts

_BYTES_PER_PIXEL: Final = 8  # of the largest supported format, 16-bit TIFF with alpha
_LARGEST_HEADER: Final = 16_000_000  # bytes of metadata


@dataclass(frozen=True, eq=False)
class LoadedImage:
    """An image with facts about its file.

    Attributes:
        path: Path of the file as text; empty for pixels without a file.
        rgb_u8: RGB uint8 (H, W, 3); None if the image cannot be used.
        facts: Facts about the file; None for pixels without a file.
        error: Reason why the image cannot be used; empty if it can.
    """

    path: str
    rgb_u8: npt.NDArray[np.uint8] | None = None
    facts: FileFacts | None = None
    error: str = ""


def write_path(path: Path) -> str:
    """Convert a path to text that can be written to any file; bytes that are not UTF-8 are escaped."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def load_image(path: Path, max_megapixels: float) -> LoadedImage:
    """Read an image; if it cannot be used, the result gives the reason."""
    name = write_path(path)
    try:
        data = _read_file(path, max_megapixels)
        rgb_u8 = decode_image(data, path.name, max_pixels=round(max_megapixels * 1e6), option="--max-megapixels")
        return LoadedImage(name, rgb_u8, read_file_facts(data, path.name))
    except BadImageError as error:
        return LoadedImage(name, error=error.problem.encode("utf-8", "backslashreplace").decode())


def _read_file(path: Path, max_megapixels: float) -> bytes:
    """Read a regular file in one go, so that header and pixels match even if it changes later."""
    most = round(_BYTES_PER_PIXEL * max_megapixels * 1e6) + _LARGEST_HEADER
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BadImageError(f"{path.name} is not a file" + (" but a folder" if path.is_dir() else ""))
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise BadImageError(f"{path.name} cannot be read ({error.strerror or error})") from error
    if len(data) > most:
        raise BadImageError(f"{path.name} has more than {most / 1e6:,.0f} MB, more than any supported image")
    return data


def check_places(places: Iterable[str]) -> None:
    """Refuse places that neither exist nor are a pattern that matches something.

    Raises:
        DataError: A place is refused; the message names the first.
    """
    for place in places:
        if os.path.lexists(place):
            continue
        if not glob.has_magic(place):
            raise DataError(f"there is no file or folder {place!r}: name images, folders of images, or a pattern")
        if next(_match(place), None) is None:
            raise DataError(f"nothing matches {place!r}")


def list_images(places: Iterable[str]) -> Iterator[Path]:
    """List images one by one in a reproducible order, without repetition if places overlap.

    Named files are listed whatever their extensions; below folders, only files with an image's extension are listed.
    Hidden files are skipped, and links to a parent folder are not followed. A folder that cannot be listed is yielded
    itself, so that reading it reports the reason.

    Args:
        places: Files, folders, and patterns such as `photos/**/*.png`.
    """
    places = list(places)
    seen: set[bytes] | None = set() if len(places) > 1 or any(glob.has_magic(place) for place in places) else None
    for place in places:
        named = [place] if os.path.lexists(place) else sorted(_match(place))
        for path in chain.from_iterable(_list_below(Path(each), frozenset(), named=True) for each in named):
            if seen is not None:
                name = hashlib.blake2b(os.fsencode(path.absolute()), digest_size=8).digest()  # shorter than the name
                if name in seen:
                    continue
                seen.add(name)
            yield path


def _match(pattern: str) -> Iterator[str]:
    return glob.iglob(pattern, recursive=True)  # noqa: PTH207 - absolute patterns, and ~ in names


def _list_below(path: Path, ancestors: frozenset[tuple[int, int]], *, named: bool = False) -> Iterator[Path]:
    if not os.path.isdir(path):  # noqa: PTH112 - an unreadable parent folder is no error
        if named or path.name.lower().endswith(IMAGE_EXTENSIONS):
            yield path
        return
    try:
        status = path.stat()
        names = sorted(os.listdir(path))  # noqa: PTH208 - names only, because a folder may contain a million files
    except OSError:
        yield path
        return
    identity = (status.st_dev, status.st_ino)
    if identity in ancestors:
        return
    for name in names:
        if not name.startswith("."):
            yield from _list_below(path / name, ancestors | {identity})
