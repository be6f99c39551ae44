import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    log_loss,
    recall_score,
    roc_auc_score,
    roc_curve,
)

from fakeid.evaluation.fit_calibration import tabulate_reliability
from fakeid.evaluation.metrics import DECISIONS, WITHOUT_THRESHOLD, compute_ece, count_above, measure
from fakeid.evaluation.ranking import compute_eer, compute_tpr_at_fpr, rank_images
from fakeid.evaluation.statistics.intervals import wilson_interval

RANK_METRICS = ("auroc", "average_precision", "eer", "tpr_at_fpr_01", "tpr_at_fpr_05")


def draw_group(seed: int, n: int, num_values: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % 3 == 0).astype(np.int64)
    logits = rng.normal(labels * 2 - 0.5, 1.5)
    return labels, np.round(logits * num_values) / num_values if num_values else logits


def as_group(rows):
    labels, logits = zip(*rows, strict=True) if rows else ((), ())
    return np.array(labels, dtype=np.int64), np.array(logits, dtype=np.float64)


def rank(labels, logits):
    return rank_images(np.array(labels), np.array(logits, dtype=np.float64))


def eer_by_root_finding(labels, logits, weights=None):
    wrong, found, _ = roc_curve(labels, logits, sample_weight=weights, drop_intermediate=False)
    # Integrate along the curve, whose steps are vertical, horizontal or, for ties, diagonal.
    way = np.arange(len(wrong))
    crossing = brentq(lambda s: np.interp(s, way, wrong) + np.interp(s, way, found) - 1, 0, way[-1], xtol=1e-14)
    return np.interp(crossing, way, wrong)


def tpr_from_scikit_learn(labels, logits, limit, weights=None):
    wrong, found, _ = roc_curve(labels, logits, sample_weight=weights, drop_intermediate=False)
    return found[wrong <= limit].max()


def ece_bin_by_bin(labels, logits, weights):
    """Guo et al. 2017, equation 3, with P(fake) and the share of fakes as in Naeini et al."""
    p_fake, error = expit(logits), 0.0
    for i in range(15):
        inside = (p_fake > i / 15) & (p_fake <= (i + 1) / 15)
        if weights[inside].sum():
            gap = np.average(p_fake[inside], weights=weights[inside])
            gap -= np.average(labels[inside], weights=weights[inside])
            error += weights[inside].sum() / weights.sum() * abs(gap)
    return error


ORACLES = {
    "accuracy": lambda y, x, w: accuracy_score(y, x >= 0, sample_weight=w),
    "real_accuracy": lambda y, x, w: recall_score(y, x >= 0, sample_weight=w, pos_label=0),
    "fake_accuracy": lambda y, x, w: recall_score(y, x >= 0, sample_weight=w),
    "balanced_accuracy": lambda y, x, w: balanced_accuracy_score(y, x >= 0, sample_weight=w),
    "auroc": lambda y, x, w: roc_auc_score(y, x, sample_weight=w),
    "average_precision": lambda y, x, w: average_precision_score(y, x, sample_weight=w),
    "eer": eer_by_root_finding,
    "tpr_at_fpr_05": lambda y, x, w: tpr_from_scikit_learn(y, x, 0.05, w),
    "nll": lambda y, x, w: log_loss(y, expit(x), sample_weight=w),
    "brier": lambda y, x, w: brier_score_loss(y, expit(x), sample_weight=w),
    "ece": ece_bin_by_bin,
}


@pytest.mark.parametrize("num_values", [None, 1, 10], ids=lambda value: f"ties{value}")
@pytest.mark.parametrize("n", [3, 50, 1001])
def test_match_scikit_learn_also_with_repeats_as_weights(n, num_values):
    labels, logits = draw_group(n, n, num_values)
    once, repeats = np.ones(n), np.random.default_rng(1).integers(1 if n == 3 else 0, 3, size=(2, 2, n))
    found, repeated = measure(labels, logits), measure(labels, logits, repeats)
    enough = sum(labels == 0) >= 100
    for name, oracle in ORACLES.items():
        assert repeated[name].shape == (2, 2)
        if name == "tpr_at_fpr_05" and not enough:
            assert np.isnan(found[name])
            continue
        assert float(found[name]) == pytest.approx(oracle(labels, logits, once), abs=1e-9), name
        for index in np.ndindex(2, 2):
            expected = oracle(labels, logits, repeats[index])
            assert repeated[name][index] == pytest.approx(expected, abs=1e-9), name


