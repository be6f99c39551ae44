"""Rates of the simulation as table cells, marked where they clearly break their promise."""

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
"""One-sided p-value below which a rate is marked; among a few hundred rates, usually none is marked by chance."""

Promise: TypeAlias = tuple[float, Literal["greater", "less"]]
"""A promised rate, and the side on which the promise is broken."""

FALSE_CLAIMS: Final[Promise] = (LEVEL, "greater")
COVERAGE: Final[Promise] = (CONFIDENCE, "less")


def build_rate(flags: Floats | None, promise: Promise | None = None) -> Cell:
    """Build the cell of a share of ones; it is `Tone.BAD` if it clearly breaks its promise.

    Args:
        flags: 1 or 0, NaN where undefined; None if there are none.
        promise: None if nothing is promised.
    """
    known = _drop_unknown(flags)
    if not len(known):
        return Cell()
    hits = round(float(known.sum()))
    broken = promise and binomtest(hits, len(known), promise[0], alternative=promise[1]).pvalue < CLEARLY
    return Cell(float(known.mean()), tone=Tone.BAD if broken else None)


def build_mean(values: Floats | None, limit: float = math.inf) -> Cell:
    """Build the cell of a mean; it is `Tone.BAD` if it is clearly above its limit by Student's t-test."""
    known = _drop_unknown(values)
    if len(known) < 2:
        return Cell()
    mean, error = float(known.mean()), float(known.std(ddof=1)) / math.sqrt(len(known))
    above = mean - student.isf(CLEARLY, len(known) - 1) * error > limit
    return Cell(mean, tone=Tone.BAD if above else None)


def describe_error(trials: int, rate: float = LEVEL) -> str:
    """Describe two standard errors of a rate over this many draws, such as `± 3.0 points`."""
    return f"\N{PLUS-MINUS SIGN} {200 * math.sqrt(rate * (1 - rate) / trials):.1f} points"


def _drop_unknown(values: Floats | None) -> Floats:
    return np.empty(0) if values is None else values[~np.isnan(values)]
