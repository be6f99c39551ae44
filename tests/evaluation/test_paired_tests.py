import math

import numpy as np
import pytest
from scipy.stats import binom, norm, ttest_1samp
from sklearn.metrics import roc_auc_score

from fakeid.evaluation.statistics.paired_tests import (
    compare_accuracy,
    compare_auroc,
    compute_placements,
    measure_scatter,
)


def pair_with(gained: int, lost: int, agreed: int) -> tuple[list[list[int]], list[list[int]]]:
    first = [0] * gained + [1] * lost + [1] * agreed
    second = [1] * gained + [0] * lost + [1] * agreed
    return [first], [second]


def test_mcnemar_by_hand():
    # 8 gained, 1 lost: twice (C(9, 0) + C(9, 1)) / 2^9.
    difference = compare_accuracy(*pair_with(8, 1, 91))
    assert difference.p_value == pytest.approx(2 * (1 + 9) / 512)
    assert difference.value == pytest.approx(0.07)
    assert difference.low < 0.07 < difference.high


def test_mcnemar_is_the_binomial_tail_whichever_came_first():
    one, other = compare_accuracy(*pair_with(30, 52, 400)), compare_accuracy(*pair_with(52, 30, 400))
    assert one.p_value == pytest.approx(2 * binom.cdf(30, 82, 0.5))
    assert one.p_value == pytest.approx(other.p_value)
    assert (one.value, one.low) == pytest.approx((-other.value, -other.high))


def test_the_interval_of_bonett_and_price_by_hand():
    gained, lost, num = 30, 52, 482
    up, down = (gained + 1) / (num + 2), (lost + 1) / (num + 2)
    margin = norm.ppf(0.975) * math.sqrt((up + down - (up - down) ** 2) / (num + 2))
    difference = compare_accuracy(*pair_with(gained, lost, 400))
    assert (difference.low, difference.high) == pytest.approx((up - down - margin, up - down + margin))


def test_what_agrees_everywhere_does_not_differ():
    assert compare_accuracy([[1, 0, 1]], [[1, 0, 1]]).p_value == 1
    runs = np.random.default_rng(0).random((3, 40)) < 0.7
    same = compare_accuracy(runs, runs)
    assert (same.value, same.p_value) == (0, 1)


def test_a_detector_that_broke_down_is_compared_with_nothing():
    assert math.isnan(compare_accuracy([[1, math.nan]], [[1, 1]]).p_value)
    assert math.isnan(compare_accuracy(np.empty((1, 0)), np.empty((1, 0))).p_value)
    broken = compute_placements(np.array([0, 0, 1, 1]), np.array([0.0, math.nan, 1.0, 2.0]))
    good = compute_placements(np.array([0, 0, 1, 1]), np.array([0.0, 1.0, 1.0, 2.0]))
    assert math.isnan(compare_auroc([good], [broken]).value)


@pytest.fixture
def two_detectors() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    labels = (rng.random(140) < 0.4).astype(int)
    image = rng.standard_normal(140)
    one = 1.2 * labels + image + 0.5 * rng.standard_normal(140)
    two = 1.6 * labels + image + 0.5 * rng.standard_normal(140)
    return labels, one.round(1), two.round(1)  # rounding creates ties


def kernel(fakes: np.ndarray, reals: np.ndarray) -> np.ndarray:
    """Return DeLong's psi for each pair of a fake and a real."""
    return (fakes[:, None] > reals) + 0.5 * (fakes[:, None] == reals)


def test_placements_are_delongs_components(two_detectors):
    labels, logits, _ = two_detectors
    placements = compute_placements(labels, logits)
    psi = kernel(logits[labels == 1], logits[labels == 0])
    np.testing.assert_allclose(placements.fakes, psi.mean(axis=1))
    np.testing.assert_allclose(placements.reals, psi.mean(axis=0))
    assert placements.fakes.mean() == pytest.approx(roc_auc_score(labels, logits))


