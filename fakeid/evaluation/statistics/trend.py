"""Fit trends of a number over the number of training categories."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fakeid.evaluation.ranking import Floats
from fakeid.evaluation.statistics.paired_tests import find_margin, measure_scatter


@dataclass(frozen=True)
class Trend:
    """A straight line fitted to runs.

    Attributes:
        slope: Change of the number per additional category.
        low: Lower bound of the slope's 95 % interval; None with two runs, which a line always fits exactly.
        high: Upper bound of this interval; None with two runs.
        num_runs: Number of runs.
    """

    slope: float
    low: float | None
    high: float | None
    num_runs: int


def fit_trend(
    categories: Sequence[float], values: Sequence[float], images: npt.ArrayLike | None = None
) -> Trend | None:
    """Fit a line by least squares to runs, one point per run, with the 95 % interval of the slope.

    The scatter of the runs around the line tells how much further trainings would change it. The fit assumes that the
    scatter is the same everywhere and that the trend is linear. All runs share the test images, which move the line as
    a whole; the interval includes this effect if `images` is given (see
    `fakeid.evaluation.statistics.paired_tests`).

    Args:
        categories: Number of training categories of each run, (n,).
        values: Mean of each run over images, (n,), finite.
        images: Value of each run on each image, (n, images), with the same images in each row.

    Returns:
        Trend, or None if all runs have the same number of categories.
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
    """Estimate the variance of the slope due to images that affect all runs alike; other effects of images are scatter.

    If no number of categories has two runs, the two effects cannot be separated, and the images count in full.
    """
    num_images = images.shape[1]
    if num_images < 2:
        return 0.0
    of_slope = float((weights @ images).var(ddof=1)) / num_images
    groups = [images[x == number] for number in np.unique(x)]
    own = [measure_scatter(group.mean(axis=1), [group]).of_own_images for group in groups if len(group) > 1]
    own_of_slope = float(weights @ weights) * float(np.mean(own or [0.0]))
    return float(max(0.0, of_slope - own_of_slope))
