"""Read LSUN's photos in place, from the databases in which they are published (Yu et al. 2015)."""

import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fakeid.config.constants import CAMERA, LSUN_SCENES, REAL
from fakeid.data.records import Record
from fakeid.data.sources.base import StoredImages
from fakeid.data.sources.lmdb_database import open_database
from fakeid.errors import DataError, UnreadableImageError
from fakeid.io import clear_output_errors, write_atomically

_PREFIX = "lsun/"


class LsunSource(StoredImages):
    """A source of LSUN photos, from those of `root/NAME_train_lmdb`, `root/NAME_val_lmdb` and `root/NAME` that exist.

    Args:
        root: Folder of the unzipped databases: `data.real.root`, or `paths.data`.
        categories: Names as in `LSUN_SCENES` and `LSUN_OBJECTS`.
        listings: Cache folder. The keys of each database are listed once and kept there, because bedroom has three
            million.
        max_megapixels: Size above which images are refused when they are read, in megapixels.
    """

    def __init__(self, root: str, categories: Sequence[str], *, listings: str, max_megapixels: float = 100.0) -> None:
        super().__init__(root, max_megapixels)
        self._categories = tuple(dict.fromkeys(categories))
        self._listings = Path(listings).expanduser().absolute()

    def records(self) -> Iterator[Record]:
        """Stream all photos; keys are `lsun/FOLDER/KEY`, and every photo is its own scene.

        Raises:
            DataError: A category is missing, or a database is empty, cut short or not a database. All are checked
                before the first key is listed.
            OutputError: The listing cannot be written.
        """
        found = self._find()
        counts = {folder: open_database(folder).count() for folders in found.values() for folder in folders}
        return self._stream(found, counts)

    def _stream(self, found: dict[str, list[Path]], counts: dict[Path, int]) -> Iterator[Record]:
        for category, folders in found.items():
            for folder in folders:
                prefix = f"{_PREFIX}{folder.name}/"
                for key in _list_keys(folder, counts[folder], self._listings):
                    yield Record(prefix + key, REAL, category, CAMERA, key)

    def read_file(self, record: Record) -> bytes:
        """Read the stored value of an image, a WebP or JPEG file.

        Raises:
            UnreadableImageError: The database, or the value in it, has vanished or cannot be read.
        """
        folder, _, key = record.key.removeprefix(_PREFIX).partition("/")
        try:
            value = open_database(self._root / folder).read(key)
        except DataError as error:
            raise UnreadableImageError(str(error)) from error
        if value is None:
            raise UnreadableImageError(f"{self.locate(record)} is no longer there: unzip {folder}.zip again")
        return value

    def locate(self, record: Record) -> str:
        """Describe where an image is: the path of the database and the key in it."""
        folder, _, key = record.key.removeprefix(_PREFIX).partition("/")
        return f"{self._root / folder / 'data.mdb'} key {key}"

    def describe(self) -> dict[str, Any]:
        """Identify the databases by name, size and modification time."""
        stats = {f.name: (f / "data.mdb").stat() for folders in self._find().values() for f in folders}
        return {
            "source": "lsun",
            "max_megapixels": self._max_megapixels,
            "databases": {name: [status.st_size, status.st_mtime_ns] for name, status in stats.items()},
        }

    def _find(self) -> dict[str, list[Path]]:
        found = {category: find_databases(str(self._root), category) for category in self._categories}
        for category, folders in found.items():
            without = [folder for folder in _candidates(self._root, category)[:2] if folder.is_dir()]
            without = [folder for folder in without if folder not in folders]
            if without:
                raise DataError(f"{without[0]} must hold LSUN's data.mdb: unzip {without[0].name}.zip again")
            if not folders:
                raise DataError(_explain_missing(self._root, category))
        return found


def find_databases(root: str, category: str) -> list[Path]:
    """Find the folders with this category's databases, directly below the root.

    Raises:
        DataError: The root does not exist or cannot be opened.
    """
    folder = Path(root).expanduser().absolute()
    try:
        if not folder.is_dir():
            raise DataError(
                f"{folder} (data.real.root or paths.data) must be the folder of LSUN's databases: not found"
            )
        return [path for path in _candidates(folder, category) if (path / "data.mdb").is_file()]
    except OSError as error:
        raise DataError(f"{error.filename} cannot be opened ({error.strerror}): change its permissions") from error


def public_archives(category: str) -> tuple[str, ...]:
    """Return the names of the archives in which LSUN publishes a category; the first holds most of it."""
    return (
        (f"{category}_train_lmdb.zip", f"{category}_val_lmdb.zip") if category in LSUN_SCENES else (f"{category}.zip",)
    )


def _candidates(root: Path, category: str) -> list[Path]:
    return [root / f"{category}_train_lmdb", root / f"{category}_val_lmdb", root / category]


def _explain_missing(root: Path, category: str) -> str:
    names = ", ".join(path.name for path in _candidates(root, category))
    packed = next((root / name for name in public_archives(category) if _holds_database(root / name)), None)
    way_out = f"{packed} is still packed, unzip it there" if packed else f"unzip {public_archives(category)[0]} there"
    return f"{root} (data.real.root or paths.data) holds no LSUN {category}: expected {names} with data.mdb; {way_out}"


def _holds_database(path: Path) -> bool:
    """Tell whether a zip file holds an LMDB database; ProGAN's samples may have the same name."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.rpartition("/")[2] == "data.mdb" for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def _list_keys(folder: Path, count: int, listings: Path) -> Iterator[str]:
    """Stream the keys of a database from a listing, one key per line, that is written once; memory stays small."""
    status = (folder / "data.mdb").stat()
    identity = f"{folder.name}/{status.st_size}/{status.st_mtime_ns}"
    listing = listings / f"{folder.name}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}.txt"
    if not listing.is_file():
        keys = open_database(folder).keys()
        with clear_output_errors(listings, "paths.cache"):
            write_atomically(listing, lambda file: file.writelines(f"{key}\n".encode() for key in keys))
    num = 0
    with listing.open(encoding="ascii", errors="replace") as lines:
        for num, line in enumerate(lines, start=1):  # noqa: B007  the last number is the count
            yield line.rstrip("\n")
    if num != count:
        raise DataError(f"{listing} lists {num:,} of {count:,} keys in {folder}: delete it, and it is written again")