def test_placements_of_infinite_logits():
    placements = compute_placements(np.array([0, 1, 1]), np.array([-math.inf, math.inf, -math.inf]))
    assert placements.fakes.tolist() == [1.0, 0.5]
    assert placements.reals.tolist() == [0.75]


def test_delong_by_its_definition(two_detectors):
    """Equations 4 to 6 of DeLong, DeLong and Clarke-Pearson (1988), written as loops over detectors."""
    labels, *detectors = two_detectors
    psi = [kernel(logits[labels == 1], logits[labels == 0]) for logits in detectors]
    m, n = psi[0].shape
    auc = [one.mean() for one in psi]
    s10, s01 = np.zeros((2, 2)), np.zeros((2, 2))
    for r in range(2):
        for s in range(2):
            for i in range(m):
                s10[r, s] += (psi[r][i].mean() - auc[r]) * (psi[s][i].mean() - auc[s]) / (m - 1)
            for j in range(n):
                s01[r, s] += (psi[r][:, j].mean() - auc[r]) * (psi[s][:, j].mean() - auc[s]) / (n - 1)
    covariance = s10 / m + s01 / n
    error = math.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    difference = compare_auroc(*([compute_placements(labels, logits)] for logits in detectors))
    expected = roc_auc_score(labels, detectors[1]) - roc_auc_score(labels, detectors[0])
    assert difference.value == pytest.approx(expected)
    assert difference.p_value == pytest.approx(2 * norm.sf(abs(expected) / error))
    assert difference.high - difference.value == pytest.approx(norm.ppf(0.975) * error)


def test_several_runs_where_only_runs_vary_are_a_paired_t_test():
    """With almost infinitely many images, only the scatter between runs is left."""
    rng = np.random.default_rng(5)
    shares = [0.02, 0.05, 0.01, 0.04]
    first = np.ones((4, 200_000))
    second = np.stack([rng.random(200_000) >= share for share in shares])
    difference = compare_accuracy(first, second)
    expected = ttest_1samp((second - first).mean(axis=1), 0)
    assert difference.p_value == pytest.approx(expected.pvalue, rel=0.02)
    assert difference.low == pytest.approx(expected.confidence_interval().low, rel=0.02)


def test_several_runs_that_say_the_same_know_no_more_than_one():
    first, second = (np.repeat(side, 3, axis=0) for side in pair_with(60, 30, 400))
    several = compare_accuracy(first, second)
    differences = (second - first)[0]
    error = differences.std(ddof=1) / math.sqrt(490)
    scatter = measure_scatter((second - first).mean(axis=1), [second - first])
    assert math.sqrt(scatter.shared) == pytest.approx(error)
    assert (scatter.of_runs, scatter.of_own_images) == pytest.approx((0, 0), abs=1e-12)
    # Only the effect of the images on all runs is left, and hundreds of images estimate its variance well.
    assert several.p_value == pytest.approx(2 * norm.sf(differences.mean() / error))


def test_several_runs_know_both_kinds_of_noise():
    """Without a true difference at most 1 in 20 is called one, even with shared images and seed effects."""
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(200):
        image = rng.standard_normal(300)
        sides = []
        for _ in range(2):
            setting_on_image = 0.5 * rng.standard_normal(300)  # how easy each image is for this setting
            seeds = 0.3 * rng.standard_normal((3, 1))
            sides.append(image + setting_on_image + seeds + 0.5 * rng.standard_normal((3, 300)) > -0.8)
        alarms += compare_accuracy(*sides).p_value < 0.05
    assert alarms / 200 < 0.05


def test_a_planted_difference_of_three_points_over_4000_images_is_found():
    rng = np.random.default_rng(1)
    first = rng.random((1, 4000)) < 0.85
    second = first | (rng.random((1, 4000)) < 0.2)
    assert compare_accuracy(first, second).p_value < 0.001
    assert compare_accuracy(first, second).value == pytest.approx(0.03, abs=0.006)
