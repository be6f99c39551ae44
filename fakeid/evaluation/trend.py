"""Does a number rise with the number of categories?"""

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import linregress
from scipy.stats import t as student_t

from fakeid.evaluation.intervals import CONFIDENCE


@dataclass(frozen=True)
class Trend:
    """A straight line through runs.

    Attributes:
        slope: Change of the number for one more category.
        low: Lower bound of its 95 % interval, None with two runs, which any line fits.
        high: Upper bound.
        num_runs: How many runs.
    """

    slope: float
    low: float | None
    high: float | None
    num_runs: int


def fit_trend(categories: Sequence[float], values: Sequence[float]) -> Trend | None:
    """Least squares over runs, each run one point, with Student's interval of the slope.

    The interval rests on the scatter of the runs around the line, so it holds what another seed would change; it takes
    the scatter to be alike everywhere, and the rise to be straight. All runs share test images, which it does not know.

    Args:
        categories: (n,), the number of training categories of each run.
        values: (n,), finite.

    Returns:
        None where all runs have the same number of categories.
    """
    if len(set(categories)) < 2:
        return None
    line = linregress(categories, values)
    freedom = len(values) - 2
    if freedom == 0:
        return Trend(float(line.slope), None, None, len(values))
    error = 0.0 if len(set(values)) == 1 else line.stderr  # scipy calls the error of a flat line undefined
    margin = float(student_t.ppf((1 + CONFIDENCE) / 2, freedom) * error)
    return Trend(float(line.slope), float(line.slope) - margin, float(line.slope) + margin, len(values))
