"""What few validation reals promise of the false-positive rate on new ones, by exchangeability alone.

Where at most k of n reals lie at or above a threshold, the rate at which new reals of the same kind do is not above a
Beta(k + 1, n - k) variable, whatever the detector (Vovk 2012, "Conditional validity of inductive conformal
predictors"): its mean is (k + 1) / (n + 1). With ties the rate is lower.
"""

import math
from typing import Final

from scipy.stats import beta, betabinom

_ROUNDING: Final = 1e-9  # 0.29 * 100 is a hair below 29


def count_allowed(num_real: int, rate: float) -> int:
    """How many of n reals a threshold may call fake so that on average at most this share of new reals is.

    Args:
        num_real: n, the reals that the threshold is chosen on.
        rate: Wished for, in [0, 1].

    Returns:
        k = floor(rate * (n + 1)) - 1; -1 where so few reals cannot promise the rate, see `count_needed`.
    """
    return min(math.floor(rate * (num_real + 1) + _ROUNDING) - 1, num_real)


def count_needed(rate: float) -> int | None:
    """The least number of reals that can promise a rate in [0, 1]; None for 0, which no number can."""
    return math.ceil(1 / rate - 1 - _ROUNDING) if rate > 0 else None


def bound_rate(num_called: int, num_real: int) -> tuple[float, float]:
    """95 % bounds of the rate on new reals, where k of n were called fake: quantiles of Beta(k + 1, n - k)."""
    if num_called >= num_real:  # below all reals: only that it is above the share beyond the lowest is known
        return float(beta.ppf(0.025, max(num_real, 1), 1)) if num_real else 0.0, 1.0
    low, high = beta.ppf((0.025, 0.975), num_called + 1, num_real - num_called)
    return float(low), float(high)


def compute_surprise(num_called: int, num_tested: int, num_called_before: int, num_real: int) -> float:
    """How often at least so many new reals are called fake where nothing has changed since validation.

    The beta-binomial tail P(X >= x | m, k + 1, n - k): it holds both uncertainties, that of the m tested reals and that
    of the n on which the threshold was chosen.

    Args:
        num_called: x of the tested reals are called fake.
        num_tested: m.
        num_called_before: k of the validation reals are.
        num_real: n.

    Returns:
        A one-sided p-value in [0, 1].
    """
    if num_called_before >= num_real:
        return 1.0
    return float(betabinom.sf(num_called - 1, num_tested, num_called_before + 1, num_real - num_called_before))
