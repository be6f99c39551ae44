"""Rates of the simulation as cells of tables: in percent, in bold where they are clearly not what they should be."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import binomtest
from scipy.stats import t as student

from fakeid.evaluation.intervals import CONFIDENCE
from fakeid.evaluation.metrics import Floats
from fakeid.reporting.formatting import UNDEFINED, format_number
from fakeid.reporting.judged import LEVEL
from fakeid.reporting.table import Form

CLEARLY: Final = 0.001
"""One-sided p-value below which a rate is in bold; with some hundred rates, none would be by chance in most runs."""


@dataclass(frozen=True)
class RateTable:
    """A table of text, ready to be printed and written.

    Attributes:
        title: One line.
        columns: Headings, of the rows' names first.
        rows: Cells, as long as the headings.
        note: What to read it with.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def write_claims(flags: Floats | None) -> str:
    """A rate of false claims: bold where it is clearly above 5 %."""
    return _write(flags, (LEVEL, "greater"))


def write_coverage(flags: Floats | None) -> str:
    """A rate of intervals that hold the truth: bold where it is clearly below 95 %."""
    return _write(flags, (CONFIDENCE, "less"))


def write_rate(flags: Floats | None) -> str:
    """A rate that nothing is promised of."""
    return _write(flags, None)


def write_mean_unit(values: Floats | None) -> str:
    """A mean of what is from 0 to 1, with three decimals."""
    known = _drop_unknown(values)
    return UNDEFINED if len(known) < 2 else format_number(float(known.mean()), Form.UNIT)


def write_mean(values: Floats | None, limit: float = math.inf) -> str:
    """A mean share in percent: bold where it is clearly above the limit, by Student's test."""
    known = _drop_unknown(values)
    if len(known) < 2:
        return UNDEFINED
    mean, error = float(known.mean()), float(known.std(ddof=1)) / math.sqrt(len(known))
    text = f"{100 * mean:.1f}"
    return f"**{text}**" if mean - student.isf(CLEARLY, len(known) - 1) * error > limit else text


def describe_error(trials: int, rate: float = LEVEL) -> str:
    """Such as `± 3.0 points`: two standard errors of a rate in so many draws."""
    return f"\N{PLUS-MINUS SIGN} {200 * math.sqrt(rate * (1 - rate) / trials):.1f} points"


def is_bold(cell: str) -> bool:
    """Whether a cell breaks its promise clearly."""
    return cell.startswith("**")


def render_rates_markdown(table: RateTable) -> str:
    """With the title above and the note below."""
    lines = [
        f"**{table.title}**",
        "",
        "| " + " | ".join(table.columns) + " |",
        "| --- " + "| ---: " * (len(table.columns) - 1) + "|",
        *("| " + " | ".join(row) + " |" for row in table.rows),
    ]
    return "\n".join([*lines, "", table.note] if table.note else lines)


def _write(flags: Floats | None, promise: tuple[float, str] | None) -> str:
    known = _drop_unknown(flags)
    if not len(known):
        return UNDEFINED
    text = f"{100 * known.mean():.1f}"
    if promise is None:
        return text
    hits, (rate, side) = round(float(known.sum())), promise
    broken = binomtest(hits, len(known), rate, alternative=side).pvalue < CLEARLY
    return f"**{text}**" if broken else text


def _drop_unknown(values: Floats | None) -> Floats:
    return np.empty(0) if values is None else values[~np.isnan(values)]
