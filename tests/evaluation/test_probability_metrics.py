import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import brier_score_loss, log_loss

from fakeid.evaluation.metrics import compute_brier, compute_ece, compute_nll
from fakeid.evaluation.ranking import rank_images


def draw_group(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) % 3 == 0).astype(np.int64)
    return labels, np.round(rng.normal(labels * 2 - 0.5, 1.5), 3)


def ece_bin_by_bin(labels, logits, weights):
    """Guo et al. 2017, equation 3, with Naeini et al.'s P(fake) and share of fakes."""
    p_fake, error = expit(logits), 0.0
    for i in range(15):
        inside = (p_fake > i / 15) & (p_fake <= (i + 1) / 15)
        if weights[inside].sum():
            gap = np.average(p_fake[inside], weights=weights[inside])
            gap -= np.average(labels[inside], weights=weights[inside])
            error += weights[inside].sum() / weights.sum() * abs(gap)
    return error


@pytest.mark.parametrize(
    ("ours", "oracle"),
    [
        (compute_nll, lambda y, x, w: log_loss(y, expit(x), sample_weight=w)),
        (compute_brier, lambda y, x, w: brier_score_loss(y, expit(x), sample_weight=w)),
        (compute_ece, ece_bin_by_bin),
    ],
)
def test_match_their_oracles_also_with_repeats(ours, oracle):
    labels, logits = draw_group(2, 300)
    repeats = np.random.default_rng(1).integers(0, 3, size=(2, 3, 300))
    result = ours(rank_images(labels, logits, repeats))
    assert result.shape == (2, 3)
    for index in np.ndindex(2, 3):
        assert result[index] == pytest.approx(oracle(labels, logits, repeats[index]), abs=1e-12)
    once = ours(rank_images(labels, logits))
    assert float(once) == pytest.approx(oracle(labels, logits, np.ones(300)), abs=1e-12)


def test_ece_is_netcals():
    labels, logits = draw_group(11, 400)
    # netcal 1.4.0: ECE(15).measure(expit(logits), labels)
    assert float(compute_ece(rank_images(labels, logits))) == pytest.approx(0.20064434996024302, abs=1e-12)


def test_ece_by_hand():
    # P(fake) is 0.5 for four images of which one is fake, and 0 or 1 for one right image each.
    labels, logits = np.array([0, 0, 0, 1, 0, 1]), np.array([0.0, 0.0, 0.0, 0.0, -np.inf, np.inf])
    assert float(compute_ece(rank_images(labels, logits))) == pytest.approx(4 / 6 * 0.25, abs=1e-15)


def test_ece_sees_a_shift_that_confidence_in_the_called_class_would_hide():
    # P(fake) is 0.9 and 0.3 where 0.8 and 0.2 would be right: the called class is over- and underrated by 0.1.
    labels = np.repeat([1, 0, 1, 0], [8, 2, 2, 8])
    logits = np.repeat(np.log([9, 3 / 7]), 10)
    assert float(compute_ece(rank_images(labels, logits))) == pytest.approx(0.1, abs=1e-12)


def test_nll_of_extreme_logits_is_exact():
    labels = np.array([1, 0, 1, 0])
    assert compute_nll(rank_images(labels, np.array([800.0, -800.0, -800.0, 400.0]))) == 300
    assert compute_nll(rank_images(labels, np.array([1e308, -1e308, -1e308, 1e308]))) == pytest.approx(5e307)
    largest = np.finfo(np.float64).max
    assert compute_nll(rank_images(labels, np.array([-1, 1, -1, 1]) * largest)) == largest
    assert compute_nll(rank_images(labels, np.array([np.inf, -np.inf, 0.0, 0.0]))) == pytest.approx(np.log(2) / 2)
    assert compute_nll(rank_images(labels, np.array([np.inf, -np.inf, -np.inf, 0.0]))) == np.inf


def test_an_infinite_loss_counts_only_where_it_is_drawn():
    labels, logits = np.array([0, 1, 1]), np.array([0.0, 0.0, -np.inf])
    result = compute_nll(rank_images(labels, logits, np.array([[1, 1, 0], [1, 1, 1]])))
    np.testing.assert_allclose(result, [np.log(2), np.inf])


def test_brier_of_infinite_logits():
    labels, logits = np.array([0, 1, 0, 1]), np.array([-np.inf, np.inf, np.inf, 0.0])
    assert compute_brier(rank_images(labels, logits)) == (0 + 0 + 1 + 0.25) / 4


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_has_losses_but_no_calibration_error(label):
    ranking = rank_images(np.array([label, label]), np.zeros(2))
    assert np.isnan(compute_ece(ranking))
    assert compute_brier(ranking) == 0.25
    assert compute_nll(ranking) == pytest.approx(np.log(2))
