"""Write files atomically, read them back with every value checked, and lock folders."""

import csv
import errno
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar

from filelock import FileLock, Timeout

from fakeid.errors import DamagedFileError, DataError, OutputError

if TYPE_CHECKING:
    from pydantic import (  # imported where it is used: the import is slow, and --help reads no file
        TypeAdapter,
        ValidationError,
    )

Record = TypeVar("Record")

LONGEST_NAME: Final = 255
"""Longest file name in bytes on nearly every file system."""

_GLANCE_SECONDS: Final = 0.5
"""Wait before a lock counts as owned: a process that only checks a lock holds it for an instant."""

_SHOWN: Final = 40
"""Characters of a wrong value that a message shows."""


@contextmanager
def clear_output_errors(folder: Path, option: str) -> Iterator[None]:
    """Replace an `OSError` by a message that names the folder, the reason and the option that chooses another folder.

    Args:
        folder: Folder that is written to in the block.
        option: Option that names the folder, such as `paths.runs` or `--output`.

    Raises:
        OutputError: The folder is read-only, full, or not a folder.
    """
    reasons = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the disk quota is used up",
        errno.EROFS: "the file system is read-only",
        errno.EACCES: "you have no permission to write there",
        errno.EPERM: "you have no permission to write there",
        errno.EEXIST: "a file of that name already exists",
        errno.ENOTDIR: "part of the path is a file, not a folder",
        errno.ENOENT: "it cannot be created",
        errno.ELOOP: "it is a loop of symbolic links",
        errno.ENAMETOOLONG: "its name is too long for the file system",
        errno.EFBIG: "a file would exceed the allowed size",
    }
    try:
        yield
    except OSError as error:
        if isinstance(error, OutputError) or error.errno not in reasons:
            raise
        too_large = error.errno == errno.EFBIG
        way_out = "raise the limit with ulimit -f" if too_large else f"choose another with {option}=DIR"
        raise OutputError(f"cannot write to {folder}: {reasons[error.errno]}; {way_out}") from error


def check_writable(folder: Path, option: str) -> None:
    """Create a folder and check that a file can be written there, using a temporary one.

    Args:
        folder: Folder to check; created with its parents if it does not exist.
        option: Option that names the folder, for the message.

    Raises:
        OutputError: The folder cannot be written to; see `clear_output_errors`.
    """
    with clear_output_errors(folder, option):
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder) as file:
            file.write(b"\0")


def check_utf8(path: Path) -> None:
    """Refuse a path that is not valid UTF-8, because no output file, page or figure could name it.

    Raises:
        DataError: The path is not UTF-8; on Linux, file names are bytes and need not be text.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise DataError(f"the path {str(path)!a} is not UTF-8: rename the file or folder") from error


def shorten_name(name: str, longest: int = LONGEST_NAME) -> str:
    """Shorten a name that is too long for the file system: cut it and append a hash of the whole name.

    Args:
        name: Name of a file or folder.
        longest: Maximum length in bytes of UTF-8.
    """
    content = name.encode("utf-8", "surrogateescape")
    if len(content) <= longest:
        return name
    digest = hashlib.sha256(content).hexdigest()[:8]
    return f"{content[: longest - len(digest) - 1].decode('utf-8', 'ignore')}-{digest}"


def write_atomically(path: Path, write: Callable[[IO[bytes]], object], *, durable: bool = False) -> None:
    """Write a file by way of a temporary one beside it, so that readers see either the old file or the new one.

    Args:
        path: Path of the file; missing parent folders are created.
        write: Function that writes the content to the open binary file it is given.
        durable: Whether to wait for the disk, so that the file survives a power cut. That takes about ten milliseconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            write(file)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        # When a full disk or a signal stops `torch.save`, it raises an error of its own about a short file on top.
        if isinstance(error, RuntimeError) and error.__context__ is not None:
            raise error.__context__ from None
        raise


def remove_parts(folder: Path) -> None:
    """Delete partial files that killed processes left in a folder; the caller must hold the folder's lock."""
    for part in folder.glob(".*.part"):
        part.unlink()


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    write_atomically(path, lambda file: file.write(text.encode()))


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a header and rows as UTF-8 CSV, atomically; None becomes an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_text(path, text.getvalue())


def write_json(path: Path, value: Any) -> None:
    """Write plain values as indented JSON, atomically; NaN raises a ValueError, because JSON does not allow it."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file without checking its content against a schema.

    Raises:
        FileNotFoundError: The file does not exist.
        DamagedFileError: The file cannot be read or is not JSON; the message says why.
    """
    with _clear_read_errors(path):
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise DamagedFileError(f"{path} is damaged ({error or 'nested without end'})") from error


