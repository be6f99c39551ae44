"""Count what a reliability diagram shows: among images with about this P(fake), how many are fake?"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from fakeid.evaluation.intervals import wilson_interval
from fakeid.evaluation.probability_metrics import NUM_BINS, find_bins
from fakeid.evaluation.ranking import Floats, Labels
from fakeid.vocabulary import FAKE


@dataclass(frozen=True)
class ReliabilityBin:
    """The images whose P(fake) lies in (lower, upper]; the first bin also has those at 0.

    Attributes:
        lower: In [0, 1].
        upper: In [0, 1].
        num_images: How many.
        mean_p_fake: NaN in an empty bin, as all that follows.
        fake_share: Share of fakes among them, in [0, 1]; equal to `mean_p_fake` for a calibrated detector.
        low: Lower bound of Wilson's 95 % interval of the share.
        high: Upper bound.
    """

    lower: float
    upper: float
    num_images: int
    mean_p_fake: float
    fake_share: float
    low: float
    high: float


def tabulate_reliability(labels: Labels, logits: Floats, num_bins: int = NUM_BINS) -> list[ReliabilityBin]:
    """Tabulate the bins of `compute_ece`, from P(fake) = 0 up; all empty as soon as one logit is NaN.

    The ECE is the mean of |`mean_p_fake` - `fake_share`| over the images.

    Args:
        labels: (n,), 0 or 1.
        logits: (n,).
        num_bins: Of equal width.
    """
    if np.isnan(logits).any():
        labels, logits = labels[:0], logits[:0]
    p_fake = expit(logits)
    bins = find_bins(p_fake, num_bins)
    counts, fakes = (np.bincount(chosen, minlength=num_bins) for chosen in (bins, bins[labels == FAKE]))
    sums = np.bincount(bins, weights=p_fake, minlength=num_bins)
    edges = np.linspace(0, 1, num_bins + 1).tolist()
    table = []
    for i, (count, fake, total) in enumerate(zip(counts.tolist(), fakes.tolist(), sums.tolist(), strict=True)):
        mean, share = (total / count, fake / count) if count else (float("nan"), float("nan"))
        table.append(ReliabilityBin(edges[i], edges[i + 1], count, mean, share, *wilson_interval(fake, count)))
    return table
