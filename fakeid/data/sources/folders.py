"""Folders of real and of fake images, in the layouts of Wang et al. (2020) and of the seed paper's authors."""

import difflib
import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from fakeid.data.records import Record
from fakeid.data.sources.stored import StoredImages
from fakeid.errors import BadImageError, DataError
from fakeid.vocabulary import CAMERA, FAKE, LABEL_NAMES, REAL

_CLASS_FOLDERS: Final = {"0_real": REAL, "real": REAL, "1_fake": FAKE, "fake": FAKE}
_EXTENSIONS: Final = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
_IGNORED_PREFIXES: Final = (".", "__MACOSX")
_LAYOUT: Final = "DIR/[generator/][category/]{0_real,1_fake} or DIR/[generator/][category/]{real,fake}"
_MAX_LEVELS: Final = 2  # folders between the root and the class folders
_CLASS_SUFFIX: Final = re.compile(r"(?<=.)[_-](real|fake)(_[AB])?$", re.IGNORECASE)


class FolderSource(StoredImages):
    """Real and fake images below one folder: `root/[generator/][category/]{0_real,1_fake}` or `{real,fake}`.

    A single level above the class folders names the category; without any, the root's own name does. All images below
    a class folder belong to it, however deep. Hidden files, other files and images outside class folders are ignored.
    The tree is listed once for each object.

    Args:
        root: The folder, `paths.data`.
        max_megapixels: Larger images are refused when they are read.
    """

    def __init__(self, root: str, *, max_megapixels: float = 100.0) -> None:
        super().__init__(max_megapixels)
        self._root = Path(root).expanduser().absolute()

    def __getstate__(self) -> dict[str, Any]:
        # Worker processes only read: without the listing, a copy for each stays small at half a million images.
        return {"_root": self._root, "_max_megapixels": self._max_megapixels}

    def records(self) -> list[Record]:
        """All images, sorted by key: the path below the root, with forward slashes.

        Images of a category share their `scene` if their names differ by `_real` and `_fake` alone, as those of a
        photo and its translation do.

        Raises:
            DataError: The folder is missing or laid out differently, a class folder is empty, or a category has
                only one class.
        """
        return list(self._records)

    def read_file(self, record: Record) -> bytes:
        """The file as it lies on the disk.

        Raises:
            BadImageError: It has vanished or cannot be read.
        """
        try:
            return (self._root / record.key).read_bytes()
        except OSError as error:
            raise BadImageError(
                f"{self.locate(record)} cannot be read ({error.strerror}): restore it, or set data.on_bad_image=skip"
            ) from error

    def locate(self, record: Record) -> str:
        """The path of the file."""
        return str(self._root / record.key)

    def describe(self) -> dict[str, Any]:
        """Identity by the files' names, sizes and times of change, not by place: a moved tree stays the same data."""
        return {"source": "folders", "max_megapixels": self._max_megapixels, "files": self._digest}

    @cached_property
    def _records(self) -> list[Record]:
        _check_root(self._root)
        records: list[Record] = []
        num_images: Counter[str] = Counter()  # by class folder
        for parts, names in _walk(str(self._root), (), frozenset()):
            level = _class_level(parts)
            if level is None:
                continue
            class_folder = "/".join(parts[: level + 1])
            num_images[class_folder] += len(names)
            if level > _MAX_LEVELS:
                raise DataError(f"{class_folder} is too deep below paths.data={self._root}: expected {_LAYOUT}")
            records += _label(self._root.name, parts, level, names)
        _check_found(self._root, num_images)
        _check_both_classes(self._root, records)
        return sorted(records, key=lambda record: record.key)

    @cached_property
    def _digest(self) -> str:
        digest = hashlib.blake2b(digest_size=16)
        for record in self._records:
            try:
                status = os.stat(f"{self._root}/{record.key}")  # noqa: PTH116  Path takes three times as long
                identity = (record.key, status.st_size, status.st_mtime_ns)
            except OSError:  # vanished since the listing: read() will say so
                identity = (record.key, -1, -1)
            digest.update(repr(identity).encode())
        return digest.hexdigest()


