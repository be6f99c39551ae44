import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from fakeid.evaluation.thresholds import bound_rate, choose_threshold, compute_surprise, count_allowed, count_needed

RULES = ("false_positive_rate", "balanced_accuracy")

groups = st.tuples(
    st.lists(st.integers(-6, 6), min_size=1, max_size=20), st.lists(st.integers(-6, 6), min_size=1, max_size=20)
)


def as_group(reals, fakes):
    return np.repeat([0, 1], [len(reals), len(fakes)]), np.array([*reals, *fakes], dtype=np.float64)


def all_cuts(logits):
    """List one threshold for each way of splitting the images in two."""
    distinct = np.unique(logits)
    return [distinct[0], *(distinct[:-1] + 0.5), distinct[-1] + 0.5]


@given(groups, st.sampled_from([0.0, 0.05, 0.1, 0.29, 0.5, 1.0]))
@settings(max_examples=50, deadline=None)
def test_no_threshold_finds_more_fakes_at_the_wished_rate(group, wished):
    labels, logits = as_group(*group)
    chosen = choose_threshold(labels, logits, "false_positive_rate", wished)
    allowed = max(0, count_allowed(len(group[0]), wished))
    assert np.sum(logits[labels == 0] >= chosen) <= allowed
    for other in all_cuts(logits):
        if np.sum(logits[labels == 0] >= other) <= allowed:
            assert np.mean(logits >= other) <= np.mean(logits >= chosen)


@given(groups)
@settings(max_examples=50, deadline=None)
def test_no_threshold_is_better_balanced(group):
    labels, logits = as_group(*group)
    chosen = choose_threshold(labels, logits, "balanced_accuracy")
    reals, fakes = logits[labels == 0], logits[labels == 1]
    found = np.mean(fakes >= chosen) - np.mean(reals >= chosen)
    best = max(np.mean(fakes >= other) - np.mean(reals >= other) for other in all_cuts(logits))
    assert found == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize(
    ("reals", "fakes", "rule", "rate", "expected"),
    [
        (range(20), [17.5, 30], RULES[0], 3 / 21, 17.25),  # 18 and 19 may be called fake, 17 not; 17.5 is detected
        (range(20), [17.5, 30], RULES[0], 0.142, 18.5),
        ([0.0] * 18, [0.0, 1.0], RULES[0], 0.05, 0.5),  # too few reals for this rate: none may be called fake
        ([0.0, 1.0], [], RULES[0], 2 / 3, 0.5),  # no fakes are needed
        ([0.0, 2.0], [1.0, 3.0], RULES[1], 0.05, 2.5),  # with a threshold just below 3 or 1, three of four are right
        ([0.0, 2.0, 4.0], [1.0, 3.0, 5.0], RULES[1], 0.05, 2.5),  # the middle one of equally good thresholds
        ([1.0], [math.nextafter(1.0, 2)], RULES[1], 0.05, math.nextafter(1.0, 2)),
    ],
)
def test_lies_half_way_to_the_next_logit_of_either_class(reals, fakes, rule, rate, expected):
    assert choose_threshold(*as_group(reals, fakes), rule, rate) == expected


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("labels", "logits"), [([], []), ([1], [0.0]), ([0, 1], [np.nan, 0.0])])
def test_nothing_to_choose_from_gives_nan(rule, labels, logits):
    assert math.isnan(choose_threshold(np.array(labels, dtype=np.int64), np.array(logits, dtype=np.float64), rule))
    assert math.isnan(choose_threshold(*as_group([0.0], []), "balanced_accuracy"))


@pytest.mark.parametrize("rule", RULES)
def test_infinite_logits_are_split(rule):
    assert choose_threshold(*as_group([-math.inf, -1.0], [1.0, math.inf]), rule) == 0
    assert -math.inf < choose_threshold(*as_group([-math.inf], [math.inf]), rule)


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
    for _ in range(1000):  # uniform logits: the rate is the share above the threshold
        threshold = choose_threshold(np.zeros(num_real, np.int64), rng.random(num_real), "false_positive_rate", 0.05)
        rates.append(1 - min(threshold, 1.0))
    assert np.mean(rates) <= 0.05
    assert np.mean(rates) >= 0.035 - 0.5 / num_real  # nor far below the target


def test_the_bounds_hold_the_rate_of_new_reals():
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(1000):
        logits = np.sort(rng.random(100))[::-1]
        low, high = bound_rate(4, 100)
        inside.append(low <= 1 - logits[4] <= high)  # above the fifth highest, four are called fake
    assert np.mean(inside) == pytest.approx(0.95, abs=0.021)
    assert bound_rate(0, 0) == (0.0, 1.0)
    assert bound_rate(5, 5)[1] == 1.0
    assert bound_rate(0, 100)[0] < 0.001


def test_no_shift_rarely_surprises_and_a_shift_does():
    rng = np.random.default_rng(1)
    for num_real, num_tested in ((100, 50), (100, 100), (100, 1000), (500, 100)):
        allowed = count_allowed(num_real, 0.05)
        rates = rng.beta(allowed + 1, num_real - allowed, 2000)
        # With the earlier rule (Wilson's lower bound above 5 %) this was 18 to 39 %.
        found, shifted = rng.binomial(num_tested, rates), rng.binomial(num_tested, 0.3, 200)
        counts = {*found.tolist(), *shifted.tolist()}
        surprising = [x for x in counts if compute_surprise(x, num_tested, allowed, num_real) < 0.025]
        assert np.isin(found, surprising).mean() <= 0.025 + 0.0105
        assert np.isin(shifted, surprising).mean() > 0.9


def test_surprise_becomes_that_of_a_known_rate_with_many_reals():
    known = compute_surprise(9, 100, 49_999, 1_000_000)
    assert known == pytest.approx(binom.sf(8, 100, 0.05), rel=1e-3)
    assert compute_surprise(0, 100, 4, 100) == 1.0
    assert compute_surprise(100, 100, 5, 5) == 1.0
