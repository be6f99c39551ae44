"""Every option by its path, and every group with its choices: for help, completion and answers to typing mistakes."""

import dataclasses
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Final

from fakeid.config import Config

GROUPS: Final = (
    "data", "color", "residual", "augment", "model", "protocol", "optim", "trainer", "logger", "evaluation",
)  # fmt: skip
"""Those of `train.py`, in the order in which they are explained; `sweep.py` has `grid` as well."""

GRID: Final = "grid"

_CONF: Final = Path(__file__).resolve().parents[1] / "conf"


@dataclasses.dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        path: Such as `optim.epochs`.
        values: What can be typed, where that is a list of names.
    """

    path: str
    values: tuple[str, ...]


def list_options(schema: Any = Config, prefix: str = "") -> Iterator[Option]:
    """All options, in the order of the schema."""
    for entry in dataclasses.fields(schema):
        path, kind = prefix + entry.name, entry.type
        if dataclasses.is_dataclass(kind):
            yield from list_options(kind, f"{path}.")
        else:
            yield Option(path, _list_values(kind))


def list_choices(group: str) -> list[str]:
    """The presets of a group by name, `hsv` among those of `color`."""
    return sorted(path.stem for path in (_CONF / group).glob("*.yaml"))


def _list_values(kind: Any) -> tuple[str, ...]:
    if kind is bool:
        return ("true", "false")
    return tuple(member.value for member in kind) if isinstance(kind, type) and issubclass(kind, Enum) else ()
