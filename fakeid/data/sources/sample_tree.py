"""Find samples in folders and archives that are named after categories."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from fakeid.data.sources.archive import ARCHIVE_EXTENSIONS, open_archive
from fakeid.data.sources.base import IMAGE_EXTENSIONS, list_visible
from fakeid.data.sources.category_names import named_categories
from fakeid.errors import DataError

_REAL_FOLDERS: Final = {"0_real", "real"}
_FAKE_FOLDERS: Final = {"1_fake", "fake"}
_COMPRESSED: Final = re.compile(r"\.(tar\.(gz|bz2|xz|zst)|tgz|tbz2?|txz|7z|rar)(\.\d+)?$", re.IGNORECASE)
_SPLIT_NAME: Final = "train"  # a category of LSUN, and the usual name of a training split


class SampleTree:
    """The locations of the samples of each category below a root, found in one pass over the tree.

    A folder or archive belongs to the category in its name; of nested folders, the innermost with a category counts.
    LSUN's databases, folders of reals beside fakes, and hidden files are skipped.

    Args:
        root: Folder to search.
        categories: The categories to look for; archives of others are not opened.
        listings: Cache folder for the lists of archive members.

    Attributes:
        samples: Folders and archives by category, sorted.
        compressed: Archives that cannot be read in place, by category.
        paired: Folders and archives that hold reals beside fakes.
        names: Names of all visible archives and of all folders with images.

    Raises:
        DataError: The root is not a folder, a folder or an archive cannot be read, or its content is ambiguous.
    """

    def __init__(self, root: Path, categories: Collection[str], listings: Path) -> None:
        if not root.is_dir():
            raise DataError(f"{root} (data.fake.root or paths.data) must be the folder of ProGAN's samples: not found")
        self.samples: dict[str, list[Path]] = {category: [] for category in categories}
        self.compressed: dict[str, list[Path]] = {category: [] for category in categories}
        self.paired: list[Path] = []
        self.names: list[str] = []
        self._listings = listings
        self._visit(root, frozenset(), frozenset(), is_root=True)

    def _visit(
        self, folder: Path, above: frozenset[str], ancestors: frozenset[tuple[int, int]], is_root: bool = False
    ) -> tuple[bool, bool]:
        """Search a folder; return whether it or anything below names a category, and whether there are images."""
        identity, folders, files = list_visible(folder)
        if identity in ancestors:  # a symbolic link back up
            return False, False
        if _is_paired(folders):
            self.paired.append(folder)
        has_images = any(name.lower().endswith(IMAGE_EXTENSIONS) for name in files)
        own = () if is_root else named_categories(folder.name)
        within = above | {*own}
        matched = False
        for name in _enterable(folders, files):
            below_matched, below_images = self._visit(folder / name, within, ancestors | {identity})
            matched, has_images = matched or below_matched, has_images or below_images
        for name in files:
            matched = self._visit_file(folder / name, within) or matched
        if has_images and not is_root:
            self.names.append(folder.name)
            if own and not matched:
                self._take(folder, folder.name, own, above)
                matched = True
        return matched, has_images

    def _visit_file(self, path: Path, above: frozenset[str]) -> bool:
        compressed = _COMPRESSED.search(path.name)
        if not compressed and path.suffix.lower() not in ARCHIVE_EXTENSIONS:
            return False
        self.names.append(path.name)
        stem = path.name[: compressed.start()] if compressed else path.stem
        own = named_categories(stem)
        wanted = [category for category in own if category in self.samples]
        if compressed:
            for category in wanted:
                self.compressed[category].append(path)
            return False
        if not wanted:
            return bool(own)
        archive = open_archive(path, self._listings)
        if next(archive.names(), None) is None:
            return False  # no image: one of LSUN's databases, still packed
        parts = {part for folder in archive.folders() for part in folder.split("/")}
        if {part.casefold() for part in parts} & _REAL_FOLDERS:
            self.paired.append(path)
            return False
        inside = {category for part in parts for category in named_categories(part)}
        self._take(path, stem, tuple(sorted({*own} | (inside - {_SPLIT_NAME}))), above)
        return True

    def _take(self, path: Path, name: str, own: tuple[str, ...], above: frozenset[str]) -> None:
        """Assign samples to their category, never by a guess: a wrong one would mix the images of two categories."""
        claims = {*own} | (above if name.casefold() == _SPLIT_NAME else set())
        if len(claims) > 1 and claims & self.samples.keys():
            raise DataError(
                f"{path} might hold ProGAN samples of {' or '.join(sorted(claims))}: rename or split it, "
                "so that its path names one category of LSUN"
            )
        if own[0] in self.samples:
            self.samples[own[0]].append(path)


def list_images(
    folder: Path, *, with_reals: bool = False, ancestors: frozenset[tuple[int, int]] = frozenset()
) -> Iterator[str]:
    """List all images below a folder as paths relative to it, with forward slashes, in a fixed order.

    Args:
        folder: Folder of samples or photos.
        with_reals: Whether to enter folders of reals; folders of fakes beside reals are never entered.
        ancestors: Identities of the folders above, so that links back to them are not followed.

    Raises:
        DataError: A folder cannot be read.
    """
    identity, folders, files = list_visible(folder)
    if identity in ancestors:
        return
    yield from (name for name in files if name.lower().endswith(IMAGE_EXTENSIONS))
    for name in _enterable(folders, files, with_reals):
        below = list_images(folder / name, with_reals=with_reals, ancestors=ancestors | {identity})
        yield from (f"{name}/{path}" for path in below)


def _is_paired(folders: list[str]) -> bool:
    names = {name.casefold() for name in folders}
    return bool(names & _REAL_FOLDERS and names & _FAKE_FOLDERS)


def _enterable(folders: list[str], files: list[str], with_reals: bool = False) -> list[str]:
    """Choose the folders to enter: none in an LSUN database, reals only if asked for, never fakes beside reals."""
    if "data.mdb" in files:
        return []
    passed_over = (set() if with_reals else _REAL_FOLDERS) | (_FAKE_FOLDERS if _is_paired(folders) else set())
    return [name for name in folders if name.casefold() not in passed_over]