def _walk(
    folder: str, parts: tuple[str, ...], ancestors: frozenset[tuple[int, int]]
) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Each folder, by the names that lead to it from the root, with the names of its images."""
    try:
        status = os.stat(folder)  # noqa: PTH116
        if (status.st_dev, status.st_ino) in ancestors:  # a symbolic link back up
            return
        with os.scandir(folder) as entries:
            visible = [entry for entry in entries if not entry.name.startswith(_IGNORED_PREFIXES)]
        folders = sorted(entry.name for entry in visible if entry.is_dir())
        # A broken link to an image is listed too: it must fail when it is read, not go missing in silence.
        names = [entry.name for entry in visible if entry.name.lower().endswith(_EXTENSIONS) and not entry.is_dir()]
        "/".join(names + folders).encode()
    except OSError as error:
        raise DataError(
            f"{error.filename} below paths.data cannot be listed ({error.strerror}): repair or remove it"
        ) from error
    except UnicodeEncodeError as error:
        raise DataError(f"{folder} below paths.data holds file names that are not UTF-8: rename them") from error
    yield parts, names
    # One level more than allowed, to explain a tree that is too deep; not the whole disk.
    if _class_level(parts) is not None or len(parts) <= _MAX_LEVELS + 1:
        for name in folders:
            yield from _walk(f"{folder}/{name}", (*parts, name), ancestors | {(status.st_dev, status.st_ino)})


def _class_level(parts: tuple[str, ...]) -> int | None:
    return next((level for level, name in enumerate(parts) if name.casefold() in _CLASS_FOLDERS), None)


def _label(root_name: str, parts: tuple[str, ...], level: int, names: list[str]) -> Iterator[Record]:
    label = _CLASS_FOLDERS[parts[level].casefold()]
    category = parts[level - 1] if level > 0 else root_name
    made_by = parts[0] if level == _MAX_LEVELS else "unknown"
    folder = "/".join(parts)
    for name in names:
        scene = _CLASS_SUFFIX.sub("", name.rpartition(".")[0])
        yield Record(f"{folder}/{name}", label, category, CAMERA if label == REAL else made_by, scene)


def _check_root(root: Path) -> None:
    if root.is_dir():
        return
    if root.exists():
        raise DataError(f"paths.data={root} must be a folder laid out as {_LAYOUT}, found a file")
    siblings = {}
    if root.parent.is_dir() and os.access(root.parent, os.R_OK):
        siblings = {path.name.casefold(): path.name for path in root.parent.iterdir() if path.is_dir()}
    near = [siblings[match] for match in difflib.get_close_matches(root.name.casefold(), siblings)]
    hint = f"did you mean {' or '.join(str(root.parent / name) for name in near)}?" if near else f"expected {_LAYOUT}"
    raise DataError(f"paths.data={root} does not exist: {hint}")


def _check_found(root: Path, num_images: Counter[str]) -> None:
    if not num_images:
        names = sorted(path.name for path in root.iterdir())
        found = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        raise DataError(f"paths.data={root} must be laid out as {_LAYOUT}, found {found or 'an empty folder'}")
    empty = next((folder for folder, num in num_images.items() if num == 0), None)
    if empty is not None:
        raise DataError(
            f"{root / empty} holds no image ({' '.join(_EXTENSIONS)}): fill it, remove it, or correct paths.data"
        )


def _check_both_classes(root: Path, records: list[Record]) -> None:
    num_by_class = Counter((record.category, record.label) for record in records)
    for category, label in num_by_class:
        other = 1 - label
        if (category, other) not in num_by_class:
            raise DataError(
                f"category {category!r} below paths.data={root} has {num_by_class[category, label]} "
                f"{LABEL_NAMES[label]} images and no {LABEL_NAMES[other]} ones: "
                f"add its folder {other}_{LABEL_NAMES[other]}, or remove the category"
            )
