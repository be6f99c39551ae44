"""Few seeds, many comparisons: what the scatter of all comparisons says about each.

Two or three seeds estimate their scatter badly: by chance it comes out tiny somewhere, and nothing is left of a t test
with one or two degrees of freedom after a correction for a hundred comparisons. Smyth (2004, "Linear models and
empirical Bayes methods for assessing differential expression", section 6.2) draws each estimate towards the common one,
the harder the more alike they are.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.optimize import brentq
from scipy.special import digamma, polygamma

from fakeid.evaluation.paired import Difference, finish_difference

_FEWEST: Final = 6  # comparisons; fewer do not tell how alike their scatters are


def moderate_differences(
    differences: Sequence[Difference], alike: Sequence[Difference] | None = None
) -> list[Difference]:
    """Give each interval and p-value of several runs the scatter between runs of all of them as a prior.

    Args:
        differences: Of one table, by one metric. Those of single runs, and undefined ones, stay as they are, and so do
            all where there are fewer than six alike.
        alike: Whose scatter is the prior; None is all of them. Where it is given, nothing gets more degrees of freedom
            than they have together (as in Smyth's limma), for a dozen knows the common scatter only so well.
    """
    chosen = [d for d in (differences if alike is None else alike) if _has_scatter(d)]
    if len(chosen) < _FEWEST:
        return list(differences)
    freedoms = [d.num_runs - 1 for d in chosen]
    most = math.inf if alike is None else sum(freedoms)
    freedom, variance = fit_prior([d.between_runs for d in chosen], freedoms)
    return [_moderate(d, freedom, variance, most) if _has_scatter(d) else d for d in differences]


def fit_prior(variances: Sequence[float], freedoms: Sequence[float]) -> tuple[float, float]:
    """Degrees of freedom and variance of the scaled inverse chi-square distribution that the true variances have.

    By the moments of their logarithms.

    Args:
        variances: (n,), sample variances above 0.
        freedoms: (n,), their degrees of freedom.

    Returns:
        Infinite degrees of freedom where the variances differ by no more than chance.
    """
    half = np.asarray(freedoms, dtype=np.float64) / 2
    logarithms = np.log(variances) - digamma(half) + np.log(half)
    center = float(logarithms.mean())
    excess = float(logarithms.var(ddof=1) - polygamma(1, half).mean())
    if excess <= 1e-6:
        return math.inf, math.exp(center)
    prior_half = float(brentq(lambda x: polygamma(1, x) - excess, 1e-4, 1e7))
    return 2 * prior_half, math.exp(center + float(digamma(prior_half)) - math.log(prior_half))


def _has_scatter(difference: Difference) -> bool:
    return difference.num_runs > 1 and difference.between_runs > 0


def _moderate(difference: Difference, prior_freedom: float, prior_variance: float, most: float) -> Difference:
    own = difference.num_runs - 1
    variance = prior_variance
    if math.isfinite(prior_freedom):
        variance = (prior_freedom * prior_variance + own * difference.between_runs) / (prior_freedom + own)
    return finish_difference(dataclasses.replace(difference, between_runs=variance), min(prior_freedom + own, most))
