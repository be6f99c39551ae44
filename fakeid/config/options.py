"""Declare what an option is and what it affects, once beside its default; other modules derive the rest."""

import dataclasses
import re
from enum import Enum
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

Affects: TypeAlias = Literal["data", "network", "training", "evaluation", "speed", "place", "command"]

AFFECTS: Final[dict[Affects, str]] = {
    "data": "which images a run uses, and their pixels",
    "network": "the layers of the network and their initial weights",
    "training": "how the network is trained, and how the run's own test scores it",
    "evaluation": "what else is measured; the run stays the same",
    "speed": "how fast a run is; results agree up to rounding",
    "place": "where files and logs are read and written",
    "command": "what this one command does",
}
"""What an option can affect. The first three determine the results of a run and therefore its name."""

RESULTS: Final[tuple[Affects, ...]] = ("data", "network", "training")
"""Kinds of options in which two runs must agree to be the same run."""

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
    """Declare a field of the schema; everything else that depends on the option is derived from this.

    Args:
        default: Value if nobody sets the option.
        about: Description shown by `--help`; if empty, the first line of the docstring of its type.
        affects: Key of `AFFECTS`.
        at_least: Lowest value allowed; None for no limit.
        axis: Whether sweeps vary the option, which makes it a column and a tag in W&B.
        budget: Whether the option limits what a training may spend; trainings of different budgets are not ranked.
        timed: Whether its value changes the time of a step; `on` if only zero or nonzero matters.
        quiet: Whether its default stays out of the digest of a run's name. Options that are added later need this, so
            that finished runs keep their names.
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
    """One option of the schema; see `option` for the attributes not listed here.

    Attributes:
        path: Name as it is typed, such as `optim.epochs`.
        kind: Type of the value.
        default: Value if nobody sets the option.
        values: Names that can be typed; empty if the value is not one of a list of names.
        help: Description of the option.
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
        """Name of the option as an axis: the last part of its path, or the group, such as `color` for `color.name`."""
        return self.path.removesuffix(".name").rpartition(".")[2]


def list_options(schema: Any) -> tuple[Option, ...]:
    """List the options of a dataclass and of its nested dataclasses, in the order of their fields."""
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
    """Return the description of an option or a section: its own, or the first line of its type's docstring."""
    return entry.metadata.get("help") or _first_line(entry.type)


_PLAIN_TEXT: Final = re.compile(r"[A-Za-z_./][A-Za-z0-9_./-]*")
_WORDS: Final = frozenset({"null", "true", "false", "nan", "inf"})  # words that Hydra does not read as text


def write_value(value: Any) -> str:
    """Format the value of an option so that Hydra's grammar reads it back, quoting text if necessary."""
    if value is None:
        return "null"
    if isinstance(value, Enum):
        value = value.name
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join(write_value(entry) for entry in value)}]"
    if _PLAIN_TEXT.fullmatch(value) and value.lower() not in _WORDS:
        return str(value)
    # Only backslashes before a quote, or at the end, are special.
    escaped = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), value)
    return f"'{escaped}'"


def _list_values(kind: Any) -> tuple[str, ...]:
    if kind is bool:
        return ("true", "false")
    return tuple(member.value for member in kind) if isinstance(kind, type) and issubclass(kind, Enum) else ()


def _first_line(kind: Any) -> str:
    """Return the first line of a docstring as a description; names of choices are appended if it lacks any."""
    line: str = kind.__doc__.partition("\n")[0].replace("`", "").removesuffix(".")
    line = line[0].lower() + line[1:]  # like all descriptions; none begins with a proper name
    names = [member.value for member in kind] if issubclass(kind, Enum) else []
    return line if all(re.search(rf"\b{name}\b", line) for name in names) else f"{line} ({', '.join(names)})"
