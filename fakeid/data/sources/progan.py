"""Read samples of the ProGANs trained on LSUN, one per category (Karras et al. 2018), in place."""

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from fakeid.config.constants import FAKE
from fakeid.data.records import Record
from fakeid.data.sources.archive import ARCHIVE_EXTENSIONS, open_archive
from fakeid.data.sources.base import StoredImages, hash_files, read_below
from fakeid.data.sources.category_names import near_names, squeeze
from fakeid.data.sources.sample_tree import SampleTree, list_images
from fakeid.errors import BadImageError, DataError, UnreadableImageError

_PREFIX = "progan/"
_GENERATOR = "progan"


class ProGanSource(StoredImages):
    """A source of samples in folders, zip and tar files that are named after their category, anywhere below the root.

    Case, hyphens and underscores in names are ignored; several folders and archives of a category are pooled.

    Args:
        root: Folder of the samples: `data.fake.root`, or `paths.data`.
        categories: Names as in `LSUN_SCENES` and `LSUN_OBJECTS`.
        listings: Cache folder. The members of each archive are listed once and kept there.
        max_megapixels: Size above which images are refused when they are read, in megapixels.
    """

    def __init__(self, root: str, categories: Sequence[str], *, listings: str, max_megapixels: float = 100.0) -> None:
        super().__init__(root, max_megapixels)
        self._categories = tuple(dict.fromkeys(categories))
        self._listings = Path(listings).expanduser().absolute()

    def records(self) -> Iterator[Record]:
        """Stream all samples; keys are `progan/PATH OF FOLDER OR ARCHIVE/PATH IN IT`, and no two share a scene.

        Raises:
            DataError: A category is missing, exists twice, or is packed so that it cannot be read in place; or an
                archive is cut short, damaged or suspicious.
            OutputError: A listing cannot be written.
        """
        samples = self._samples
        for paths in samples.values():
            self._check_copies(paths)
        return self._stream(samples)

    def read_file(self, record: Record) -> bytes:
        """Read the file of an image, or its member of an archive.

        Raises:
            BadImageError: The member is damaged.
            UnreadableImageError: The file, the archive or the member has vanished or cannot be read.
        """
        try:
            archive, member = self._split(record)
            if archive is None:
                return read_below(self._root, member)
            return open_archive(archive, self._listings).read(member)
        except BadImageError:
            raise
        except DataError as error:
            raise UnreadableImageError(str(error)) from error

    def locate(self, record: Record) -> str:
        """Return the path of the file; for a member of an archive, the archive's path followed by the member's."""
        return str(self._root / record.key.removeprefix(_PREFIX))

    def describe(self) -> dict[str, Any]:
        """Identify archives and files by name, size and modification time, not by the location of the root."""
        return {"source": _GENERATOR, "max_megapixels": self._max_megapixels, "samples": self._digests}

    @cached_property
    def _samples(self) -> dict[str, list[Path]]:
        tree = SampleTree(self._root, self._categories, self._listings)
        for category, paths in tree.samples.items():
            if not paths:
                raise DataError(_explain_missing(self._root, category, tree))
        return tree.samples

    @cached_property
    def _digests(self) -> dict[str, Any]:
        digests: dict[str, Any] = {}
        for path in (path for paths in self._samples.values() for path in paths):
            status = path.stat()
            files = hash_files(path, list_images(path)) if path.is_dir() else [status.st_size, status.st_mtime_ns]
            digests[self._relative(path)] = files
        return digests

    def _stream(self, samples: dict[str, list[Path]]) -> Iterator[Record]:
        for category, paths in samples.items():
            for path in paths:
                prefix = f"{_PREFIX}{self._relative(path)}/"
                for name in list_images(path) if path.is_dir() else open_archive(path, self._listings).names():
                    yield Record(prefix + name, FAKE, category, _GENERATOR, scene=prefix + name)

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()

    def _split(self, record: Record) -> tuple[Path | None, str]:
        """Split a key into the archive and the path in it, or None and the path below the root without an archive."""
        parts = record.key.removeprefix(_PREFIX).split("/")
        for level, part in enumerate(parts[:-1], start=1):
            path = self._root.joinpath(*parts[:level])
            # Unlike `Path.is_dir`, this does not raise if a parent folder cannot be entered: reading will say so.
            if part.lower().endswith(ARCHIVE_EXTENSIONS) and not os.path.isdir(path):  # noqa: PTH112
                return path, "/".join(parts[level:])
        return None, "/".join(parts)

    def _check_copies(self, paths: list[Path]) -> None:
        """Refuse an archive beside its unpacked copy, because an image could end up in both training and test."""
        seen: list[tuple[Path, set[tuple[str, int]]]] = []
        for path in paths if len(paths) > 1 else ():
            files = self._file_sizes(path)
            for other, others in seen:
                shared_names = {name for name, _ in files} & {name for name, _ in others}
                # The numbering may restart in each part; files with the same number then differ in size.
                if 2 * len(files & others) > len(shared_names):
                    raise DataError(
                        f"{other} and {path} hold the same images, such as {min(shared_names)}: move one of them away"
                    )
            seen.append((path, files))

    def _file_sizes(self, path: Path) -> set[tuple[str, int]]:
        if path.is_dir():
            return {(name.rpartition("/")[2], _measure(path / name)) for name in list_images(path)}
        return {(n.rpartition("/")[2], size) for n, size in open_archive(path, self._listings).sizes()}


def find_samples(root: str, categories: Sequence[str], listings: Path) -> dict[str, list[Path]]:
    """Find the folders and archives of samples below the root.

    Args:
        root: Folder of the samples: `data.fake.root`, or `paths.data`.
        categories: The categories to look for.
        listings: Cache folder for the lists of archive members.

    Returns:
        Paths by category; the list of a category without samples is empty.

    Raises:
        DataError: The root does not exist, or its content is damaged or ambiguous.
    """
    return SampleTree(Path(root).expanduser().absolute(), categories, listings).samples


def public_archive(category: str) -> str:
    """Return the name of the archive in which the samples of a category are published."""
    return f"karras2018iclr-lsun-{squeeze(category)}-256x256.zip"


def _explain_missing(root: Path, category: str, tree: SampleTree) -> str:
    if tree.compressed[category]:
        path = tree.compressed[category][0]
        return f"{path} is compressed as a whole, so single images cannot be read: unpack it, or make it a .tar"
    expected = f"expected a folder, zip or tar with {category} in its name, such as {public_archive(category)}"
    place = f"{root} (data.fake.root or paths.data) holds no ProGAN samples of {category}"
    if tree.paired and not any(tree.samples.values()):
        return f"{place}: {tree.paired[0]} holds reals beside fakes, which data=folders reads; otherwise {expected}"
    near = near_names(category, tree.names)
    if near:
        return f"{place}: {expected}; did you mean {' or '.join(near)}? rename it"
    names = sorted(tree.names)
    found = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    return f"{place}: {expected}; found {found or 'neither images nor archives'}"


def _measure(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # a broken link, or vanished since the listing: reading it will say so
        return -1
