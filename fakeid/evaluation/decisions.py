"""Metrics of the calls that a threshold makes: an image is called fake from that logit on."""

from fakeid.evaluation.calls import HALF
from fakeid.evaluation.ranking import Floats, Ranking, divide


def compute_accuracy(ranking: Ranking, threshold: float = HALF) -> Floats:
    """Share of images called right: (...), NaN without images."""
    fakes, reals = ranking.count_called(threshold)
    return divide(fakes + (ranking.num_reals - reals), ranking.num_fakes + ranking.num_reals)


def compute_real_accuracy(ranking: Ranking, threshold: float = HALF) -> Floats:
    """Share of the real images called real, the true negative rate: (...), NaN without reals."""
    return divide(ranking.num_reals - ranking.count_called(threshold)[1], ranking.num_reals)


def compute_fake_accuracy(ranking: Ranking, threshold: float = HALF) -> Floats:
    """Share of the fake images called fake, the true positive rate or recall: (...), NaN without fakes."""
    return divide(ranking.count_called(threshold)[0], ranking.num_fakes)


def compute_balanced_accuracy(ranking: Ranking, threshold: float = HALF) -> Floats:
    """Mean of real and fake accuracy, 0.5 for any constant call: (...), NaN where a class is absent."""
    return (compute_real_accuracy(ranking, threshold) + compute_fake_accuracy(ranking, threshold)) / 2
