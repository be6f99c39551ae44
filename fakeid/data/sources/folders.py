"""Read folders of real and fake images, in the layouts of Wang et al. (2020) and of the seed paper's authors."""

import difflib
import os
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from fakeid.config.constants import CLASS_SUFFIX, LABEL_NAMES
from fakeid.data.records import Record
from fakeid.data.sources.base import IMAGE_EXTENSIONS, StoredImages, hash_files, list_visible
from fakeid.data.sources.folder_layout import (
    LAYOUT,
    MAX_LEVELS,
    Parts,
    Place,
    class_level,
    names_split,
    read_layout,
)
from fakeid.errors import DataError
from fakeid.io import check_utf8


class FolderSource(StoredImages):
    """A source of real and fake images below one folder, in class folders `{0_real,1_fake}` or `{real,fake}`.

    All images below a class folder belong to it, however deep they lie. Case is ignored in the names of class and split
    folders. The source reads three layouts:

    * `ROOT/[generator/][category/]{0_real,1_fake}`, as in `progan_train` of Wang et al. (2020). A single level names
      the category; without any, the name of the root does. The splits are to be drawn.
    * `ROOT/SPLIT/[generator/][category/]{0_real,1_fake}`, for data sets with their own splits. SPLIT is `train`,
      `training` or `progan_train`; `val`, `valid`, `validation` or `progan_val`; `test`, `testing` or `progan_test`.
      Because `train` may be a category, such folders are splits only if one of them has folders above its class
      folders, or if at least two different splits exist. So `ROOT/train/cat/0_real` is a split even on its own, whereas
      `ROOT/train/0_real`, alone or beside `ROOT/cat/0_real`, is the category `train`.
    * `ROOT/train(Add_k)/{real,fake}`, the mixtures of the seed paper's authors (Lee & Park 2021), k = 1…10, in any
      spelling such as `train_add3`. Images get the category `add_k` and the split that the folder names, also in
      `val(Add_k)`. Beside them, `test/category/`, `test(category)/` and plain `category/` are test sets, even
      `train/{real,fake}`. If `train(Add_k)` is the root itself, its images have the category `add_k` and no split.

    If there are splits, every first-level folder with images must be one, and none may be empty. Hidden files, other
    files and images outside class folders are ignored. Each object lists the tree once.

    Args:
        root: The folder, `paths.data`.
        max_megapixels: Size above which images are refused when they are read, in megapixels.
        both_classes: Whether to refuse a category that has only reals or only fakes.
    """

    def __init__(self, root: str, *, max_megapixels: float = 100.0, both_classes: bool = True) -> None:
        super().__init__(root, max_megapixels)
        self._both_classes = both_classes

    def records(self) -> list[Record]:
        """List all images, sorted by key: the path below the root, with forward slashes.

        Images of a category share their `scene` if their paths below the class folder differ only by `_real` and
        `_fake`, as those of a photo and its translation do. If the data set has its own splits, equal names in two of
        them are different scenes.

        Raises:
            DataError: The folder is missing or laid out differently, a class folder or a split is empty, or a
                category has only one class in a split.
        """
        return list(self._records)

    def describe(self) -> dict[str, Any]:
        """Identify the files by name, size and modification time, not by location: a moved tree stays the same data."""
        return {"source": "folders", "max_megapixels": self._max_megapixels, "files": self._digest}

    @cached_property
    def _records(self) -> list[Record]:
        _check_root(self._root)
        listing = list(_walk(self._root, (), frozenset()))
        places = read_layout(self._root, {parts: len(names) for parts, names in listing})
        records: list[Record] = []
        num_images: Counter[str] = Counter()  # by class folder
        for parts, names in listing:
            level = class_level(parts)
            if level is not None:
                num_images["/".join(parts[: level + 1])] += len(names)
                records += _label(places[parts[: level + 1]], parts, level, names)
        _check_found(self._root, num_images)
        if self._both_classes:
            _check_both_classes(self._root, records)
        return sorted(records, key=lambda record: record.key)

    @cached_property
    def _digest(self) -> str:
        return hash_files(self._root, (record.key for record in self._records))


def _walk(folder: Path, parts: Parts, ancestors: frozenset[tuple[int, int]]) -> Iterator[tuple[Parts, list[str]]]:
    """List each folder by its path from the root, with the names of its images."""
    identity, folders, names = list_visible(folder, IMAGE_EXTENSIONS, " below paths.data")
    if identity in ancestors:  # a symbolic link back up
        return
    yield parts, names
    # One level more than allowed, to report a tree that is too deep without walking the whole disk.
    deepest = MAX_LEVELS + 1 + any(names_split(name) for name in parts[:1])
    if class_level(parts) is not None or len(parts) <= deepest:
        for name in folders:
            yield from _walk(folder / name, (*parts, name), ancestors | {identity})


def _label(place: Place, parts: Parts, level: int, names: list[str]) -> Iterator[Record]:
    folder = "/".join(parts)
    prefix = "".join(f"{part}/" for part in (place.split, *parts[level + 1 :]) if part)
    for name in names:
        scene = prefix + CLASS_SUFFIX.sub("", name.rpartition(".")[0])
        yield Record(f"{folder}/{name}", place.label, place.category, place.generator, scene, place.split)


def _check_root(root: Path) -> None:
    check_utf8(root)  # its name may become that of a category or a test set
    if root.is_dir():
        return
    if root.exists():
        raise DataError(f"paths.data={root} must be a folder laid out as {LAYOUT}, found a file")
    siblings = {}
    if root.parent.is_dir() and os.access(root.parent, os.R_OK):
        siblings = {path.name.casefold(): path.name for path in root.parent.iterdir() if path.is_dir()}
    near = [siblings[match] for match in difflib.get_close_matches(root.name.casefold(), siblings)]
    hint = f"did you mean {' or '.join(str(root.parent / name) for name in near)}?" if near else f"expected {LAYOUT}"
    raise DataError(f"paths.data={root} does not exist: {hint}")


def _check_found(root: Path, num_images: Counter[str]) -> None:
    if not num_images:
        names = sorted(path.name for path in root.iterdir())
        found = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        raise DataError(f"paths.data={root} must be laid out as {LAYOUT}, found {found or 'an empty folder'}")
    empty = next((folder for folder, num in num_images.items() if num == 0), None)
    if empty is not None:
        raise DataError(
            f"{root / empty} holds no image ({' '.join(IMAGE_EXTENSIONS)}): fill it, remove it, or correct paths.data"
        )


def _check_both_classes(root: Path, records: list[Record]) -> None:
    num_by_class = Counter((record.split, record.category, record.label) for record in records)
    for split, category, label in num_by_class:
        other = 1 - label
        if (split, category, other) not in num_by_class:
            raise DataError(
                f"category {category!r} {f'of the {split} split ' if split else ''}below paths.data={root} has "
                f"{num_by_class[split, category, label]} {LABEL_NAMES[label]} images and no {LABEL_NAMES[other]} ones: "
                f"add its folder {other}_{LABEL_NAMES[other]}, or remove the category"
            )
