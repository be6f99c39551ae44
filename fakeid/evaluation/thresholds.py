"""Choose the threshold above which an image is called fake, on validation images, and bound its error on new ones."""

import math
from typing import Final, Literal

import numpy as np
from scipy.stats import beta, betabinom

from fakeid.evaluation.ranking import Floats, Labels, Ranking, rank_images

_ROUNDING: Final = 1e-9  # 0.29 * 100 is slightly below 29


def count_allowed(num_real: int, rate: float) -> int:
    """Count how many of n reals a threshold may call fake so that on average at most this share of new reals is.

    Args:
        num_real: n, the reals that the threshold is chosen on.
        rate: Wished for, in [0, 1].

    Returns:
        k = floor(rate * (n + 1)) - 1; -1 where so few reals cannot promise the rate, see `count_needed`.
    """
    return min(math.floor(rate * (num_real + 1) + _ROUNDING) - 1, num_real)


def count_needed(rate: float) -> int | None:
    """Count the fewest reals that can promise a rate in [0, 1]; None for 0, which no number can."""
    return math.ceil(1 / rate - 1 - _ROUNDING) if rate > 0 else None


def bound_rate(num_called: int, num_real: int) -> tuple[float, float]:
    """Bound the rate on new reals (95 %), where k of n were called fake: quantiles of Beta(k + 1, n - k)."""
    if num_called >= num_real:  # below all reals: only that it is above the share beyond the lowest is known
        return float(beta.ppf(0.025, max(num_real, 1), 1)) if num_real else 0.0, 1.0
    low, high = beta.ppf((0.025, 0.975), num_called + 1, num_real - num_called)
    return float(low), float(high)


def compute_surprise(num_called: int, num_tested: int, num_called_before: int, num_real: int) -> float:
    """Compute how often at least so many new reals are called fake where nothing has changed since validation.

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


Rule = Literal["false_positive_rate", "balanced_accuracy"]


def choose_threshold(labels: Labels, logits: Floats, rule: Rule, rate: float = 0.05) -> float:
    """Choose the logit from which on an image is called fake, on validation images and not on those to be tested.

    - `false_positive_rate`: finds as many fakes as it can while on average at most `rate` of *new* reals are called
      fake: of the n reals here floor(`rate` (n + 1)) - 1 may be (`count_allowed`). Equal logits are called alike, so
      that with ties it can be less. Where reals are too few for the rate, none may be called fake. It needs no fakes.
    - `balanced_accuracy`: the mean of real and fake accuracy is largest; of several that are equally good the middle
      one, which does better on new images than the highest.

    Args:
        labels: (n,), 0 or 1.
        logits: (n,).
        rule: One of the two.
        rate: In [0, 1]; for the first rule alone.

    Returns:
        Half way to the next logit; NaN where a class that the rule needs is absent, or a logit is NaN.
    """
    ranking = rank_images(labels, logits)
    called = _choose_cut(ranking, rule, rate)
    return math.nan if called is None else _place(ranking.logits[ranking.last], called)


def _choose_cut(ranking: Ranking, rule: Rule, rate: float) -> int | None:
    """Choose how many of the distinct logits to call fake, from the highest down."""
    no_reals, no_fakes = not ranking.num_reals > 0, not ranking.num_fakes > 0  # NaN is neither
    if no_reals or (no_fakes and rule != "false_positive_rate"):
        return None
    # (t + 1,), after calling 0, 1, ... t of them fake. Whole numbers, for equal quotients are not always equal.
    fakes, reals = np.append(0.0, ranking.fakes), np.append(0.0, ranking.reals)
    if rule == "false_positive_rate":
        allowed = max(0, count_allowed(int(ranking.num_reals), rate))
        return int(np.count_nonzero(reals <= allowed)) - 1
    lead = fakes * ranking.num_reals - reals * ranking.num_fakes
    best = np.flatnonzero(lead == np.max(lead))
    return int(best[(len(best) - 1) // 2])


def _place(logits: Floats, called: int) -> float:
    """Place a threshold at or above which lie just the first `called` of the falling, distinct logits (t,)."""
    if called == len(logits):
        return float(logits[-1])
    below = float(logits[called])
    if called == 0:
        # Nothing lies above an infinite logit: it is called fake all the same.
        return math.nextafter(below, math.inf)
    above = float(logits[called - 1])
    middle = below if np.isinf(below) else (below + above) / 2
    return middle if below < middle <= above else above
