"""Samples of one ProGAN for each category of LSUN (Karras et al. 2018), read from folders and archives in place."""

import hashlib
import os
import re
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from fakeid.config.constants import FAKE
from fakeid.data.records import Record
from fakeid.data.sources.archive import ARCHIVE_EXTENSIONS, IGNORED_PREFIXES, IMAGE_EXTENSIONS, open_archive
from fakeid.data.sources.base import StoredImages
from fakeid.data.sources.category_names import check_categories, named_categories, near_names, squeeze
from fakeid.errors import BadImageError, DataError

_REAL_FOLDERS: Final = {"0_real", "real"}
_FAKE_FOLDERS: Final = {"1_fake", "fake"}
_COMPRESSED: Final = re.compile(r"\.(tar\.(gz|bz2|xz|zst)|tgz|tbz2?|txz|7z|rar)(\.\d+)?$", re.IGNORECASE)
_SPLIT_NAME: Final = "train"  # a category of LSUN, and what half of all folders on earth are called


class SampleTree:
    """Looks through the whole tree below a root once.

    A folder or archive belongs to the category in its name; of nested folders the innermost with a category counts.
    LSUN's databases, folders of reals beside fakes, and hidden files are passed over.

    Args:
        root: Where to look.
        categories: The categories of interest; archives of others are not opened.
        listings: Where lists of archives are remembered, if anywhere.

    Attributes:
        samples: Folders and archives by category, sorted.
        compressed: Archives by category that cannot be read in place.
        paired: Folders and archives that hold reals beside fakes.
        names: Every visible archive, and every folder with images.

    Raises:
        DataError: A folder or an archive cannot be read, or what it holds is ambiguous.
    """

    def __init__(self, root: Path, categories: Collection[str], listings: Path | None) -> None:
        self.samples: dict[str, list[Path]] = {category: [] for category in categories}
        self.compressed: dict[str, list[Path]] = {category: [] for category in categories}
        self.paired: list[Path] = []
        self.names: list[str] = []
        self._listings = listings
        self._visit(root, frozenset(), frozenset(), is_root=True)

    def _visit(
        self, folder: Path, above: frozenset[str], ancestors: frozenset[tuple[int, int]], is_root: bool = False
    ) -> tuple[bool, bool]:
        """Whether something here or below bears a category, and whether there are images."""
        identity, folders, files = _list_visible(folder)
        if identity in ancestors:  # a symbolic link back up
            return False, False
        if _is_paired(folders):
            self.paired.append(folder)
        has_images = any(file.name.lower().endswith(IMAGE_EXTENSIONS) for file in files)
        own = () if is_root else named_categories(folder.name)
        within = above | {*own}
        matched = False
        for name in _enterable(folders, files):
            below_matched, below_images = self._visit(folder / name, within, ancestors | {identity})
            matched, has_images = matched or below_matched, has_images or below_images
        for file in files:
            matched = self._visit_file(Path(file.path), within) or matched
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
        """Assign to the one category, and never guess: a wrong guess trains a class on another's images."""
        claims = {*own} | (above if name.casefold() == _SPLIT_NAME else set())
        if len(claims) > 1 and claims & self.samples.keys():
            raise DataError(
                f"{path} might hold ProGAN samples of {' or '.join(sorted(claims))}: rename or divide it, "
                "so that its path names one category of LSUN"
            )
        if own[0] in self.samples:
            self.samples[own[0]].append(path)


def list_images(folder: Path) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """All images below a folder of samples: paths relative to it with forward slashes, in a fixed order.

    Raises:
        DataError: A folder cannot be read.
    """
    yield from _list_images(folder, "", frozenset())


def _list_images(
    folder: Path, prefix: str, ancestors: frozenset[tuple[int, int]]
) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    identity, folders, files = _list_visible(folder)
    if identity in ancestors:
        return
    for file in files:
        if file.name.lower().endswith(IMAGE_EXTENSIONS):
            yield prefix + file.name, file
    for name in _enterable(folders, files):
        yield from _list_images(folder / name, f"{prefix}{name}/", ancestors | {identity})


