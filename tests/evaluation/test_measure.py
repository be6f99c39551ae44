import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from fakeid.evaluation.metrics import DECISIONS, ERRORS, WITHOUT_THRESHOLD, measure

RANK_METRICS = ("auroc", "average_precision", "eer", "tpr_at_fpr_01", "tpr_at_fpr_05")
BOUNDED = sorted({*DECISIONS, *WITHOUT_THRESHOLD} - {"nll"})
LARGEST = float(np.finfo(np.float64).max)


def as_group(rows):
    labels, logits = zip(*rows, strict=True) if rows else ((), ())
    return np.array(labels, dtype=np.int64), np.array(logits, dtype=np.float64)


any_logit = st.one_of(
    st.sampled_from([0.0, -0.0, np.inf, -np.inf, 1e308, -1e308, LARGEST, -LARGEST, 5e-324, 800.0]),
    st.floats(allow_nan=False),
)
rows = st.lists(st.tuples(st.integers(0, 1), any_logit), max_size=15)
ranks = st.lists(st.tuples(st.integers(0, 1), st.integers(-9, 9)), min_size=1, max_size=25)


def test_accuracies_at_a_threshold_match_scikit_learn():
    rng = np.random.default_rng(3)
    labels = (np.arange(200) % 4 == 0).astype(np.int64)
    logits = np.round(rng.normal(labels, 1.0), 1)
    measured = measure(labels, logits, thresholds={"validation": 0.7})
    for suffix, threshold in (("", 0.0), ("_at_validation", 0.7)):
        called = logits >= threshold
        assert float(measured[f"accuracy{suffix}"]) == accuracy_score(labels, called)
        expected = balanced_accuracy_score(labels, called)
        assert float(measured[f"balanced_accuracy{suffix}"]) == pytest.approx(expected, abs=1e-15)


def test_thresholds_change_nothing_else():
    labels, logits = np.array([0, 1, 0, 1]), np.array([0.0, 1.0, 2.0, 3.0])
    plain, more = measure(labels, logits), measure(labels, logits, thresholds={"none": np.nan, "all": -np.inf})
    assert list(plain) == [*DECISIONS, *WITHOUT_THRESHOLD] == list(more)[: len(plain)]
    assert set(plain) >= ERRORS
    np.testing.assert_equal({name: more[name] for name in plain}, plain)
    assert np.isnan([more[f"{name}_at_none"] for name in DECISIONS]).all()
    assert (more["real_accuracy_at_all"], more["fake_accuracy_at_all"]) == (0, 1)


@pytest.mark.parametrize(("metric", "needed"), [("tpr_at_fpr_01", 500), ("tpr_at_fpr_05", 100)])
def test_fakes_found_at_few_false_positives_are_told_from_reals_enough_on(metric, needed):
    labels, logits = np.repeat([0, 1], [needed, 3]), np.append(np.arange(needed), [needed, needed, -1.0])
    assert measure(labels, logits)[metric] == pytest.approx(2 / 3)
    assert np.isnan(measure(labels[1:], logits[1:])[metric])
    once = np.ones((4, needed + 2)) * [[1], [2], [3], [4]]  # repeats do not make reals
    assert np.isnan(measure(labels[1:], logits[1:], repeats=once)[metric]).all()


@given(rows)
@settings(max_examples=60, deadline=None)
def test_logits_of_any_size_give_numbers_in_range_and_no_warning(group):
    labels, logits = as_group(group)
    both = len(set(labels.tolist())) == 2
    measured = measure(labels, logits, thresholds={"high": 1e308})
    for name in BOUNDED:
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
    for transform in (lambda x: x / 3 - 7, np.exp, lambda x: x**3 * 1e290, np.arctan):
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
