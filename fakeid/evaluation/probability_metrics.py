"""Metrics of P(fake), the logistic function of the logit: they punish a detector that is wrong and sure of it.

All of them depend on the share of fakes in the group, as P(fake) itself does.
"""

from typing import Final

import numpy as np
from scipy.special import expit

from fakeid.evaluation.ranking import Floats, Places, Ranking, divide

NUM_BINS: Final = 15
"""As in Guo et al. (2017)."""


def compute_nll(ranking: Ranking) -> Floats:
    """Negative log-likelihood of the labels, in nats an image: the loss that was trained, without weights.

    Computed from the logits as log(1 + exp(-margin)), so that nothing saturates: a wrong logit of 800 costs 800, a
    wrong infinite one makes the mean infinite.

    Returns:
        (...), at least 0; log 2 = 0.693 for a constant P(fake) = 0.5; NaN without images.
    """
    loss = np.logaddexp(0.0, -_margins(ranking))
    finite = loss < np.inf
    # Logits of 1e308 add up to infinity, though their mean is finite.
    largest = max(1.0, float(np.max(loss, initial=0.0, where=finite)))
    scaled = np.where(finite, loss, 0.0) / largest
    mean = divide(np.einsum("...n,n->...", ranking.repeats, scaled), ranking.repeats.sum(axis=-1))
    mean = np.minimum(mean, 1.0) * largest  # rounding must not carry it past the largest
    return np.where((ranking.repeats[..., ~finite] > 0).any(axis=-1), np.inf, mean)


def compute_brier(ranking: Ranking) -> Floats:
    """Mean of (P(fake) - label)²: (...) in [0, 1], 0.25 for a constant P(fake) = 0.5; NaN without images."""
    squares = expit(-_margins(ranking)) ** 2
    return divide(np.einsum("...n,n->...", ranking.repeats, squares), ranking.repeats.sum(axis=-1))


def compute_ece(ranking: Ranking) -> Floats:
    """Expected calibration error: how far P(fake) is from the share of fakes among the images that have it.

    In 15 bins of equal width, each closed above (Guo et al. 2017), the absolute difference of the mean P(fake) and the
    share of fakes, averaged over bins with their numbers of images (Naeini et al. 2015). In a binary task P(fake) is
    binned, as Naeini et al. and netcal do, and not the probability of the called class, as for many classes: a
    detector whose P(fake) is too high everywhere is too sure of fakes and not sure enough of reals, and in the
    latter bins the one would hide the other. Few images in a bin differ from P(fake) by chance, so that a perfectly
    calibrated detector has an ECE above 0.

    Returns:
        (...) in [0, 1], NaN where a class is absent: P(fake) is then no answer to any question.
    """
    if len(ranking.logits) == 0:
        return np.full(ranking.repeats.shape[:-1], np.nan)
    p_fake = expit(ranking.logits)
    bins = find_bins(p_fake)
    starts = np.flatnonzero(np.append(True, bins[1:] != bins[:-1]))  # falling logits fill one bin after the other
    gaps = np.add.reduceat(ranking.repeats * (p_fake - ranking.is_fake), starts, axis=-1)
    both = (ranking.num_fakes > 0) & (ranking.num_reals > 0)
    return divide(np.abs(gaps).sum(axis=-1), np.where(both, ranking.repeats.sum(axis=-1), 0.0))


def find_bins(p_fake: Floats, num_bins: int = NUM_BINS) -> Places:
    """The bin of each probability, from 0 up: bin i holds those in (i, i + 1] / num_bins, and the first also 0."""
    return np.searchsorted(np.linspace(0, 1, num_bins + 1)[1:-1], p_fake, side="left")


def _margins(ranking: Ranking) -> Floats:
    """How far each logit is on the right side: (n,)."""
    return np.where(ranking.is_fake == 1, ranking.logits, -ranking.logits)
