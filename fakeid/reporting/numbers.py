"""How a value with its interval is written in tables and legends."""

import math
from typing import Final

from fakeid.evaluation.records.results import UNKNOWN
from fakeid.evaluation.records.results import Estimate as Estimate  # noqa: PLC0414 - read from here by others
from fakeid.evaluation.statistics.paired_tests import Difference
from fakeid.evaluation.statistics.trend import Trend

NO_ESTIMATE: Final = UNKNOWN

UNDEFINED: Final = "\N{EN DASH}"


def format_percent(number: float | None) -> str:
    """A share in [0, 1] as percent with one decimal, without the sign."""
    return UNDEFINED if number is None else f"{100 * number:.1f}"


def format_unit(number: float | None) -> str:
    """A number in [0, 1] with three decimals; larger ones, such as a likelihood may be, in as much room."""
    if number is None:
        return UNDEFINED
    return f"{number:.3f}" if abs(number) < 1e4 else f"{number:.2g}"


def format_percent_estimate(estimate: Estimate) -> str:
    """Such as `91.2 [89.9, 92.4]`, in percent."""
    return _join(*(format_percent(estimate[name]) for name in ("value", "low", "high")))


def format_unit_estimate(estimate: Estimate) -> str:
    """Such as `0.912 [0.899, 0.924]`."""
    return _join(*(format_unit(estimate[name]) for name in ("value", "low", "high")))


def format_next(estimate: Estimate) -> str:
    """Where one more run lands, in percent, such as `81.2 to 95.0`."""
    low, high = estimate["next_low"], estimate["next_high"]
    return UNDEFINED if low is None or high is None else f"{format_percent(low)} to {format_percent(high)}"


def _join(value: str, low: str, high: str) -> str:
    return value if low == UNDEFINED else f"{value} [{low}, {high}]"


def format_points(difference: Difference) -> str:
    """A difference of shares in percentage points, such as `+3.4 [+1.2, +5.6]`."""
    if math.isnan(difference.value):
        return UNDEFINED
    value, low, high = (f"{100 * number:+.1f}" for number in (difference.value, difference.low, difference.high))
    return _join(value, low, high)


def format_units(difference: Difference) -> str:
    """The same of numbers in [0, 1], such as `+0.034 [+0.012, +0.056]`."""
    if math.isnan(difference.value):
        return UNDEFINED
    return _join(*(f"{number:+.3f}" for number in (difference.value, difference.low, difference.high)))


def format_p(p_value: float) -> str:
    """A p-value with as many digits as mean something."""
    if math.isnan(p_value):
        return UNDEFINED
    return "< 0.0001" if p_value < 0.0001 else f"{p_value:.4f}" if p_value < 0.01 else f"{p_value:.2f}"


def format_slope(trend: Trend | None) -> str:
    """Percentage points for one more category, such as `+1.2 [+0.3, +2.1]`."""
    if trend is None:
        return UNDEFINED
    value = f"{100 * trend.slope:+.2f}"
    if trend.low is None or trend.high is None:
        return value
    return _join(value, f"{100 * trend.low:+.2f}", f"{100 * trend.high:+.2f}")
