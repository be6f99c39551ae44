"""A threshold from reals alone keeps its rate on new images, and its interval has the stated coverage."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from fakeid.errors import DataError
from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.fit_calibration import fit_to_reals

REPEATS = 400


def draw(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=count)


@pytest.mark.parametrize(("count", "rate"), [(100, 0.05), (400, 0.01), (60, 0.2)])
def test_rate_and_interval_hold_over_many_draws(count: int, rate: float) -> None:
    found = [fit_to_reals(draw(count, seed), rate, None, "photos") for seed in range(REPEATS)]
    rates = np.array([norm.sf(each.threshold) for each in found])  # over the whole population of photos
    margin = 4 * rates.std() / np.sqrt(REPEATS)
    assert rates.mean() < rate + margin
    assert rates.mean() > rate - 1 / count - margin
    covered = np.mean([low <= true <= high for low, true, high in zip(
        [each.false_positive_low for each in found], rates, [each.false_positive_high for each in found], strict=True
    )])  # fmt: skip
    assert 0.9 < covered < 0.98


def test_the_band_holds_the_true_quantile() -> None:
    scaled = Calibration(2.0, -1.0, 0.0, 0.05, 0, 0.0, 0.1, 0.3, 0.4, 0.6, 0.05, 50, 50)
    true = 1 / (1 + np.exp(-(2 * norm.isf(0.05) - 1)))
    found = [fit_to_reals(draw(400, seed), 0.05, scaled, "photos") for seed in range(REPEATS)]
    assert 0.92 < np.mean([each.unsure_low <= true <= each.unsure_high for each in found]) < 0.985
    for each in found:
        inside = 1 / (1 + np.exp(-each.apply(each.threshold)))
        assert each.unsure_low <= inside * (1 + 1e-9)
        assert inside <= each.unsure_high * (1 + 1e-9)
    assert (found[0].scale, found[0].bias, found[0].balanced_threshold, found[0].num_fake) == (2.0, -1.0, 0.3, 50)


@pytest.mark.parametrize(("count", "rate"), [(19, 0.05), (100, 0.01), (400, 0.05)])
def test_the_band_covers_the_true_quantile_even_with_few_photos(count: int, rate: float) -> None:
    true = expit(norm.isf(rate))
    found = [fit_to_reals(draw(count, seed), rate, None, "photos") for seed in range(REPEATS)]
    below, above = (
        np.mean([true < each.unsure_low for each in found]),
        np.mean([true > each.unsure_high for each in found]),
    )
    assert max(below, above) < 0.025 + 2 * np.sqrt(0.025 * 0.975 / REPEATS)


def test_the_band_has_no_upper_end_where_no_photo_can_bound_it() -> None:
    assert fit_to_reals(draw(19, 0), 0.05, None, "photos").unsure_high == 1
    assert fit_to_reals(draw(400, 0), 0.05, None, "photos").unsure_high < 1
    assert fit_to_reals(draw(3, 0), 0.9, None, "photos").unsure_low == 0


def test_ties_do_not_break_the_rate() -> None:
    logits = np.repeat([0.0, 1.0], [95, 5])
    found = fit_to_reals(logits, 0.05, None, "photos")
    assert found.num_false_positives == 0
    assert found.threshold > 1.0
    assert found.photos == "photos"


@pytest.mark.parametrize(("count", "rate", "needed"), [(18, 0.05, 19), (98, 0.01, 99), (0, 0.5, 1)])
def test_too_few_photos_are_refused(count: int, rate: float, needed: int) -> None:
    with pytest.raises(DataError, match=f"takes at least {needed} photos, got {count}"):
        fit_to_reals(draw(count, 0), rate, None, "photos")
    fit_to_reals(draw(needed, 0), rate, None, "photos")
