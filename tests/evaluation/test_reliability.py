import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.calibration import calibration_curve

from fakeid.evaluation.calibration import tabulate_reliability
from fakeid.evaluation.metrics import measure
from fakeid.evaluation.statistics.intervals import wilson_interval


def test_matches_scikit_learns_calibration_curve():
    rng = np.random.default_rng(0)
    labels = (np.arange(200) % 3 == 0).astype(np.int64)
    logits = rng.normal(labels * 2 - 0.5, 1.0)
    table = tabulate_reliability(labels, logits)
    shares, means = calibration_curve(labels, expit(logits), n_bins=15)
    filled = [row for row in table if row.num_images]
    assert [row.fake_share for row in filled] == pytest.approx(shares)
    assert [row.mean_p_fake for row in filled] == pytest.approx(means)
    assert sum(row.num_images for row in table) == 200
    ece = sum(row.num_images * abs(row.mean_p_fake - row.fake_share) for row in filled) / 200
    assert float(measure(labels, logits)["ece"]) == pytest.approx(ece, abs=1e-12)


def test_bins_are_closed_above_and_hold_wilsons_interval():
    table = tabulate_reliability(np.array([0, 1, 1, 0, 1]), np.array([-np.inf, 0.0, 0.0, 0.0, np.inf]), num_bins=2)
    assert [(row.lower, row.upper, row.num_images) for row in table] == [(0, 0.5, 4), (0.5, 1, 1)]
    assert table[0].fake_share == 0.5
    assert (table[0].low, table[0].high) == wilson_interval(2, 4)
    assert float(logit(table[1].mean_p_fake)) == np.inf


@pytest.mark.parametrize("logits", [[], [0.0, np.nan]])
def test_empty_bins_have_no_numbers(logits):
    table = tabulate_reliability(np.ones(len(logits), dtype=np.int64), np.array(logits))
    assert len(table) == 15
    for row in table:
        assert row.num_images == 0
        assert np.isnan([row.mean_p_fake, row.fake_share, row.low, row.high]).all()
