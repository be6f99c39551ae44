"""How a value with its interval is written in tables and legends."""

from collections.abc import Mapping
from typing import Final

Estimate = Mapping[str, float | None]
"""`value`, `low` and `high` as a summary holds them, None where undefined."""

UNDEFINED: Final = "\N{EN DASH}"


def format_percent(number: float | None) -> str:
    """A share in [0, 1] as percent with one decimal, without the sign."""
    return UNDEFINED if number is None else f"{100 * number:.1f}"


def format_unit(number: float | None) -> str:
    """A number in [0, 1] with three decimals."""
    return UNDEFINED if number is None else f"{number:.3f}"


def format_percent_estimate(estimate: Estimate) -> str:
    """Such as `91.2 [89.9, 92.4]`, in percent."""
    return _join(*(format_percent(estimate[name]) for name in ("value", "low", "high")))


def format_unit_estimate(estimate: Estimate) -> str:
    """Such as `0.912 [0.899, 0.924]`."""
    return _join(*(format_unit(estimate[name]) for name in ("value", "low", "high")))


def _join(value: str, low: str, high: str) -> str:
    return value if low == UNDEFINED else f"{value} [{low}, {high}]"
