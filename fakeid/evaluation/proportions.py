"""95 % interval of a proportion."""

from typing import Final

from scipy.stats import binomtest

CONFIDENCE: Final = 0.95

Interval = tuple[float, float]

NOWHERE: Final[Interval] = (float("nan"), float("nan"))
"""The bounds of what has no interval."""


def wilson_interval(successes: int, trials: int) -> Interval:
    """Score interval of a proportion (Wilson 1927), sound for few trials and near 0 and 1.

    Returns:
        Lower and upper bound in [0, 1], around successes / trials; NaN without trials.
    """
    if trials == 0:
        return NOWHERE
    bounds = binomtest(successes, trials).proportion_ci(CONFIDENCE, method="wilson")
    # Rounding leaves the bound at 0 or 1 a hair inside.
    return min(float(bounds.low), successes / trials), max(float(bounds.high), successes / trials)
