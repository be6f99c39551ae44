"""Correct the p-values of many comparisons at once."""

import math
from collections.abc import Hashable, Sequence


def correct_holm(p_values: Sequence[float]) -> list[float]:
    """Apply Holm's step-down correction (Holm 1979).

    Of the results below 0.05, the chance that even one is false is at most 0.05, however the tests depend on
    each other.

    Args:
        p_values: In [0, 1]; NaN for a test that could not be made, which does not count.

    Returns:
        One for each, in their order; NaN stays NaN.
    """
    corrected = [math.nan] * len(p_values)
    made = [i for i, p_value in enumerate(p_values) if not math.isnan(p_value)]
    highest = 0.0
    for rank, index in enumerate(sorted(made, key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(made) - rank) * p_values[index]))
        corrected[index] = highest
    return corrected


def correct_distinct(tests: Sequence[Hashable], p_values: Sequence[float]) -> list[float]:
    """Apply Holm's correction where a test may stand in several places; it counts once.

    Args:
        tests: What is tested; equal ones are the same test.
        p_values: One for each; of equal tests the first one's counts.
    """
    first = dict(zip(reversed(tests), reversed(p_values), strict=True))
    corrected = dict(zip(first, correct_holm(list(first.values())), strict=True))
    return [corrected[test] for test in tests]
