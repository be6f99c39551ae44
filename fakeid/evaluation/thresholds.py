"""Where to call an image fake: chosen on validation, with what few reals promise of new ones; or as an oracle."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.stats import beta, betabinom

from fakeid.evaluation.ranking import Floats, Labels, Ranking, divide, rank_images
from fakeid.evaluation.statistics.intervals import NOWHERE, Interval

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


Rule = Literal["false_alarms", "balanced_accuracy", "eer"]


@dataclass(frozen=True)
class Threshold:
    """A logit from which on an image is called fake, and what it does to the images that it was chosen on.

    Attributes:
        logit: NaN where none could be chosen: a class that the rule needs is absent, or a logit was NaN.
        rule: What it was chosen for.
        false_alarm_rate: Share of the reals called fake, in [0, 1].
        false_alarm_interval: 95 % bounds of the share of new reals that it calls fake, see `bound_rate`.
        fake_accuracy: Share of the fakes called fake, in [0, 1]; NaN without fakes.
        num_real: How many reals it was chosen on.
        num_fake: How many fakes.
        oracle: Whether it was chosen on the images that are tested with it. What it gives is then an upper bound that
            nobody reaches who does not know the answers, never a result.
    """

    logit: float
    rule: Rule
    false_alarm_rate: float
    false_alarm_interval: Interval
    fake_accuracy: float
    num_real: int
    num_fake: int
    oracle: bool = False


def choose_threshold(labels: Labels, logits: Floats, rule: Rule, false_alarm_rate: float = 0.05) -> Threshold:
    """Choose on scores that are not those to be tested: the validation split.

    - `false_alarms`: finds as many fakes as it can while on average at most `false_alarm_rate` of *new* reals are
      called fake: of the n reals here floor(`false_alarm_rate` (n + 1)) - 1 may be (`count_allowed`). Equal logits are
      called alike, so that with ties it can be less. Where reals are too few for the rate, none may be called fake.
      Fakes are not needed.
    - `balanced_accuracy`: the mean of real and fake accuracy is largest; of several that are equally good the middle
      one, which does better on new images than the highest.
    - `eer`: the shares of reals and of fakes called wrong differ least; of several the highest, which has the fewest
      false alarms.

    Args:
        labels: (n,), 0 or 1.
        logits: (n,).
        rule: One of the three.
        false_alarm_rate: In [0, 1]; for the first rule alone.
    """
    ranking = rank_images(labels, logits)
    num_real, num_fake = int((labels == 0).sum()), int((labels == 1).sum())
    called = _choose_cut(ranking, rule, false_alarm_rate)
    logit = float("nan") if called is None else _place(ranking.logits[ranking.last], called)
    fakes, reals = (float(count) for count in ranking.count_called(logit))
    interval = NOWHERE if np.isnan(reals) else bound_rate(int(reals), num_real)
    alarms, hits = (float(divide(np.array(a), np.array(b))) for a, b in ((reals, num_real), (fakes, num_fake)))
    return Threshold(logit, rule, alarms, interval, hits, num_real, num_fake)


def choose_oracle_threshold(labels: Labels, logits: Floats, rule: Rule, false_alarm_rate: float = 0.05) -> Threshold:
    """What `choose_threshold` would choose if it knew the tested images: marked by `oracle`, and no result."""
    return dataclasses.replace(choose_threshold(labels, logits, rule, false_alarm_rate), oracle=True)


def _choose_cut(ranking: Ranking, rule: Rule, false_alarm_rate: float) -> int | None:
    """How many of the distinct logits to call fake, from the highest down."""
    no_reals, no_fakes = not ranking.num_reals > 0, not ranking.num_fakes > 0  # NaN is neither
    if no_reals or (no_fakes and rule != "false_alarms"):
        return None
    # (t + 1,), after calling 0, 1, ... t of them fake. Whole numbers, for equal quotients are not always equal.
    fakes, reals = np.append(0.0, ranking.fakes), np.append(0.0, ranking.reals)
    if rule == "false_alarms":
        allowed = max(0, count_allowed(int(ranking.num_reals), false_alarm_rate))
        return int(np.count_nonzero(reals <= allowed)) - 1
    hits, false_alarms = fakes * ranking.num_reals, reals * ranking.num_fakes
    if rule == "balanced_accuracy":
        best = np.flatnonzero(hits - false_alarms == np.max(hits - false_alarms))
        return int(best[(len(best) - 1) // 2])
    return int(np.argmin(np.abs(false_alarms - (ranking.num_fakes * ranking.num_reals - hits))))


def _place(logits: Floats, called: int) -> float:
    """A threshold at or above which lie just the first `called` of the falling, distinct logits (t,)."""
    if called == len(logits):
        return float(logits[-1])
    below = float(logits[called])
    if called == 0:
        # Nothing lies above an infinite logit: it is called fake all the same.
        return math.nextafter(below, math.inf)
    above = float(logits[called - 1])
    middle = below if np.isinf(below) else below / 2 + above / 2
    return middle if below < middle <= above else above
