import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakeid.evaluation.thresholds import bound_rate, choose_oracle_threshold, choose_threshold, count_allowed

RULES = ("false_alarms", "balanced_accuracy", "eer")

groups = st.tuples(
    st.lists(st.integers(-6, 6), min_size=1, max_size=20), st.lists(st.integers(-6, 6), min_size=1, max_size=20)
)


def as_group(reals, fakes):
    return np.repeat([0, 1], [len(reals), len(fakes)]), np.array([*reals, *fakes], dtype=np.float64)


def all_cuts(logits):
    """A threshold for every way of cutting the images in two."""
    distinct = np.unique(logits)
    return [distinct[0], *(distinct[:-1] + 0.5), distinct[-1] + 0.5]


@given(groups, st.sampled_from([0.0, 0.05, 0.1, 0.29, 0.5, 1.0]))
@settings(max_examples=50, deadline=None)
def test_no_threshold_finds_more_fakes_at_the_wished_rate(group, wished):
    labels, logits = as_group(*group)
    chosen = choose_threshold(labels, logits, "false_alarms", wished)
    allowed = max(0, count_allowed(chosen.num_real, wished))
    assert chosen.false_alarm_rate == np.mean(logits[labels == 0] >= chosen.logit) <= allowed / chosen.num_real
    assert chosen.fake_accuracy == np.mean(logits[labels == 1] >= chosen.logit)
    for other in all_cuts(logits):
        if np.sum(logits[labels == 0] >= other) <= allowed:
            assert np.mean(logits >= other) <= np.mean(logits >= chosen.logit)


@given(groups)
@settings(max_examples=50, deadline=None)
def test_no_threshold_is_better_balanced(group):
    labels, logits = as_group(*group)
    chosen = choose_threshold(labels, logits, "balanced_accuracy")
    reals, fakes = logits[labels == 0], logits[labels == 1]
    found = np.mean(fakes >= chosen.logit) - np.mean(reals >= chosen.logit)
    best = max(np.mean(fakes >= other) - np.mean(reals >= other) for other in all_cuts(logits))
    assert found == pytest.approx(best, abs=1e-12)
    gap = min(abs(np.mean(reals >= other) - np.mean(fakes < other)) for other in all_cuts(logits))
    chosen = choose_threshold(labels, logits, "eer")
    assert abs(chosen.false_alarm_rate - (1 - chosen.fake_accuracy)) == pytest.approx(gap, abs=1e-12)


def test_lies_half_way_to_the_next_logit_of_either_class():
    labels, logits = as_group(range(20), [17.5, 30])
    chosen = choose_threshold(labels, logits, "false_alarms", 3 / 21)
    assert chosen.logit == 17.25  # 18 and 19 may be called fake, 17 not, and 17.5 is found
    assert (chosen.false_alarm_rate, chosen.fake_accuracy) == (0.1, 1.0)
    chosen = choose_threshold(labels, logits, "false_alarms", 0.142)
    assert chosen.logit == 18.5
    assert chosen.false_alarm_interval == bound_rate(1, 20)


def test_too_few_reals_for_the_wish_allow_no_false_alarm():
    labels, logits = as_group([0.0] * 18, [0.0, 1.0])
    chosen = choose_threshold(labels, logits, "false_alarms", 0.05)
    assert (chosen.logit, chosen.false_alarm_rate, chosen.num_real) == (0.5, 0.0, 18)
    assert chosen.false_alarm_interval[1] > 0.15  # 18 reals prove no more


def test_of_equally_good_ones_the_middle_one_is_taken():
    labels, logits = as_group([0.0, 2.0], [1.0, 3.0])  # from 3 and from 1 on, three of four are right
    assert choose_threshold(labels, logits, "balanced_accuracy").logit == 2.5
    labels, logits = as_group([0.0, 2.0, 4.0], [1.0, 3.0, 5.0])
    assert choose_threshold(labels, logits, "balanced_accuracy").logit == 2.5


@pytest.mark.parametrize("rule", RULES)
def test_the_oracle_is_marked(rule):
    labels, logits = as_group([0.0, 1.0], [2.0, 3.0])
    chosen, oracle = choose_threshold(labels, logits, rule), choose_oracle_threshold(labels, logits, rule)
    assert (chosen.oracle, oracle.oracle) == (False, True)
    assert oracle.logit == chosen.logit == 1.5
    assert oracle.rule == rule


def test_fakes_are_not_needed_for_false_alarms_but_for_the_others():
    labels, logits = as_group([0.0, 1.0], [])
    chosen = choose_threshold(labels, logits, "false_alarms", 2 / 3)
    assert chosen.logit == 0.5
    assert math.isnan(chosen.fake_accuracy)
    assert all(math.isnan(choose_threshold(labels, logits, rule).logit) for rule in RULES[1:])


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("labels", "logits"), [([], []), ([1], [0.0]), ([0, 1], [np.nan, 0.0])])
def test_nothing_to_choose_from_gives_nan(rule, labels, logits):
    chosen = choose_threshold(np.array(labels, dtype=np.int64), np.array(logits, dtype=np.float64), rule)
    assert math.isnan(chosen.logit)
    assert math.isnan(chosen.false_alarm_rate)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("top", [1e308, np.finfo(np.float64).max, np.inf])
def test_extreme_logits_are_split(rule, top):
    labels, logits = as_group([-top, -1.0], [1.0, top])
    assert choose_threshold(labels, logits, rule).logit == 0
    labels, logits = as_group([-top], [top])
    assert -top < choose_threshold(labels, logits, rule).logit <= top
    if rule == "false_alarms":
        labels, logits = as_group([top], [-top])
        assert choose_threshold(labels, logits, rule).logit == math.nextafter(top, math.inf)


def test_neighboring_numbers_are_split():
    low = 1.0
    high = math.nextafter(low, 2)
    chosen = choose_threshold(*as_group([low], [high]), "eer")
    assert (chosen.logit, chosen.false_alarm_rate, chosen.fake_accuracy) == (high, 0, 1)
