import dataclasses
import math

import numpy as np
import pytest

from fakeid.evaluation.holm import correct_holm
from fakeid.evaluation.moderation import fit_prior, moderate_differences
from fakeid.evaluation.paired import Difference, compare_accuracy, finish_difference


def test_the_prior_is_found_again():
    """Variances drawn as the model says: true ones scaled inverse chi-square, samples chi-square around them."""
    rng = np.random.default_rng(0)
    true = 0.04 * 6 / rng.chisquare(6, 40_000)
    freedom, variance = fit_prior(true * rng.chisquare(2, 40_000) / 2, [2] * 40_000)
    assert freedom == pytest.approx(6, rel=0.1)
    assert variance == pytest.approx(0.04, rel=0.03)


def test_variances_that_differ_by_chance_alone_are_pooled():
    # Evenly spaced quantiles scatter less than any draw.
    quantiles = -2 * np.log(1 - (np.arange(200) + 0.5) / 200)  # of chi-square with 2 degrees of freedom
    freedom, variance = fit_prior((0.01 * quantiles / 2)[20:180].tolist(), [2] * 160)
    assert math.isinf(freedom)
    assert variance == pytest.approx(0.01, rel=0.15)


def draw(rng: np.random.Generator, num: int, runs: int, true: float, sd: float) -> list[Difference]:
    values = true + sd * rng.standard_normal((num, runs))
    return [
        finish_difference(Difference(v.mean(), 0, 0, 0, runs, max(v.var(ddof=1), 1e-5), 1e-6), runs - 1) for v in values
    ]


@pytest.mark.parametrize("runs", [2, 3])
@pytest.mark.slow
def test_without_a_true_difference_a_table_seldom_claims_one(runs):
    """Where seeds scatter far more than images do, which is where chance agreement of seeds is dangerous."""
    rng = np.random.default_rng(1)
    tables = [moderate_differences(draw(rng, 40, runs, 0.0, 0.05)) for _ in range(100)]
    alarms = sum(min(correct_holm([difference.p_value for difference in table])) < 0.05 for table in tables)
    assert alarms / 100 < 0.1


def test_a_large_difference_passes_that_alone_would_not():
    table = draw(np.random.default_rng(2), 40, 3, 0.25, 0.03)
    alone = correct_holm([difference.p_value for difference in table])
    together = correct_holm([difference.p_value for difference in moderate_differences(table)])
    assert max(together) < 0.05
    assert np.mean(np.array(alone) < 0.05) < 0.5


def test_few_comparisons_and_single_runs_stay_as_they_are():
    table = draw(np.random.default_rng(3), 5, 3, 0.1, 0.05)
    assert moderate_differences(table) == table
    single = compare_accuracy([[0, 0, 1, 1]], [[1, 1, 1, 1]])
    assert moderate_differences([single, *draw(np.random.default_rng(3), 9, 3, 0.1, 0.05)])[0] == single


def test_a_few_that_are_alike_lend_no_more_than_they_know():
    table = draw(np.random.default_rng(4), 8, 2, 0.1, 0.05)
    table = [dataclasses.replace(difference, between_runs=1e-3) for difference in table]  # the prior is certain of it
    pooled = table[0]
    (moderated,) = moderate_differences([pooled], alike=table)
    freedom, variance = fit_prior([1e-3] * 8, [1] * 8)
    assert math.isinf(freedom)
    expected = finish_difference(dataclasses.replace(pooled, between_runs=variance), 8)  # one degree each, eight in all
    assert moderated.p_value == pytest.approx(expected.p_value)
    assert moderate_differences([pooled], alike=table[:5]) == [pooled]
