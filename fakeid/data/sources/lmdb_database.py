"""Read LMDB databases, LSUN's own format, in place: a folder with one memory-mapped file `data.mdb`."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import lmdb

from fakeid.errors import DataError

_FILE: Final = "data.mdb"

# Pages that were read count as memory of the process until they are unmapped. So do the pages around them that the
# system reads ahead, easily ten times as many.
_KEYS_AT_ONCE: Final = 4000
_MAX_MAPPED: Final = 4 << 20  # bytes of values

# LMDB refuses to open a file twice in a process and counts a forked child as the same process, and an environment must
# not be used on both sides of a fork. Therefore one lock guards all environments, and all are closed before a fork.
_LOCK: Final = threading.Lock()


class Database:
    """The keys and values of one LMDB folder, read-only and without its lock file; open it with `open_database`.

    The file is mapped when a process first reads it, and mapped again when it has changed and from time to time, to
    keep memory small.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment: Any = None
        self._identity: tuple[int, ...] = ()  # of the file that is mapped
        self._mapped = 0

    def count(self) -> int:
        """Read the number of entries from the header of the database.

        Raises:
            DataError: The file is missing, empty, cut short or not a database.
        """
        with _LOCK:
            return int(self._open().stat()["entries"])

    def keys(self) -> Iterator[str]:
        """Stream all keys, sorted, with a few thousand at a time in memory.

        Raises:
            DataError: The database is missing, cut short or damaged, or a key is not printable ASCII.
        """
        last = b""
        while keys := self._keys_after(last):
            last = keys[-1]
            names = [key.decode("latin-1") for key in keys]
            if not _is_printable("".join(names)):
                key = next(key for key, name in zip(keys, names, strict=True) if not _is_printable(name))
                raise DataError(
                    f"{self._folder / _FILE} has the key {key!r}, which is not printable ASCII as LSUN's are: "
                    f"this is not LSUN's database; unzip {self._folder.name}.zip again"
                )
            yield from names

    def read(self, key: str) -> bytes | None:
        """Read the value of a key; return None if there is no such key.

        Raises:
            DataError: The database is missing, cut short or damaged.
        """
        with _LOCK:
            try:
                with self._open().begin() as transaction:
                    value: bytes | None = transaction.get(key.encode())
            except lmdb.Error as error:
                raise self._damaged(error) from error
            self._mapped += len(value or b"")
            if self._mapped > _MAX_MAPPED:
                self.close()
        return value

    def close(self) -> None:
        """Unmap the file; the next access maps it again."""
        if self._environment is not None:
            self._environment.close()
        self._environment, self._mapped = None, 0

    def _keys_after(self, last: bytes) -> list[bytes]:
        """Read the next keys in order, one block per call, so that nothing stays mapped or locked in between."""
        with _LOCK:
            try:
                with self._open().begin() as transaction, transaction.cursor() as cursor:
                    found = cursor.set_range(last) if last else cursor.first()
                    if found and last and cursor.key() == last:
                        found = cursor.next()
                    entries = cursor.iternext(keys=True, values=False) if found else iter(())
                    return [bytes(key) for key, _ in zip(entries, range(_KEYS_AT_ONCE), strict=False)]
            except lmdb.Error as error:
                raise self._damaged(error) from error
            finally:
                self.close()

    def _open(self) -> Any:
        status = self._check_file()
        identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if self._environment is not None and self._identity != identity:
            self.close()
        if self._environment is None:
            try:
                self._environment = lmdb.open(
                    str(self._folder), readonly=True, create=False, lock=False, readahead=False, meminit=False
                )
            except lmdb.Error as error:
                raise self._damaged(error) from error
            self._identity = identity
            try:
                self._check_header(status.st_size)
            except DataError:
                self.close()
                raise
        return self._environment

    def _check_file(self) -> os.stat_result:
        try:
            status = (self._folder / _FILE).stat()
        except OSError as error:
            raise DataError(
                f"{self._folder} must hold LSUN's {_FILE}, which cannot be read ({error.strerror}): "
                f"unzip {self._folder.name}.zip again"
            ) from error
        if status.st_size == 0:
            raise DataError(f"{self._folder / _FILE} is empty (0 bytes): {self._way_out()}")
        return status

    def _check_header(self, size: int) -> None:
        status = self._environment.stat()
        # Reading a page beyond the end of the file would kill the process with SIGBUS.
        expected = (self._environment.info()["last_pgno"] + 1) * status["psize"]
        if size < expected:
            raise DataError(
                f"{self._folder / _FILE} is cut short: its header says {expected:,} bytes, found {size:,}; "
                f"{self._way_out()}"
            )
        if status["entries"] == 0:
            raise DataError(f"{self._folder / _FILE} is a database without images: {self._way_out()}")

    def _damaged(self, error: lmdb.Error) -> DataError:
        reason = str(error).removeprefix(f"{self._folder}: ")
        return DataError(f"{self._folder / _FILE} cannot be read as an LMDB database ({reason}): {self._way_out()}")

    def _way_out(self) -> str:
        return f"unzip {self._folder.name}.zip again, or download it again"


def _is_printable(text: str) -> bool:
    return text.isascii() and text.isprintable()


_DATABASES: Final[dict[Path, Database]] = {}


def open_database(folder: Path) -> Database:
    """Open the database of a folder, one object per folder and process, without reading it yet."""
    path = folder.resolve()
    return _DATABASES.setdefault(path, Database(path))


def _close_all() -> None:
    _LOCK.acquire()
    for database in _DATABASES.values():
        database.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_close_all, after_in_parent=_LOCK.release, after_in_child=_LOCK.release)