@pytest.mark.parametrize("limit", [0.0, 0.05, 1.0])
@pytest.mark.parametrize("num_values", [None, 2])
def test_fakes_found_at_a_rate_match_scikit_learn(limit, num_values):
    labels, logits = draw_group(7, 300, num_values)
    assert float(compute_tpr_at_fpr(rank(labels, logits), limit)) == tpr_from_scikit_learn(labels, logits, limit)


def test_rank_metrics_match_scikit_learn_at_extreme_logits():
    labels = np.array([0, 0, 1, 1, 0, 1, 0, 1])
    logits = np.array([-800.0, 800.0, 800.0, 799.0, 40.0, 43.0, 41.0, -800.0])
    # Infinities rank like 900. 40 and 41 stay distinct, though their probabilities are equal in float32.
    finite, infinite = (measure(labels, np.array([-x, x, x, 1.0, 2.0, 3.0, 0.0, -x])) for x in (900.0, np.inf))
    for name in ("auroc", "average_precision"):
        assert float(measure(labels, logits)[name]) == pytest.approx(ORACLES[name](labels, logits, None), abs=1e-15)
        assert finite[name] == infinite[name]


def test_accuracies_at_another_threshold_match_scikit_learn():
    labels, logits = draw_group(3, 200, 10)
    measured = measure(labels, logits, thresholds={"validation": 0.7})
    assert float(measured["accuracy_at_validation"]) == accuracy_score(labels, logits >= 0.7)
    expected = balanced_accuracy_score(labels, logits >= 0.7)
    assert float(measured["balanced_accuracy_at_validation"]) == pytest.approx(expected, abs=1e-15)


def test_thresholds_change_nothing_else():
    labels, logits = np.array([0, 1, 0, 1]), np.array([0.0, 1.0, 2.0, 3.0])
    plain, more = measure(labels, logits), measure(labels, logits, thresholds={"none": np.nan, "all": -np.inf})
    assert list(plain) == [*DECISIONS, *WITHOUT_THRESHOLD] == list(more)[: len(plain)]
    np.testing.assert_equal({name: more[name] for name in plain}, plain)
    assert np.isnan([more[f"{name}_at_none"] for name in DECISIONS]).all()
    assert (more["real_accuracy_at_all"], more["fake_accuracy_at_all"]) == (0, 1)


def test_a_probability_of_one_half_is_called_fake():
    assert [float(measure(np.array([label]), np.zeros(1))["accuracy"]) for label in (0, 1)] == [0, 1]


def test_roc_steps_are_counts_from_the_highest_logit_down():
    fakes, reals = count_above(np.array([0, 1, 1, 0]), np.array([1.0, 1.0, 3.0, 2.0]))
    assert (fakes.tolist(), reals.tolist()) == ([1, 1, 2], [0, 1, 2])


def test_eer_between_two_thresholds_by_hand():
    # Calling 2 and up fake: 1/4 of reals wrong, 1/2 of fakes. Calling 1 and up: 2/4 and 0. Interpolating linearly,
    # 1/4 + w/4 = 1/2 - w/2 gives w = 1/3.
    assert float(compute_eer(rank([0, 0, 0, 0, 1, 1], [0, 0, 1, 2, 1, 2]))) == pytest.approx(1 / 3, abs=1e-15)


@pytest.mark.parametrize(("logits", "expected"), [([0, 1, 2, 3], 0), ([3, 2, 1, 0], 1), ([5, 5, 5, 5], 0.5)])
def test_eer_of_the_best_the_worst_and_a_constant(logits, expected):
    assert compute_eer(rank([0, 0, 1, 1], logits)) == expected


