"""What each image adds to an AUROC, and a 95 % interval that holds near 1, where a percentile bootstrap does not."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm, rankdata

from fakeid.evaluation.proportions import CONFIDENCE, NOWHERE, Interval, wilson_interval
from fakeid.evaluation.ranking import Floats, Labels
from fakeid.vocabulary import FAKE, REAL

_Z: Final = float(norm.ppf((1 + CONFIDENCE) / 2))
_HALVINGS: Final = 60


@dataclass(frozen=True, eq=False)
class Placements:
    """The structural components of an AUROC; both means are the AUROC itself.

    Attributes:
        fakes: (fakes,), share of the reals that score below each fake, ties counting half.
        reals: (reals,), share of the fakes that score above each real, likewise.
    """

    fakes: Floats
    reals: Floats


def compute_placements(labels: Labels, logits: Floats) -> Placements:
    """Compute them by midranks, in O(n log n) instead of comparing each fake with each real (Sun & Xu 2014).

    Args:
        labels: (n,), 0 or 1.
        logits: (n,), infinities included; one NaN makes everything NaN.

    Returns:
        In the order of the images within each class.
    """
    fakes, reals = logits[labels == FAKE], logits[labels == REAL]
    if np.isnan(logits).any() or not len(fakes) or not len(reals):
        return Placements(np.full(len(fakes), np.nan), np.full(len(reals), np.nan))
    among_all = rankdata(np.concatenate([fakes, reals]))  # midranks
    above = (among_all[: len(fakes)] - rankdata(fakes)) / len(reals)
    below = (among_all[len(fakes) :] - rankdata(reals)) / len(fakes)
    return Placements(above, 1 - below)


def auroc_interval(labels: Labels, logits: Floats) -> Interval:
    """Take the wider of two intervals on each side; of independent images.

    One is DeLong's on the logit of the AUROC: it estimates the variance from the images, so that it holds for any
    shape of the two distributions, but near 1 a few images carry all of the variance and it is too narrow. The other
    is Newcombe's method 5 (2006, "Confidence intervals for an effect size measure based on the Mann-Whitney
    statistic", part 2): the variance is that of two exponential distributions at each tried AUROC, which never
    vanishes, but may be wrong for other shapes. In simulations of normal, unequal, skewed and tied logits with AUROC
    0.75 to 0.999 and 50 to 1,000 images a class (50 against 500 among them) the wider of both covers 93 to 100 %,
    DeLong's alone 66 to 97 %, Newcombe's alone 83 to 100 %, and a percentile bootstrap 86 % at 0.995.

    An AUROC of exactly 0 or 1 gets Wilson's interval of m trials with one outcome, m being the images of the smaller
    class: m pairs of a real and a fake without a common image are m independent trials.

    Args:
        labels: (n,), 0 or 1.
        logits: (n,), infinities and ties included.

    Returns:
        Around the AUROC, in [0, 1]; NaN where a class is absent or a logit is NaN.
    """
    placements = compute_placements(labels, logits)
    # Sorted, so that rounding does not depend on the order of the images.
    fakes, reals = np.sort(placements.fakes), np.sort(placements.reals)
    num_fake, num_real = len(fakes), len(reals)
    if not num_fake or not num_real or np.isnan(fakes).any():
        return NOWHERE
    area = min(1.0, max(0.0, float(fakes.mean())))
    if area in (0.0, 1.0):
        trials = min(num_fake, num_real)
        return wilson_interval(round(area * trials), trials)
    bounds = [_bound_newcombe(area, num_real, num_fake)]
    if min(num_fake, num_real) > 1:  # the variance of a single image is not known
        variance = float(fakes.var(ddof=1) / num_fake + reals.var(ddof=1) / num_real)
        margin = _Z * math.sqrt(variance) / (area * (1 - area))
        bounds.append((float(expit(logit(area) - margin)), float(expit(logit(area) + margin))))
    lows, highs = zip(*bounds, strict=True)
    return min(*lows, area), max(*highs, area)


def _bound_newcombe(area: float, num_real: int, num_fake: int) -> Interval:
    """The least and the largest AUROC from which the found one is not further than z standard errors."""
    trials = (num_real + num_fake) / 2 - 1

    def is_near(tried: float) -> bool:
        spread = 1 + trials * ((1 - tried) / (2 - tried) + tried / (1 + tried))
        return abs(area - tried) <= _Z * math.sqrt(tried * (1 - tried) * spread / (num_real * num_fake))

    def search(far: float) -> float:
        near = area
        for _ in range(_HALVINGS):
            middle = (near + far) / 2
            near, far = (middle, far) if is_near(middle) else (near, middle)
        return near

    return search(0.0), search(1.0)
