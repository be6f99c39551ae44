"""Choose the threshold of a detector on validation images, and bound its error on new images."""

import math
from typing import Final, Literal

import numpy as np
from scipy.stats import beta, betabinom

from fakeid.evaluation.ranking import Floats, Labels, Ranking, rank_images

_ROUNDING: Final = 1e-9  # 0.29 * 100 is slightly below 29


def count_allowed(num_real: int, rate: float) -> int:
    """Compute how many of n reals a threshold may call fake to keep a false-positive rate on new reals on average.

    Args:
        num_real: Number n of reals that the threshold is chosen on.
        rate: Target false-positive rate, in [0, 1].

    Returns:
        Largest allowed number k = floor(rate * (n + 1)) - 1; -1 if there are too few reals to promise the rate, see
        `count_needed`.
    """
    return min(math.floor(rate * (num_real + 1) + _ROUNDING) - 1, num_real)


def count_needed(rate: float) -> int | None:
    """Compute how many reals are needed to promise a rate in [0, 1]; None for 0, for which no number suffices."""
    return math.ceil(1 / rate - 1 - _ROUNDING) if rate > 0 else None


def bound_rate(num_called: int, num_real: int) -> tuple[float, float]:
    """Compute 95 % bounds of the rate on new reals if k of n were called fake: quantiles of Beta(k + 1, n - k)."""
    if num_called >= num_real:  # below all reals: only the share above the lowest real can be bounded
        return float(beta.ppf(0.025, max(num_real, 1), 1)) if num_real else 0.0, 1.0
    low, high = beta.ppf((0.025, 0.975), num_called + 1, num_real - num_called)
    return float(low), float(high)


def compute_surprise(num_called: int, num_tested: int, num_called_before: int, num_real: int) -> float:
    """Compute the probability that at least as many new reals are called fake if nothing has changed since validation.

    This is the beta-binomial tail P(X >= x | m, k + 1, n - k). It includes two uncertainties, that of the m tested
    reals and that of the n reals on which the threshold was chosen.

    Args:
        num_called: Number x of tested reals that are called fake.
        num_tested: Number m of tested reals.
        num_called_before: Number k of validation reals that are called fake.
        num_real: Number n of validation reals.

    Returns:
        One-sided p-value in [0, 1].
    """
    if num_called_before >= num_real:
        return 1.0
    return float(betabinom.sf(num_called - 1, num_tested, num_called_before + 1, num_real - num_called_before))


Rule = Literal["false_positive_rate", "balanced_accuracy"]


def choose_threshold(labels: Labels, logits: Floats, rule: Rule, rate: float = 0.05) -> float:
    """Choose the logit at or above which an image is called fake, on validation images and not on those to be tested.

    - `false_positive_rate`: The threshold finds as many fakes as possible while on average at most `rate` of *new*
      reals are called fake. Of the n reals given, floor(`rate` (n + 1)) - 1 may be called fake (`count_allowed`), or
      fewer with ties, because equal logits get the same call. If there are too few reals for the rate, none may be
      called fake. This rule needs no fakes.
    - `balanced_accuracy`: The threshold maximizes the mean of real and fake accuracy. Of ties it is the middle one,
      which does better on new images than the highest.

    Args:
        labels: Labels, (n,), 0 or 1.
        logits: Logits, (n,).
        rule: One of these two rules.
        rate: Target false-positive rate, in [0, 1]; used by the first rule only.

    Returns:
        Threshold halfway to the next lower logit; NaN if a class that the rule needs is absent, or any logit is NaN.
    """
    ranking = rank_images(labels, logits)
    called = _choose_cut(ranking, rule, rate)
    return math.nan if called is None else _place(ranking.logits[ranking.last], called)


def _choose_cut(ranking: Ranking, rule: Rule, rate: float) -> int | None:
    """Choose how many of the distinct logits to call fake, from the highest down."""
    no_reals, no_fakes = not ranking.num_reals > 0, not ranking.num_fakes > 0  # NaN is neither
    if no_reals or (no_fakes and rule != "false_positive_rate"):
        return None
    # (t + 1,), after calling 0, 1, ... t of them fake. Whole numbers, because equal quotients may differ by rounding.
    fakes, reals = np.append(0.0, ranking.fakes), np.append(0.0, ranking.reals)
    if rule == "false_positive_rate":
        allowed = max(0, count_allowed(int(ranking.num_reals), rate))
        return int(np.count_nonzero(reals <= allowed)) - 1
    lead = fakes * ranking.num_reals - reals * ranking.num_fakes
    best = np.flatnonzero(lead == np.max(lead))
    return int(best[(len(best) - 1) // 2])


def _place(logits: Floats, called: int) -> float:
    """Place a threshold so that exactly the first `called` of the falling, distinct logits (t,) are at or above it."""
    if called == len(logits):
        return float(logits[-1])
    below = float(logits[called])
    if called == 0:
        # No threshold lies above an infinite logit, so it is called fake all the same.
        return math.nextafter(below, math.inf)
    above = float(logits[called - 1])
    middle = below if np.isinf(below) else (below + above) / 2
    return middle if below < middle <= above else above