def test_false_positives_are_counted_exactly():
    tied = rank(np.repeat([0, 1], [100, 4]), [*np.zeros(98), 2.0, 2.0, 1.0, 2.0, 3.0, 3.0])
    assert compute_tpr_at_fpr(tied, 0.01) == 0.5  # a threshold of 2 would give two false positives in 100
    assert compute_tpr_at_fpr(tied, 0.02) == 1.0  # a threshold of 1 gives no more
    distinct = rank(np.repeat([0, 1], [100, 1]), np.append(np.arange(100.0), 71.0))
    assert compute_tpr_at_fpr(distinct, 0.29) == 1  # 0.29 * 100 is 28.999999999999996
    assert compute_tpr_at_fpr(distinct, 0.28) == 0
    few = rank(np.repeat([0, 1], [20, 2]), [*np.zeros(20), 0.0, 1.0])
    assert compute_tpr_at_fpr(few, 0.01) == 0.5  # too few reals to allow a false positive


@pytest.mark.parametrize(("metric", "needed"), [("tpr_at_fpr_01", 500), ("tpr_at_fpr_05", 100)])
def test_fakes_found_at_few_false_positives_are_told_from_reals_enough_on(metric, needed):
    labels, logits = np.repeat([0, 1], [needed, 3]), np.append(np.arange(needed), [needed, needed, -1.0])
    assert measure(labels, logits)[metric] == pytest.approx(2 / 3)
    once = np.ones((4, needed + 2)) * [[1], [2], [3], [4]]  # repeats do not add reals
    assert np.isnan(measure(labels[1:], logits[1:])[metric])
    assert np.isnan(measure(labels[1:], logits[1:], repeats=once)[metric]).all()


def test_ece_is_netcals():
    labels = (np.arange(400) % 3 == 0).astype(np.int64)
    logits = np.round(np.random.default_rng(11).normal(labels * 2 - 0.5, 1.5), 3)
    # netcal 1.4.0: ECE(15).measure(expit(logits), labels)
    assert float(compute_ece(rank(labels, logits))) == pytest.approx(0.20064434996024302, abs=1e-12)


def test_ece_by_hand():
    # P(fake) is 0.5 for four images, one of them fake; 0 and 1 for two images, both right.
    ranking = rank([0, 0, 0, 1, 0, 1], [0.0, 0.0, 0.0, 0.0, -np.inf, np.inf])
    assert float(compute_ece(ranking)) == pytest.approx(4 / 6 * 0.25, abs=1e-15)
    # P(fake) is 0.9 and 0.3 where 0.8 and 0.2 would be right. Confidence in the called class would hide this shift.
    ranking = rank(np.repeat([1, 0, 1, 0], [8, 2, 2, 8]), np.repeat(np.log([9, 3 / 7]), 10))
    assert float(compute_ece(ranking)) == pytest.approx(0.1, abs=1e-12)


@pytest.mark.parametrize(
    ("logits", "nll", "brier"),
    [
        ([800.0, -800.0, -800.0, 400.0], 300, 0.5),
        ([np.inf, -np.inf, 0.0, 0.0], np.log(2) / 2, 0.125),
        ([np.inf, -np.inf, -np.inf, 0.0], np.inf, 0.3125),
    ],
)
def test_losses_of_extreme_logits_are_exact(logits, nll, brier):
    measured = measure(np.array([1, 0, 1, 0]), np.array(logits))
    assert (measured["nll"], measured["brier"]) == (pytest.approx(nll), brier)


def test_an_infinite_loss_counts_only_where_it_is_drawn():
    labels, logits = np.array([0, 1, 1]), np.array([0.0, 0.0, -np.inf])
    result = measure(labels, logits, np.array([[1, 1, 0], [1, 1, 1]]))["nll"]
    np.testing.assert_allclose(result, [np.log(2), np.inf])


any_logit = st.one_of(st.sampled_from([0.0, np.inf, -np.inf, 800.0]), st.floats(-1e6, 1e6))
rows = st.lists(st.tuples(st.integers(0, 1), any_logit), max_size=15)
ranks = st.lists(st.tuples(st.integers(0, 1), st.integers(-9, 9)), min_size=1, max_size=25)


@given(rows)
@settings(max_examples=60, deadline=None)
def test_logits_of_any_size_give_numbers_in_range_and_no_warning(group):
    labels, logits = as_group(group)
    both = len(set(labels.tolist())) == 2
    measured = measure(labels, logits)
    for name in {*DECISIONS, *WITHOUT_THRESHOLD} - {"nll"}:
        if both or (len(labels) and name in ("accuracy", "brier")):
            assert 0 <= measured[name] <= 1 or name.startswith("tpr_at_fpr"), name
    assert np.isnan(measured["nll"]) if not len(labels) else measured["nll"] >= 0
    if not both:
        assert np.isnan([measured[name] for name in (*RANK_METRICS, "ece", "balanced_accuracy")]).all()


