"""What an option is, beside its default; `--help` shows it."""

from dataclasses import field
from typing import Any


def explained(default: Any, about: str) -> Any:
    """A field of a section, with the line that `--help` shows beside it."""
    if isinstance(default, list):
        return field(default_factory=default.copy, metadata={"help": about})
    return field(default=default, metadata={"help": about})
