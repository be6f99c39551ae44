"""Rates of the simulation as cells of tables, marked where they are clearly not what they should be."""

import math
from typing import Final, Literal, TypeAlias

import numpy as np
from scipy.stats import binomtest
from scipy.stats import t as student

from fakeid.evaluation.ranking import Floats
from fakeid.evaluation.statistics.intervals import CONFIDENCE
from fakeid.reporting.significance import LEVEL
from fakeid.reporting.table import Cell, Tone

CLEARLY: Final = 0.001
"""One-sided p-value below which a rate is marked; with some hundred rates, none would be by chance in most runs."""

Promise: TypeAlias = tuple[float, Literal["greater", "less"]]
"""A rate, and on which side of it the promise is broken."""

FALSE_CLAIMS: Final[Promise] = (LEVEL, "greater")
COVERAGE: Final[Promise] = (CONFIDENCE, "less")


def build_rate(flags: Floats | None, promise: Promise | None = None) -> Cell:
    """Build the cell of a share of ones, `Tone.BAD` where it clearly breaks its promise.

    Args:
        flags: 1 and 0, NaN where there was nothing to say; None is nothing at all.
        promise: None where nothing is promised.
    """
    known = _drop_unknown(flags)
    if not len(known):
        return Cell()
    hits = round(float(known.sum()))
    broken = promise and binomtest(hits, len(known), promise[0], alternative=promise[1]).pvalue < CLEARLY
    return Cell(float(known.mean()), tone=Tone.BAD if broken else None)


def build_mean(values: Floats | None, limit: float = math.inf) -> Cell:
    """Build the cell of a mean, `Tone.BAD` where it is clearly above its limit by Student's test."""
    known = _drop_unknown(values)
    if len(known) < 2:
        return Cell()
    mean, error = float(known.mean()), float(known.std(ddof=1)) / math.sqrt(len(known))
    above = mean - student.isf(CLEARLY, len(known) - 1) * error > limit
    return Cell(mean, tone=Tone.BAD if above else None)


def describe_error(trials: int, rate: float = LEVEL) -> str:
    """Such as `± 3.0 points`: two standard errors of a rate in so many draws."""
    return f"\N{PLUS-MINUS SIGN} {200 * math.sqrt(rate * (1 - rate) / trials):.1f} points"


def _drop_unknown(values: Floats | None) -> Floats:
    return np.empty(0) if values is None else values[~np.isnan(values)]
