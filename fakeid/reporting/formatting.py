"""Format values and estimates for all tables, sentences and figures."""

import math
from collections.abc import Callable, Sequence
from typing import Final

from fakeid.evaluation.records.results import Estimate
from fakeid.reporting.table import Cell, Form, Value

UNDEFINED: Final = "\N{EN DASH}"
"""Text for a number that is undefined."""

PERCENT_SIGN: Final = "\N{NO-BREAK SPACE}%"

_LEAST_P: Final = 0.0001
_LARGE: Final = 1e4


def _format_unit(number: float) -> str:
    return f"{number:.3f}" if abs(number) < _LARGE else f"{number:.2g}"


def _format_p(number: float) -> str:
    if number < _LEAST_P:
        return f"< {_LEAST_P}"
    return f"{number:.4f}" if number < 0.01 else f"{number:.2f}"


_FORMATS: Final[dict[Form, Callable[[float], str]]] = {
    Form.TEXT: str,
    Form.CODE: str,
    Form.DIGITS: str,
    Form.COUNT: lambda number: f"{number:,}",
    Form.PERCENT: lambda number: f"{100 * number:.1f}",
    Form.UNIT: _format_unit,
    Form.POINTS: lambda number: f"{100 * number:+.1f}",
    Form.UNITS: lambda number: f"{number:+.3f}",
    Form.SLOPE: lambda number: f"{100 * number:+.2f}",
    Form.P_VALUE: _format_p,
    Form.NUMBER: lambda number: f"{number:.1f}",
    Form.RATE: lambda number: f"{number:.0f}",
}


def format_number(number: float | None, form: Form) -> str:
    """Format one number, or return `UNDEFINED` for None and NaN."""
    return UNDEFINED if number is None or math.isnan(number) else _FORMATS[form](number)


def format_count(count: int, noun: str, plural: str = "") -> str:
    """Format a count with its noun, such as `1 run` or `2 runs`; pass irregular plurals, as for `2 categories`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def format_seconds(seconds: float) -> str:
    """Format an approximate duration, such as `40 seconds`, `12 minutes` or `2.5 hours`."""
    if seconds < 90:
        return format_count(round(seconds), "second")
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def join_words(words: Sequence[str]) -> str:
    """Join words or phrases as `a, b and c`."""
    *others, last = words
    return " and ".join([*([", ".join(others)] if others else []), last])


def format_bounds(estimate: Estimate, form: Form, between: str = ", ") -> str:
    """Format the bounds of an interval, such as `89.9, 92.4`, or return an empty string if there is none."""
    if not estimate.has_interval:
        return ""
    return f"{format_number(estimate.low, form)}{between}{format_number(estimate.high, form)}"


def format_estimate(estimate: Estimate, form: Form) -> str:
    """Format a number with its interval, such as `91.2 [89.9, 92.4]`, or bounds alone, such as `89.9 to 92.4`."""
    if estimate.value is None and estimate.has_interval:
        return format_bounds(estimate, form, " to ")
    bounds = format_bounds(estimate, form)
    value = format_number(estimate.value, form)
    return f"{value} [{bounds}]" if bounds else value


def format_share(share: Estimate | float | None) -> str:
    """Format a share in [0, 1] for a sentence, such as `91.2 % [89.9, 92.4]`."""
    estimate = share if isinstance(share, Estimate) else Estimate(share)
    bounds = format_bounds(estimate, Form.PERCENT)
    return f"{format_number(estimate.value, Form.PERCENT)}{PERCENT_SIGN}" + (f" [{bounds}]" if bounds else "")


def format_value(value: Value, form: Form) -> str:
    """Format the value of a cell; text is returned unchanged in every column."""
    if isinstance(value, Estimate):
        return format_estimate(value, form)
    return value if isinstance(value, str) else format_number(value, form)


def format_cell(cell: Cell, form: Form) -> str:
    """Format a cell on one line with its mark and note, or explain what it lacks if its value is undefined."""
    text = format_value(cell.value, form)
    note = f" ({cell.note})" if cell.note else ""
    return (cell.lack if cell.lack and text == UNDEFINED else text + cell.mark) + note
