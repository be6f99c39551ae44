"""What an option is and what it affects, written once beside its default and read by whoever needs to know."""

import dataclasses
import re
from enum import Enum
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

Affects: TypeAlias = Literal["data", "network", "training", "evaluation", "speed", "place", "command"]

AFFECTS: Final[dict[Affects, str]] = {
    "data": "which images a run takes, and their pixels",
    "network": "the layers of the network and their first weights",
    "training": "how the network is trained, and how the run's own test scores it",
    "evaluation": "what is measured beside that; the run stays the same",
    "speed": "how fast it goes; results agree but for rounding",
    "place": "where files and logs are read and written",
    "command": "what this one command does",
}
"""What an option can affect. A run is named by the first three, which decide its results."""

RESULTS: Final[tuple[Affects, ...]] = ("data", "network", "training")
"""What two runs must have in common to be the same run."""

Timed: TypeAlias = Literal[False, True, "on"]


def option(
    default: Any,
    about: str = "",
    *,
    affects: Affects,
    at_least: float | None = None,
    axis: bool = False,
    budget: bool = False,
    timed: Timed = False,
    quiet: bool = False,
) -> Any:
    """Describe a field of the schema; everything else that depends on the option is derived from this.

    Args:
        default: Its value where nobody sets it.
        about: The line that `--help` shows beside it; without one, the first line of its type's docstring.
        affects: A key of `AFFECTS`.
        at_least: The lowest number that makes sense.
        axis: Whether sweeps vary it: a column and a tag in W&B.
        budget: Whether it is what a training may spend; trainings that spend differently are not ranked.
        timed: Whether a step takes another time with another value; `on`: whether it is 0 or not is all that matters.
        quiet: Whether its default stays out of the digest of a run's name. An option that is added gets this, so that
            finished runs keep their names.
    """
    metadata = {
        "help": about, "affects": affects, "at_least": at_least, "axis": axis, "budget": budget, "timed": timed,
        "quiet": quiet,
    }  # fmt: skip
    if isinstance(default, list):
        return dataclasses.field(default_factory=default.copy, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class Option:
    """One option of the schema; see `option` for what else is said of it.

    Attributes:
        path: As it is typed, such as `optim.epochs`.
        kind: Its type.
        default: Its value where nobody sets it.
        values: What can be typed, where that is a list of names.
        help: What it is.
    """

    path: str
    kind: Any
    default: Any
    values: tuple[str, ...]
    help: str
    affects: Affects
    at_least: float | None
    axis: bool
    budget: bool
    timed: Timed
    quiet: bool

    @property
    def column(self) -> str:
        """Its name as an axis: that of its group where it is the group's name, such as `color` for `color.name`."""
        return self.path.removesuffix(".name").rpartition(".")[2]


def list_options(schema: Any) -> tuple[Option, ...]:
    """List the options of a dataclass and of those within it, in the order of their fields."""
    return _list_options(schema)


@lru_cache(maxsize=64)
def _list_options(schema: Any) -> tuple[Option, ...]:
    found: list[Option] = []
    for entry in dataclasses.fields(schema):
        if dataclasses.is_dataclass(entry.type):
            inner = list_options(entry.type)
            found += [dataclasses.replace(each, path=f"{entry.name}.{each.path}") for each in inner]
            continue
        factory = entry.default_factory
        default = entry.default if factory is dataclasses.MISSING else factory()
        described = {**entry.metadata, "help": explain(entry)}
        found.append(Option(entry.name, entry.type, default, _list_values(entry.type), **described))
    return tuple(found)


def explain(entry: "dataclasses.Field[Any]") -> str:
    """Say what an option or a section is: what stands beside its default, or the first line of its type."""
    return entry.metadata.get("help") or _first_line(entry.type)


def _list_values(kind: Any) -> tuple[str, ...]:
    if kind is bool:
        return ("true", "false")
    return tuple(member.value for member in kind) if isinstance(kind, type) and issubclass(kind, Enum) else ()


def _first_line(kind: Any) -> str:
    """Take the first line of a section's or a choice's docstring, with the names that it leaves out."""
    line: str = kind.__doc__.partition("\n")[0].replace("`", "").removesuffix(".")
    line = line[0].lower() + line[1:]  # as beside the others; none begins with a name
    names = [member.value for member in kind] if issubclass(kind, Enum) else []
    return line if all(re.search(rf"\b{name}\b", line) for name in names) else f"{line} ({', '.join(names)})"
