import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakeid.evaluation.statistics.multiple_testing import correct_holm


def test_by_hand():
    # Sorted 0.005, 0.01, 0.03, 0.04: multiplied by 4, 3, 2, 1, and never below the previous value.
    assert correct_holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_what_could_not_be_tested_does_not_count():
    corrected = correct_holm([0.02, math.nan, 0.5])
    assert corrected[0] == pytest.approx(0.04)
    assert math.isnan(corrected[1])
    assert corrected[2] == 0.5


@given(st.lists(st.floats(0, 1), max_size=20), st.randoms())
def test_between_no_correction_and_bonferroni_whatever_the_order(p_values, random):
    corrected = correct_holm(p_values)
    for p_value, result in zip(p_values, corrected, strict=True):
        assert p_value <= result <= min(1, len(p_values) * p_value) + 1e-12
    order = list(range(len(p_values)))
    random.shuffle(order)
    assert correct_holm([p_values[i] for i in order]) == pytest.approx([corrected[i] for i in order])
