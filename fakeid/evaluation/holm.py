"""p-values of many comparisons at once."""

import math
from collections.abc import Sequence


def correct_holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction (Holm 1979).

    Of the results below 0.05, the chance that even one is a false alarm is at most 0.05, however the tests depend on
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
