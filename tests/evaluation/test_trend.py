import numpy as np
import pytest
from scipy.stats import t as student_t

from fakeid.evaluation.statistics.trend import fit_trend


def test_the_slope_and_its_interval_by_the_normal_equations():
    rng = np.random.default_rng(0)
    x = np.repeat([1, 2, 5, 10], 3)
    y = 0.6 + 0.02 * x + 0.05 * rng.standard_normal(12)
    design = np.column_stack([np.ones(12), x])
    solution, (residual,), *_ = np.linalg.lstsq(design, y)
    error = np.sqrt(residual / 10 * np.linalg.inv(design.T @ design)[1, 1])
    trend = fit_trend(x.tolist(), y.tolist())
    assert trend.slope == pytest.approx(solution[1])
    assert trend.high - trend.slope == pytest.approx(student_t.ppf(0.975, 10) * error)
    assert trend.slope - trend.low == pytest.approx(trend.high - trend.slope)


def test_two_runs_have_a_slope_without_an_interval():
    trend = fit_trend([1, 5], [0.6, 0.7])
    assert trend.slope == pytest.approx(0.025)
    assert trend.low is None
    assert trend.high is None


@pytest.mark.parametrize("x", [[], [5], [5, 5, 5]])
def test_one_number_of_categories_has_no_trend(x):
    assert fit_trend(x, [0.5] * len(x)) is None


def test_a_flat_line_without_scatter_has_no_width() -> None:
    trend = fit_trend([1, 2, 5], [0.5, 0.5, 0.5])
    assert trend is not None
    assert (trend.slope, trend.low, trend.high) == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)