@given(rows, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_images_does_not_matter(group, random):
    shuffled = list(group)
    random.shuffle(shuffled)
    first, second = measure(*as_group(group)), measure(*as_group(shuffled))
    for name in first:
        np.testing.assert_allclose(first[name], second[name], rtol=1e-12, err_msg=name)


@given(ranks)
@settings(max_examples=60, deadline=None)
def test_rank_metrics_depend_on_the_order_only(group):
    labels, logits = as_group(group)
    before = measure(labels, logits)
    for transform in (lambda x: x / 3 - 7, np.exp, lambda x: x**3, np.arctan):
        after = measure(labels, transform(logits))
        np.testing.assert_array_equal([after[n] for n in RANK_METRICS], [before[n] for n in RANK_METRICS])


@given(ranks)
@settings(max_examples=60, deadline=None)
def test_exchanging_the_classes_mirrors_what_is_symmetric(group):
    labels, logits = as_group(group)
    plain, mirrored = measure(labels, logits), measure(1 - labels, -logits)
    for name in ("auroc", "eer", "nll", "brier"):
        np.testing.assert_allclose(mirrored[name], plain[name], atol=1e-12, err_msg=name)


@given(ranks, st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_repeating_an_image_is_having_it_more_often(group, seed):
    labels, logits = as_group(group)
    repeats = np.random.default_rng(seed).integers(0, 4, size=len(labels))
    counted = measure(labels, logits, repeats)
    listed = measure(np.repeat(labels, repeats), np.repeat(logits, repeats))
    for name in counted:
        np.testing.assert_allclose(counted[name], listed[name], atol=1e-12, err_msg=name)


@pytest.mark.parametrize("repeats", [None, np.ones((2, 3)), np.array([[1.0, 0.0, 1.0]])])
def test_one_nan_logit_leaves_no_number(repeats):
    labels, logits = np.array([0, 1, 1]), np.array([0.0, np.nan, 1.0])
    for name, value in measure(labels, logits, repeats, thresholds={"high": 9.0, "low": -9.0}).items():
        assert np.isnan(value).all(), name
        assert value.shape == (() if repeats is None else repeats.shape[:-1])


def test_neither_group_nor_resamples_are_needed():
    nothing = np.empty(0)
    assert np.isnan(list(measure(nothing.astype(np.int64), nothing).values())).all()
    measured = measure(np.array([0, 1]), np.array([0.0, 1.0]), np.empty((0, 2)))
    assert {value.shape for value in measured.values()} == {(0,)}


def test_reliability_is_scikit_learns_calibration_curve():
    labels, logits = draw_group(0, 200)
    table = tabulate_reliability(labels, logits)
    shares, means = calibration_curve(labels, expit(logits), n_bins=15)
    filled = [row for row in table if row.num_images]
    assert [row.fake_share for row in filled] == pytest.approx(shares)
    assert [row.mean_p_fake for row in filled] == pytest.approx(means)
    assert sum(row.num_images for row in table) == 200


def test_bins_are_closed_above_and_hold_wilsons_interval():
    edge = float(logit(1 / 15)) - 1e-9
    table = tabulate_reliability(np.array([0, 1, 1, 0, 1]), np.array([-np.inf, edge, edge, edge, np.inf]))
    assert [row.num_images for row in table] == [4, *[0] * 13, 1]
    assert (table[0].lower, table[0].upper, table[0].fake_share) == (0, pytest.approx(1 / 15), 0.5)
    assert (table[0].low, table[0].high) == wilson_interval(2, 4)
    assert table[-1].mean_p_fake == 1


@pytest.mark.parametrize("logits", [[], [0.0, np.nan]])
def test_empty_bins_have_no_numbers(logits):
    table = tabulate_reliability(np.ones(len(logits), dtype=np.int64), np.array(logits))
    assert [row.num_images for row in table] == [0] * 15
    assert np.isnan([(row.mean_p_fake, row.fake_share, row.low, row.high) for row in table]).all()
