"""Names as they can be shown: file names on Linux are bytes, and need not be text."""

from typing import Any


def make_printable(value: Any) -> Any:
    r"""A copy of plain JSON values in which each text can be encoded: the byte E9 of a file name becomes `\udce9`."""
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {make_printable(name): make_printable(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [make_printable(held) for held in value]
    return value