def _list_visible(folder: Path) -> tuple[tuple[int, int], list[str], list["os.DirEntry[str]"]]:
    """What identifies the folder, the names of the visible folders in it, and the visible files, sorted."""
    try:
        status = folder.stat()
        with os.scandir(folder) as entries:
            visible = sorted((e for e in entries if not e.name.startswith(IGNORED_PREFIXES)), key=lambda e: e.name)
        "/".join(entry.name for entry in visible).encode()
        folders = [entry.name for entry in visible if entry.is_dir()]
        return (status.st_dev, status.st_ino), folders, [entry for entry in visible if not entry.is_dir()]
    except OSError as error:
        raise DataError(f"{error.filename} cannot be listed ({error.strerror}): repair or remove it") from error
    except UnicodeEncodeError as error:
        raise DataError(f"{folder} holds file names that are not UTF-8: rename them") from error


def _is_paired(folders: list[str]) -> bool:
    names = {name.casefold() for name in folders}
    return bool(names & _REAL_FOLDERS and names & _FAKE_FOLDERS)


def _enterable(folders: list[str], files: list["os.DirEntry[str]"]) -> list[str]:
    """Folders that may hold samples: none in a database of LSUN, no reals, and no fakes that lie beside reals."""
    if any(file.name == "data.mdb" for file in files):
        return []
    passed_over = _REAL_FOLDERS | (_FAKE_FOLDERS if _is_paired(folders) else set())
    return [name for name in folders if name.casefold() not in passed_over]


_PREFIX = "progan/"
_GENERATOR = "progan"


class ProGanSource(StoredImages):
    """Samples in folders, or in zip and tar archives, that bear the category's name, anywhere below the root.

    Case, hyphens and underscores in names are ignored; several folders and archives of a category are pooled.

    Args:
        root: `data.fake.root`, or `paths.data`.
        categories: Names as in `LSUN_SCENES` and `LSUN_OBJECTS`.
        listings: A folder of the cache, where the members of each archive are listed once and remembered.
        max_megapixels: Larger images are refused when they are read.

    Raises:
        ConfigError: A category that LSUN does not have.
    """

    def __init__(self, root: str, categories: Sequence[str], *, listings: str, max_megapixels: float = 100.0) -> None:
        super().__init__(max_megapixels)
        check_categories(categories)
        self._root = Path(root).expanduser().absolute()
        self._categories = tuple(dict.fromkeys(categories))
        self._listings = Path(listings).expanduser().absolute()

    def __getstate__(self) -> dict[str, Any]:
        # Worker processes only read: they need not know what the tree holds.
        return {name: value for name, value in vars(self).items() if name not in ("_samples", "_digests")}

    def records(self) -> Iterator[Record]:
        """All samples, streamed; keys are `progan/PATH OF FOLDER OR ARCHIVE/PATH IN IT`, and none shares a scene.

        Raises:
            DataError: A category is missing, lies there twice, or is packed so that it cannot be read in place;
                an archive is cut short, damaged or suspect.
            OutputError: A listing cannot be written.
        """
        samples = self._samples
        for paths in samples.values():
            self._check_copies(paths)
        return self._stream(samples)

    def read_file(self, record: Record) -> bytes:
        """The file, or the archive's member.

        Raises:
            BadImageError: It has vanished, is damaged or cannot be read.
        """
        try:
            archive, member = self._split(record)
            if archive is None:
                return (self._root / member).read_bytes()
            return open_archive(archive, self._listings).read(member)
        except BadImageError:
            raise
        except DataError as error:
            raise BadImageError(str(error)) from error
        except OSError as error:
            raise BadImageError(
                f"{self.locate(record)} cannot be read ({error.strerror}): restore it, or set data.on_bad_image=skip"
            ) from error

    def locate(self, record: Record) -> str:
        """The path of the file; that of an archive's member continues the archive's own."""
        return str(self._root / record.key.removeprefix(_PREFIX))

    def describe(self) -> dict[str, Any]:
        """Identity by the archives' and files' names, sizes and times of change, not by the place of the root."""
        return {"source": _GENERATOR, "max_megapixels": self._max_megapixels, "samples": self._digests}

    @cached_property
    def _samples(self) -> dict[str, list[Path]]:
        tree = _look_through(self._root, self._categories, self._listings)
        for category, paths in tree.samples.items():
            if not paths:
                raise DataError(_explain_missing(self._root, category, tree))
        return tree.samples

    @cached_property
    def _digests(self) -> dict[str, Any]:
        digests: dict[str, Any] = {}
        for path in (path for paths in self._samples.values() for path in paths):
            status = path.stat()
            is_folder = path.is_dir()
            digests[self._relative(path)] = _digest_folder(path) if is_folder else [status.st_size, status.st_mtime_ns]
        return digests

    def _stream(self, samples: dict[str, list[Path]]) -> Iterator[Record]:
        for category, paths in samples.items():
            for path in paths:
                prefix = f"{_PREFIX}{self._relative(path)}/"
                in_folder = path.is_dir()
                names = (n for n, _ in list_images(path)) if in_folder else open_archive(path, self._listings).names()
                for name in names:
                    yield Record(prefix + name, FAKE, category, _GENERATOR, scene=prefix + name)

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()

    def _split(self, record: Record) -> tuple[Path | None, str]:
        """The archive and the path in it; without archive, the path below the root."""
        parts = record.key.removeprefix(_PREFIX).split("/")
        for level, part in enumerate(parts[:-1], start=1):
            if part.lower().endswith(ARCHIVE_EXTENSIONS) and not (path := self._root.joinpath(*parts[:level])).is_dir():
                return path, "/".join(parts[level:])
        return None, "/".join(parts)

    def _check_copies(self, paths: list[Path]) -> None:
        """Refuse an archive beside its unpacked copy, whose images might land in training and in the test."""
        seen: list[tuple[Path, set[tuple[str, int]]]] = []
        for path in paths if len(paths) > 1 else ():
            files = self._file_sizes(path)
            for other, others in seen:
                shared_names = {name for name, _ in files} & {name for name, _ in others}
                # Numbering may start anew in each part; files of one number then differ in size.
                if 2 * len(files & others) > len(shared_names):
                    raise DataError(
                        f"{other} and {path} hold the same images, such as {min(shared_names)}: move one of them away"
                    )
            seen.append((path, files))

    def _file_sizes(self, path: Path) -> set[tuple[str, int]]:
        if path.is_dir():
            return {(entry.name, _stat(entry)[0]) for _, entry in list_images(path)}
        return {(n.rpartition("/")[2], size) for n, size in open_archive(path, self._listings).sizes()}


