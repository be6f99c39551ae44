"""What a JSON file must look like before anything is computed from it.

A shape is a type; None; a `range` or a set, which the value must be in; a tuple of shapes, one of which must fit; a
list of one shape, which all entries must have; or a dict of shapes by key. There `"name?"` may be missing, and `str` is
the shape of all keys without one of their own, which are otherwise free. `float` takes whole numbers too, and nothing
infinite.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias

Shape: TypeAlias = Any

COUNT: Final = range(2**53)
"""Of images, epochs or processes."""

_LARGEST: Final = 1e308
_NAMES: Final[dict[Any, str]] = {
    None: "null", str: "text", float: "a number", bool: "true or false", dict: "an object", list: "a list",
}  # fmt: skip
_SHOWN: Final = 40  # characters of a wrong value


def find_fault(value: Any, shape: Shape, place: str = "") -> str | None:
    """Say what is wrong first with a value; None where it has the shape.

    Args:
        value: As `json.loads` gives it.
        shape: See above.
        place: Where the value stands, such as `groups.0.name`.
    """
    if isinstance(shape, tuple):
        faults = [find_fault(value, each, place) for each in shape]
        return None if None in faults else faults[-1]
    if not _fits(value, shape):
        found = repr(value)
        found = found if len(found) <= _SHOWN else f"{found[:_SHOWN]} ..."
        return f"{place or 'its content'} is {found} instead of {_name(shape)}"
    if isinstance(shape, dict):
        return _find_first(_list_entries(value, shape), place)
    if isinstance(shape, list):
        return _find_first(((str(at), entry, shape[0]) for at, entry in enumerate(value)), place)
    return None


def _fits(value: Any, shape: Shape) -> bool:
    """Whether the outermost part fits."""
    if shape is None:
        return value is None
    if isinstance(shape, (dict, list)):
        return isinstance(value, type(shape))
    if isinstance(shape, range):
        return isinstance(value, int) and not isinstance(value, bool) and value in shape
    if isinstance(shape, frozenset):
        return isinstance(value, str) and value in shape
    if shape is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= _LARGEST
    return isinstance(value, shape)


def _name(shape: Shape) -> str:
    if isinstance(shape, range):
        return f"a whole number from {shape.start}"
    if isinstance(shape, frozenset):
        return f"one of {', '.join(sorted(shape))}"
    kind = type(shape) if isinstance(shape, (dict, list)) else shape
    return _NAMES.get(kind, f"a {getattr(kind, '__name__', kind)}")


class _Missing:
    """Stands for a value that is not there."""


def _list_entries(value: dict[str, Any], shape: dict[Any, Shape]) -> Iterator[tuple[str, Any, Shape]]:
    """Each key that has a shape, its value, which may be `_Missing`, and the shape."""
    named = {key.removesuffix("?"): part for key, part in shape.items() if key is not str}
    for name, part in named.items():
        if name in value or name in shape:
            yield name, value.get(name, _Missing), part
    if str in shape:
        yield from ((name, entry, shape[str]) for name, entry in value.items() if name not in named)


def _find_first(entries: Iterable[tuple[str, Any, Shape]], place: str) -> str | None:
    for name, entry, shape in entries:
        where = f"{place}.{name}" if place else name
        fault = f"{where} is missing" if entry is _Missing else find_fault(entry, shape, where)
        if fault:
            return fault
    return None
