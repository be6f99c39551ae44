import numpy as np
import pytest
from scipy.stats import binom

from fakeid.evaluation.thresholds import bound_rate, choose_threshold, compute_surprise, count_allowed, count_needed


@pytest.mark.parametrize(
    ("num_real", "rate", "allowed"),
    [
        (100, 0.05, 4),
        (99, 0.05, 4),
        (98, 0.05, 3),
        (19, 0.05, 0),
        (18, 0.05, -1),
        (99, 0.29, 28),
        (10, 0.0, -1),
        (9, 1, 9),
    ],
)
def test_counts_what_the_conformal_rule_allows(num_real, rate, allowed):
    assert count_allowed(num_real, rate) == allowed
    assert (allowed + 1) / (num_real + 1) <= rate + 1e-12 or allowed == -1


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.1, 0.29, 0.5, 1.0])
def test_as_many_reals_are_needed_as_allow_none(rate):
    needed = count_needed(rate)
    assert count_allowed(needed, rate) >= 0
    assert count_allowed(needed - 1, rate) < 0
    assert count_needed(0.0) is None


@pytest.mark.parametrize("num_real", [19, 50, 100, 333])
def test_new_reals_are_called_fake_at_most_as_often_as_promised(num_real):
    rng = np.random.default_rng(num_real)
    rates = []
    for _ in range(1000):  # uniform logits: the rate is what lies above the threshold
        threshold = choose_threshold(np.zeros(num_real, np.int64), rng.random(num_real), "false_alarms", 0.05).logit
        rates.append(1 - min(threshold, 1.0))
    assert np.mean(rates) <= 0.05
    assert np.mean(rates) >= 0.035 - 0.5 / num_real  # and not far less


def test_the_bounds_hold_the_rate_of_new_reals():
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(1000):
        logits = np.sort(rng.random(100))[::-1]
        low, high = bound_rate(4, 100)
        inside.append(low <= 1 - logits[4] <= high)  # just above the fifth highest, four are called fake
    assert np.mean(inside) == pytest.approx(0.95, abs=0.021)
    assert bound_rate(0, 0) == (0.0, 1.0)
    assert bound_rate(5, 5)[1] == 1.0
    assert bound_rate(0, 100)[0] < 0.001


def test_no_shift_rarely_surprises_and_a_shift_does():
    rng = np.random.default_rng(1)
    for num_real, num_tested in ((100, 50), (100, 100), (100, 1000), (500, 100)):
        allowed = count_allowed(num_real, 0.05)
        rates = rng.beta(allowed + 1, num_real - allowed, 2000)
        # Before, at Wilson's lower bound above 5 %, this was 18 to 39 %.
        found = rng.binomial(num_tested, rates)
        assert np.mean([compute_surprise(x, num_tested, allowed, num_real) < 0.025 for x in found]) <= 0.025 + 0.0105
        shifted = rng.binomial(num_tested, 0.3, 200)
        assert np.mean([compute_surprise(x, num_tested, allowed, num_real) < 0.025 for x in shifted]) > 0.9


def test_surprise_becomes_that_of_a_known_rate_with_many_reals():
    known = compute_surprise(9, 100, 49_999, 1_000_000)
    assert known == pytest.approx(binom.sf(8, 100, 0.05), rel=1e-3)
    assert compute_surprise(0, 100, 4, 100) == 1.0
    assert compute_surprise(100, 100, 5, 5) == 1.0
