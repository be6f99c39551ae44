"""Write whole files or none, read what was written with every value checked, and lock folders."""

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
    from pydantic import (  # where it is needed: it takes long to import, and --help reads no file
        TypeAdapter,
        ValidationError,
    )

Record = TypeVar("Record")

LONGEST_NAME: Final = 255
"""Bytes of a file's name on nearly every file system."""

_GLANCE_SECONDS: Final = 0.5
"""Who only asks whether a folder is locked holds its lock for an instant, which must not pass for an owner."""

_SHOWN: Final = 40
"""Characters of a wrong value."""


@contextmanager
def clear_output_errors(folder: Path, option: str) -> Iterator[None]:
    """Say which folder cannot be written to, and which option names another.

    Raises:
        OutputError: In place of an `OSError` because the folder is read-only, full, or not a folder.
    """
    reasons = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the disk quota is used up",
        errno.EROFS: "the file system is read-only",
        errno.EACCES: "it is not writable for you",
        errno.EPERM: "it is not writable for you",
        errno.EEXIST: "a file of that name is in the way",
        errno.ENOTDIR: "a file is where a folder should be",
        errno.ENOENT: "it cannot be created",
        errno.ELOOP: "it is a loop of symbolic links",
        errno.ENAMETOOLONG: "its name is longer than the file system takes",
        errno.EFBIG: "a file would be larger than is allowed",
    }
    try:
        yield
    except OSError as error:
        if isinstance(error, OutputError) or error.errno not in reasons:
            raise
        too_large = error.errno == errno.EFBIG
        way_out = "raise that with ulimit -f" if too_large else f"choose another with {option}=DIR"
        raise OutputError(f"cannot write to {folder}: {reasons[error.errno]}; {way_out}") from error


def check_writable(folder: Path, option: str) -> None:
    """Make the folder, and write something there that is gone again.

    Raises:
        OutputError: As `clear_output_errors`.
    """
    with clear_output_errors(folder, option):
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder) as file:
            file.write(b"\0")


def check_utf8(path: Path) -> None:
    """Refuse a path that no file, page or figure could name; on Linux, names are bytes and need not be text.

    Raises:
        DataError: It is not UTF-8.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise DataError(f"the path {str(path)!a} is not UTF-8: rename the file or folder") from error


def shorten_name(name: str, longest: int = LONGEST_NAME) -> str:
    """Make a name one that the file system takes: one that is too long is cut, and ends in a hash of the whole.

    Args:
        name: Of a file or folder.
        longest: Bytes.
    """
    content = name.encode("utf-8", "surrogateescape")
    if len(content) <= longest:
        return name
    digest = hashlib.sha256(content).hexdigest()[:8]
    return f"{content[: longest - len(digest) - 1].decode('utf-8', 'ignore')}-{digest}"


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then rename it: readers see the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            write(file)
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        # What stops `torch.save`, be it a full disk or a signal, it follows by a complaint of its own of a short file.
        if isinstance(error, RuntimeError) and error.__context__ is not None:
            raise error.__context__ from None
        raise


def remove_parts(folder: Path) -> None:
    """Delete what killed processes left half-written; the caller holds the folder's lock, so nobody else is at it."""
    for part in folder.glob(".*.part"):
        part.unlink()


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    write_atomically(path, lambda file: file.write(text.encode()))


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a heading and rows as UTF-8 CSV, atomically; None becomes an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_text(path, text.getvalue())


def write_json(path: Path, value: Any) -> None:
    """Write plain values as indented JSON, atomically; NaN is refused, for other readers choke on it."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read one JSON file whose content nobody needs to check.

    Raises:
        FileNotFoundError: There is none.
        DamagedFileError: It cannot be read, or is no JSON; says why.
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
    """Read what was computed before, or compute it and keep it for the next time.

    Args:
        path: Where it is kept, with a digest: what was changed since it was written is computed anew.
        kind: Of the record, as `read_record`.
        compute: Gives it.
    """
    try:
        memo = read_record(path, _Memo)
        if memo.sha256 == _hash(memo.value):
            return parse_record(memo.value, kind)
    except (OSError, ValueError):
        pass  # there is none, or it is damaged
    record = compute()
    with suppress(OSError):  # a prepared cache may lie on a read-only disk; then each run looks anew
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
    """Read a JSON file.

    Keys that the dataclass does not have are left out, so that files of later releases can be read.

    Args:
        path: Of the file.
        kind: A dataclass, its fields dataclasses, containers and plain values; a field with a default may be missing.
            Numbers are `pydantic.FiniteFloat`, for JSON has no NaN. Or a container, such as `dict[str, str]`.

    Raises:
        FileNotFoundError: There is none.
        DamagedFileError: It cannot be read, is no JSON, or a value is not what its field is declared to be.
    """
    with _clear_read_errors(path):
        content = path.read_bytes()
    try:
        record: Record = _validate(kind, lambda adapter: adapter.validate_json(content, strict=True))
    except ValueError as error:
        raise DamagedFileError(f"{path} is damaged ({error})") from error
    return record


def parse_record(values: Any, kind: type[Record]) -> Record:
    """Check plain values, such as a checkpoint holds, against a dataclass.

    Raises:
        ValueError: A value is not what its field is declared to be; the message says which.
    """
    record: Record = _validate(kind, lambda adapter: adapter.validate_python(values))
    return record


def check_plain(values: Any, kind: type[Any]) -> None:
    """Hold plain values against a dataclass as strictly as a file.

    Raises:
        ValueError: A value is missing, or not what its field is declared to be; the message says which.
    """
    content = json.dumps(values)
    _validate(kind, lambda adapter: adapter.validate_json(content, strict=True))


def to_plain_record(record: Any) -> dict[str, Any]:
    """Turn a dataclass into dictionaries, lists and plain values, ready for JSON."""
    kind: Any = type(record)
    plain: dict[str, Any] = _build_adapter(kind).dump_python(record, mode="json")
    return plain


def write_record(path: Path, record: Any) -> None:
    """Write a dataclass as JSON.

    Raises:
        OutputError: The folder cannot be written to.
    """
    kind: Any = type(record)
    write_text(path, _build_adapter(kind).dump_json(record, indent=2).decode() + "\n")


def _validate(kind: Any, check: "Callable[[TypeAdapter[Any]], Any]") -> Any:
    """Check against a dataclass.

    Raises:
        ValueError: Says which value is wrong.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - takes long to import, and --help checks nothing

    try:
        return check(_build_adapter(kind))
    except ValidationError as error:
        raise ValueError(_describe(error)) from error


@cache  # to build one takes milliseconds, to read a file far less
def _build_adapter(kind: Any) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter  # noqa: PLC0415 - as above

    return TypeAdapter(kind)


def _describe(error: "ValidationError") -> str:
    """Name the first wrong value and what it should have been."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "its content"
    if first["type"] == "missing":
        return f"{place} is missing"
    if first["type"] == "value_error":  # of a check of our own, which names the part
        return f"{place}.{first['ctx']['error']}"
    found = repr(first["input"])
    found = found if len(found) <= _SHOWN else f"{found[:_SHOWN]} ..."
    return f"{place} is {found}: {first['msg'][:1].lower()}{first['msg'][1:]}"


@contextmanager
def lock_folder(
    folder: Path, *, busy: str = "", wait: bool = True, on_wait: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Hold the folder's lock; it is freed by the operating system when the process dies.

    Args:
        folder: Must exist.
        busy: The message when another process holds it and `wait` is False.
        wait: Wait for the other process, or raise at once.
        on_wait: Called once before waiting.

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
