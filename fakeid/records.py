"""JSON files whose schema is a dataclass: read with every value checked, written whole or not at all."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from fakeid.errors import DamagedFileError
from fakeid.files import write_text

Record = TypeVar("Record")

_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}

_SHOWN = 40  # characters of a wrong value


def read_record(path: Path, kind: type[Record]) -> Record:
    """Read a JSON file.

    Keys that the dataclass does not have are left out, so that files of later releases can be read.

    Args:
        path: Of the file.
        kind: A dataclass, its fields dataclasses, containers and plain values; a field with a default may be missing.
            Numbers are `pydantic.FiniteFloat`, for JSON has no NaN.

    Raises:
        FileNotFoundError: There is none.
        DamagedFileError: It cannot be read, is no JSON, or a value is not what its field is declared to be.
    """
    try:
        record: Record = _build_adapter(kind).validate_json(path.read_bytes(), strict=True)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DamagedFileError(f"{path} cannot be read ({error.strerror or error})") from error
    except ValidationError as error:
        raise DamagedFileError(f"{path} is damaged ({_describe(error)})") from error
    return record


def parse_record(values: Any, kind: type[Record]) -> Record:
    """Check plain values, such as a checkpoint holds, against a dataclass.

    Raises:
        ValueError: A value is not what its field is declared to be; the message says which.
    """
    try:
        record: Record = _build_adapter(kind).validate_python(values)
    except ValidationError as error:
        raise ValueError(_describe(error)) from error
    return record


def check_plain(values: Any, kind: type[Any]) -> None:
    """Hold plain values against a dataclass as strictly as a file.

    Raises:
        ValueError: A value is missing, or not what its field is declared to be; the message says which.
    """
    try:
        _build_adapter(kind).validate_json(to_json(values, inf_nan_mode="constants"), strict=True)
    except ValidationError as error:
        raise ValueError(_describe(error)) from error


def to_plain_record(record: Any) -> dict[str, Any]:
    """Turn a dataclass into dictionaries, lists and plain values, ready for JSON."""
    plain: dict[str, Any] = _build_adapter(type(record)).dump_python(record, mode="json")
    return plain


def write_record(path: Path, record: Any) -> None:
    """Write a dataclass as JSON.

    Raises:
        OutputError: The folder cannot be written to.
    """
    write_text(path, _build_adapter(type(record)).dump_json(record, indent=2).decode() + "\n")


def _build_adapter(kind: Any) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)  # takes milliseconds, reading a file far less
    return _ADAPTERS[kind]


def _describe(error: ValidationError) -> str:
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