def find_samples(root: str, categories: Sequence[str], *, listings: str | None = None) -> dict[str, list[Path]]:
    """The folders and archives of samples below the root, by category; an empty list where there are none.

    Raises:
        DataError: The root does not exist, or what lies there is damaged or ambiguous.
    """
    folder = Path(root).expanduser().absolute()
    return _look_through(folder, categories, None if listings is None else Path(listings).absolute()).samples


def public_archive(category: str) -> str:
    """The name under which the samples of a category are published."""
    return f"karras2018iclr-lsun-{squeeze(category)}-256x256.zip"


def _look_through(root: Path, categories: Sequence[str], listings: Path | None) -> SampleTree:
    if not root.is_dir():
        raise DataError(f"{root} (data.fake.root or paths.data) must be the folder of ProGAN's samples: not found")
    return SampleTree(root, categories, listings)


def _explain_missing(root: Path, category: str, tree: SampleTree) -> str:
    if tree.compressed[category]:
        path = tree.compressed[category][0]
        return f"{path} cannot be read at a random place as it is compressed whole: unpack it, or make it a .tar"
    expected = f"expected a folder, zip or tar with {category} in its name, such as {public_archive(category)}"
    place = f"{root} (data.fake.root or paths.data) holds no ProGAN samples of {category}"
    if tree.paired and not any(tree.samples.values()):
        return f"{place}: {tree.paired[0]} holds reals beside fakes, which data=folders reads; else {expected}"
    near = near_names(category, tree.names)
    if near:
        return f"{place}: {expected}; did you mean {' or '.join(near)}? rename it"
    names = sorted(tree.names)
    found = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    return f"{place}: {expected}; found {found or 'neither images nor archives'}"


def _digest_folder(folder: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, entry in list_images(folder):
        digest.update(repr((name, *_stat(entry))).encode())
    return digest.hexdigest()


def _stat(entry: Any) -> tuple[int, int]:
    try:
        status = entry.stat()
    except OSError:  # vanished since the listing: reading it will say so
        return -1, -1
    return status.st_size, status.st_mtime_ns
