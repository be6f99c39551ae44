import numpy as np
import pytest
from scipy.optimize import brentq
from sklearn.metrics import roc_curve

from fakeid.evaluation.ranking import compute_eer, compute_tpr_at_fpr, rank_images


def draw_group(seed: int, n: int, num_values: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % 3 == 0).astype(np.int64)
    logits = rng.normal(labels * 1.0, 1.0)
    return labels, np.round(logits * num_values) / num_values if num_values else logits


def eer_by_root_finding(labels, logits, weights=None):
    alarms, found, _ = roc_curve(labels, logits, sample_weight=weights, drop_intermediate=False)
    # Along the curve, whose steps are straight up, straight right or, where there are ties, slanted.
    way = np.arange(len(alarms))
    crossing = brentq(lambda s: np.interp(s, way, alarms) + np.interp(s, way, found) - 1, 0, way[-1], xtol=1e-14)
    return np.interp(crossing, way, alarms)


def tpr_from_scikit_learn(labels, logits, limit, weights=None):
    alarms, found, _ = roc_curve(labels, logits, sample_weight=weights, drop_intermediate=False)
    return found[alarms <= limit].max()


@pytest.mark.parametrize("num_values", [None, 1, 2, 10], ids=lambda value: f"ties{value}")
@pytest.mark.parametrize("n", [3, 50, 1001])
def test_eer_and_tpr_match_scikit_learns_roc_curve(n, num_values):
    labels, logits = draw_group(n, n, num_values)
    ranking = rank_images(labels, logits)
    assert float(compute_eer(ranking)) == pytest.approx(eer_by_root_finding(labels, logits), abs=1e-9)
    for limit in (0.0, 0.01, 0.05, 0.3, 1.0):
        assert float(compute_tpr_at_fpr(ranking, limit)) == tpr_from_scikit_learn(labels, logits, limit)


def test_repeats_are_scikit_learns_sample_weights():
    labels, logits = draw_group(7, 60, 2)
    repeats = np.random.default_rng(1).integers(0, 3, size=(2, 5, 60))
    ranking = rank_images(labels, logits, repeats)
    eers, tprs = compute_eer(ranking), compute_tpr_at_fpr(ranking, 0.2)
    assert eers.shape == tprs.shape == (2, 5)
    for index in np.ndindex(2, 5):
        assert eers[index] == pytest.approx(eer_by_root_finding(labels, logits, repeats[index]), abs=1e-9)
        assert tprs[index] == pytest.approx(tpr_from_scikit_learn(labels, logits, 0.2, repeats[index]), abs=1e-12)


def test_eer_between_two_thresholds_by_hand():
    # Calling 2 and up fake: 1/4 of reals wrong, 1/2 of fakes. Calling 1 and up: 2/4 and 0. On the line between the two,
    # 1/4 + w/4 = 1/2 - w/2 at w = 1/3.
    labels = np.array([0, 0, 0, 0, 1, 1])
    logits = np.array([0.0, 0.0, 1.0, 2.0, 1.0, 2.0])
    assert float(compute_eer(rank_images(labels, logits))) == pytest.approx(1 / 3, abs=1e-15)


@pytest.mark.parametrize(("logits", "expected"), [([0, 1, 2, 3], 0), ([3, 2, 1, 0], 1), ([5, 5, 5, 5], 0.5)])
def test_eer_of_the_best_the_worst_and_a_constant(logits, expected):
    assert compute_eer(rank_images(np.array([0, 0, 1, 1]), np.array(logits, dtype=float))) == expected


def test_tied_reals_are_all_false_alarms_or_none():
    labels = np.repeat([0, 1], [100, 4])
    logits = np.concatenate([np.zeros(98), [2.0, 2.0], [1.0, 2.0, 3.0, 3.0]])
    ranking = rank_images(labels, logits)
    assert compute_tpr_at_fpr(ranking, 0.01) == 0.5  # at 2 there would be two false alarms in 100
    assert compute_tpr_at_fpr(ranking, 0.02) == 1.0  # at 1 there are no more


def test_a_limit_that_a_count_meets_exactly_is_kept():
    # 0.29 * 100 is 28.999999999999996.
    labels = np.repeat([0, 1], [100, 1])
    logits = np.append(np.arange(100.0), 71.0)
    assert compute_tpr_at_fpr(rank_images(labels, logits), 0.29) == 1
    assert compute_tpr_at_fpr(rank_images(labels, logits), 0.28) == 0


def test_few_reals_allow_no_false_alarm():
    labels, logits = np.repeat([0, 1], [20, 2]), np.append(np.zeros(20), [0.0, 1.0])
    assert compute_tpr_at_fpr(rank_images(labels, logits), 0.01) == 0.5
