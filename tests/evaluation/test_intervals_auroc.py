import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from fakeid.evaluation.statistics.intervals import auroc_interval, wilson_interval

logits = st.lists(st.integers(-4, 4), min_size=1, max_size=12)


def count_coverage(area: float, num_real: int, num_fake: int, spread: float, trials: int) -> float:
    """Return the coverage of the AUROC of two normal distributions, the fakes' `spread` times as wide."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [num_real, num_fake])
    center = norm.ppf(area) * np.hypot(1, spread)
    hits = 0
    for _ in range(trials):
        reals, fakes = rng.normal(0, 1, num_real), rng.normal(center, spread, num_fake)
        low, high = auroc_interval(labels, np.concatenate([reals, fakes]))
        hits += low <= area <= high
    return hits / trials


@pytest.mark.parametrize("area", [0.75, 0.97, 0.995])
@pytest.mark.parametrize(("num_real", "num_fake", "spread"), [(50, 50, 1.0), (50, 50, 3.0), (500, 50, 3.0)])
def test_holds_the_truth_where_a_bootstrap_does_not(area, num_real, num_fake, spread):
    # Two standard errors of 400 trials below 0.93; a percentile bootstrap covers 0.86 at AUROC 0.995.
    assert count_coverage(area, num_real, num_fake, spread, 400) >= 0.904


def test_is_no_wider_than_it_must_be():
    labels = np.repeat([0, 1], 100)
    low, high = auroc_interval(labels, np.random.default_rng(0).normal(labels * 1.0))
    # Hanley & McNeil 1982, table III: the standard error is 0.034 to 0.035 for AUROC 0.75 and 100 images per class.
    assert 0.12 < high - low < 0.15


def test_perfect_separation_claims_no_certainty():
    labels = np.repeat([0, 1], [30, 10])
    assert auroc_interval(labels, np.arange(40.0)) == wilson_interval(10, 10)
    assert auroc_interval(labels, -np.arange(40.0)) == wilson_interval(0, 10)
    assert auroc_interval(np.repeat([0, 1], 100), np.repeat([-np.inf, np.inf], 100))[0] == pytest.approx(
        0.963, abs=5e-4
    )


def test_nearly_perfect_separation_is_nearly_as_uncertain():
    labels, scores = np.repeat([0, 1], 100), np.arange(200.0)
    scores[[99, 100]] = scores[[100, 99]]  # one of 10,000 pairs is in the wrong order
    low, high = auroc_interval(labels, scores)
    assert 0.95 < low < 0.99
    assert 0.9999 < high <= 1


def test_a_single_image_of_a_class_says_little():
    low, high = auroc_interval(np.repeat([0, 1], [30, 1]), np.append(np.arange(30.0), 14.5))
    assert low < 0.2
    assert high > 0.8


def test_equal_logits_are_no_certainty():
    low, high = auroc_interval(np.repeat([0, 1], 20), np.zeros(40))
    assert low < 0.4
    assert high > 0.6


@given(logits, logits, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_lies_around_the_value_and_turns_over_with_the_classes(reals, fakes, random):
    labels, found = np.repeat([0, 1], [len(reals), len(fakes)]), np.array([*reals, *fakes], dtype=np.float64)
    low, high = auroc_interval(labels, found)
    assert 0 <= low <= roc_auc_score(labels, found) + 1e-12
    assert roc_auc_score(labels, found) - 1e-12 <= high <= 1
    assert auroc_interval(1 - labels, found) == pytest.approx((1 - high, 1 - low), abs=1e-9)
    order = np.array(random.sample(range(len(labels)), len(labels)))
    assert auroc_interval(labels[order], found[order]) == (low, high)
