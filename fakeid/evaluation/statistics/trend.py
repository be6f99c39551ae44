"""Fit trends: does a number rise with the number of categories?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fakeid.evaluation.ranking import Floats
from fakeid.evaluation.statistics.paired_tests import find_margin, measure_scatter


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


def fit_trend(
    categories: Sequence[float], values: Sequence[float], images: npt.ArrayLike | None = None
) -> Trend | None:
    """Fit a line by least squares over runs, each run one point, with the 95 % interval of the slope.

    The scatter of the runs around the line says what further trainings would change; it is taken to be alike
    everywhere, and the rise to be straight. All runs share test images, which move the line as a whole: that is in
    the interval where `images` is given (see `fakeid.evaluation.statistics.paired_tests`).

    Args:
        categories: (n,), the number of training categories of each run.
        values: (n,), finite, their means over images.
        images: (n, images), what each run has on each image, the same images in each row.

    Returns:
        None where all runs have the same number of categories.
    """
    if len(set(categories)) < 2:
        return None
    x, y = np.asarray(categories, dtype=np.float64), np.asarray(values, dtype=np.float64)
    weights = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    slope = float(weights @ y)
    freedom = len(y) - 2
    if freedom == 0:
        return Trend(slope, None, None, len(y))
    residuals = y - y.mean() - slope * (x - x.mean())
    of_runs = float(residuals @ residuals) / freedom * float(weights @ weights)
    of_images = 0.0 if images is None else _measure_shared(x, weights, np.asarray(images, dtype=np.float64))
    margin = find_margin(of_runs, freedom, of_images)
    return Trend(slope, slope - margin, slope + margin, len(y))


def _measure_shared(x: Floats, weights: Floats, images: Floats) -> float:
    """Measure the variance of the slope that images cause in all runs alike; what they do to single runs is scatter.

    Where no number of categories has two runs, the two cannot be told apart, and the images count in full.
    """
    num_images = images.shape[1]
    if num_images < 2:
        return 0.0
    of_slope = float((weights @ images).var(ddof=1)) / num_images
    groups = [images[x == number] for number in np.unique(x)]
    own = [measure_scatter(group.mean(axis=1), [group]).of_own_images for group in groups if len(group) > 1]
    own_of_slope = float(weights @ weights) * float(np.mean(own or [0.0]))
    return float(max(0.0, of_slope - own_of_slope))
