"""Correct p-values for multiple comparisons."""

import math
from collections.abc import Hashable, Sequence


def correct_holm(p_values: Sequence[float]) -> list[float]:
    """Apply Holm's step-down correction (Holm 1979).

    The probability that even one of the results below 0.05 is a false positive is at most 0.05, however the tests
    depend on each other.

    Args:
        p_values: p-values in [0, 1]; NaN for a test that could not be made, which does not count.

    Returns:
        Corrected p-values in the same order; NaN stays NaN.
    """
    corrected = [math.nan] * len(p_values)
    made = [i for i, p_value in enumerate(p_values) if not math.isnan(p_value)]
    highest = 0.0
    for rank, index in enumerate(sorted(made, key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(made) - rank) * p_values[index]))
        corrected[index] = highest
    return corrected


def correct_distinct(tests: Sequence[Hashable], p_values: Sequence[float]) -> list[float]:
    """Apply Holm's correction to a list in which a test may occur several times; it counts once.

    Args:
        tests: Identities of the tests; equal ones are the same test.
        p_values: p-value of each test; the first one counts for equal tests.

    Returns:
        Corrected p-values in the same order.
    """
    first = dict(zip(reversed(tests), reversed(p_values), strict=True))
    corrected = dict(zip(first, correct_holm(list(first.values())), strict=True))
    return [corrected[test] for test in tests]