@contextmanager
def _clear_read_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DamagedFileError(f"{path} cannot be read ({error.strerror or error})") from error


def compute_once(path: Path, kind: type[Record], compute: Callable[[], Record]) -> Record:
    """Read a stored record, or compute it and store it for the next call.

    Args:
        path: JSON file of the record and its digest; a file that was changed after it was written is recomputed.
        kind: Type of the record, as in `read_record`.
        compute: Function that computes the record.
    """
    try:
        memo = read_record(path, _Memo)
        if memo.sha256 == _hash(memo.value):
            return parse_record(memo.value, kind)
    except (OSError, ValueError):
        pass  # missing or damaged
    record = compute()
    with suppress(OSError):  # a prepared cache may be on a read-only disk; then each run recomputes
        plain = to_plain_record(record)
        write_json(path, {"sha256": _hash(plain), "value": plain})
    return record


@dataclass(frozen=True)
class _Memo:
    sha256: str
    value: Any


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def read_record(path: Path, kind: type[Record]) -> Record:
    """Read a JSON file and check every value.

    Keys that the dataclass does not declare are ignored, so that files of later releases can be read.

    Args:
        path: Path of the file.
        kind: Dataclass of dataclasses, containers and plain values, or a container such as `dict[str, str]`. A field
            with a default may be missing. Numbers are `pydantic.FiniteFloat`, because JSON has no NaN.

    Raises:
        FileNotFoundError: The file does not exist.
        DamagedFileError: The file cannot be read, is not JSON, or has a value that does not match its declared type.
    """
    with _clear_read_errors(path):
        content = path.read_bytes()
    try:
        record: Record = _validate(kind, lambda adapter: adapter.validate_json(content, strict=True))
    except ValueError as error:
        raise DamagedFileError(f"{path} is damaged ({error})") from error
    return record


def parse_record(values: Any, kind: type[Record]) -> Record:
    """Build a dataclass from plain values, such as those of a checkpoint, and check each of them.

    Raises:
        ValueError: A value does not match its declared type; the message names it.
    """
    record: Record = _validate(kind, lambda adapter: adapter.validate_python(values))
    return record


def check_plain(values: Any, kind: type[Any]) -> None:
    """Check plain values against a dataclass as strictly as `read_record` checks a file.

    Raises:
        ValueError: A value is missing or does not match its declared type; the message names it.
    """
    content = json.dumps(values)
    _validate(kind, lambda adapter: adapter.validate_json(content, strict=True))


def to_plain_record(record: Any) -> dict[str, Any]:
    """Convert a dataclass to dictionaries, lists and plain values, ready for JSON."""
    kind: Any = type(record)
    plain: dict[str, Any] = _build_adapter(kind).dump_python(record, mode="json")
    return plain


def write_record(path: Path, record: Any) -> None:
    """Write a dataclass as JSON, atomically."""
    kind: Any = type(record)
    write_text(path, _build_adapter(kind).dump_json(record, indent=2).decode() + "\n")


def _validate(kind: Any, check: "Callable[[TypeAdapter[Any]], Any]") -> Any:
    """Run a check of pydantic against a type.

    Raises:
        ValueError: A value is wrong; the message names it.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - slow to import, and --help checks nothing

    try:
        return check(_build_adapter(kind))
    except ValidationError as error:
        raise ValueError(_describe(error)) from error


@cache  # building an adapter takes milliseconds, reading a file far less
def _build_adapter(kind: Any) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter  # noqa: PLC0415 - as above

    return TypeAdapter(kind)


def _describe(error: "ValidationError") -> str:
    """Describe the first wrong value and what was expected."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "its content"
    if first["type"] == "missing":
        return f"{place} is missing"
    if first["type"] == "value_error":  # raised by a check of fakeid, which names the part
        return f"{place}.{first['ctx']['error']}"
    found = repr(first["input"])
    found = found if len(found) <= _SHOWN else f"{found[:_SHOWN]} ..."
    return f"{place} is {found}: {first['msg'][:1].lower()}{first['msg'][1:]}"


@contextmanager
def lock_folder(
    folder: Path, *, busy: str = "", wait: bool = True, on_wait: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Hold the lock of a folder; the operating system releases it when the process dies.

    Args:
        folder: Existing folder to lock.
        busy: Error message for the case that another process holds the lock and `wait` is False.
        wait: Whether to wait for the other process instead of raising at once.
        on_wait: Function called once before waiting.

    Raises:
        OutputError: Another process holds the lock and `wait` is False.
    """
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=_GLANCE_SECONDS, poll_interval=_GLANCE_SECONDS / 10)
    except Timeout as error:
        if not wait:
            raise OutputError(busy) from error
        on_wait()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
