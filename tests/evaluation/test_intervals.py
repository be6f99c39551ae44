import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap, norm
from sklearn.metrics import average_precision_score, roc_auc_score

from fakeid.evaluation import metrics
from fakeid.evaluation.intervals import rank_intervals, wilson_interval


def draw_group(rng: np.random.Generator, num_real: int, num_fake: int, shift: float) -> tuple[np.ndarray, np.ndarray]:
    labels = np.repeat([0, 1], [num_real, num_fake])
    return labels, rng.normal(labels * shift, 1.0)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_matches_newcombes_examples(successes, trials, low, high):
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_wilson_interval_without_trials_is_nan():
    assert all(math.isnan(bound) for bound in wilson_interval(0, 0))


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@settings(max_examples=50, deadline=None)
def test_wilson_interval_contains_the_proportion(counts):
    successes, trials = counts
    low, high = wilson_interval(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1
    assert low < high


def test_bootstrap_agrees_with_scipys():
    labels, logits = draw_group(np.random.default_rng(0), 150, 60, 1.0)
    ours = rank_intervals(labels, logits, seed=0, resamples=4000)
    for interval, oracle in zip(ours, (roc_auc_score, average_precision_score), strict=True):
        result = bootstrap(
            (logits[labels == 0], logits[labels == 1]),
            lambda reals, fakes, oracle=oracle: oracle(np.repeat([0, 1], [150, 60]), np.concatenate([reals, fakes])),
            n_resamples=500,
            vectorized=False,
            method="percentile",
            rng=np.random.default_rng(1),
        ).confidence_interval
        # Both are random; the bounds' own standard error is about 0.004.
        assert interval == pytest.approx((result.low, result.high), abs=0.015)


def test_bootstrap_covers_the_truth_about_95_times_in_100():
    shift, rng = 1.0, np.random.default_rng(5)
    truth = norm.cdf(shift / np.sqrt(2))
    intervals = [rank_intervals(*draw_group(rng, 100, 100, shift), seed=i, resamples=400)[0] for i in range(300)]
    coverage = np.mean([low <= truth <= high for low, high in intervals])
    assert 0.91 <= coverage <= 0.98  # 3 standard errors of 300 trials around a percentile bootstrap's 0.945


def test_reals_and_fakes_are_drawn_apart():
    # With one fake, drawing from all images at once would leave out the fake in a third of the resamples.
    labels, logits = np.array([0] * 30 + [1]), np.append(np.arange(30.0), 14.5)
    low, high = rank_intervals(labels, logits, seed=0)[0]
    assert 0.3 < low < 0.5 < high < 0.7


def test_bootstrap_depends_on_seed_and_group_not_on_the_order_of_images():
    rng = np.random.default_rng(3)
    labels, logits = draw_group(rng, 40, 50, 0.7)
    shuffled = rng.permutation(90)
    first = rank_intervals(labels, logits, seed=1)
    assert rank_intervals(labels[shuffled], logits[shuffled], seed=1) == first
    assert rank_intervals(labels, logits, seed=2) != first


def test_global_random_state_is_left_alone():
    np.random.seed(0)  # noqa: NPY002 - the legacy state is what is tested
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    rank_intervals(*draw_group(np.random.default_rng(0), 20, 20, 1.0), seed=0)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_perfect_separation_claims_no_certainty():
    labels, logits = np.repeat([0, 1], [30, 10]), np.arange(40.0)
    expected = wilson_interval(10, 10)
    assert rank_intervals(labels, logits, seed=0) == (expected, expected)
    assert rank_intervals(labels, -logits, seed=0)[0] == wilson_interval(0, 10)


@pytest.mark.parametrize("labels", [[], [0, 0], [1]])
def test_one_class_has_no_interval(labels):
    intervals = rank_intervals(np.array(labels, dtype=np.int64), np.zeros(len(labels)), seed=0)
    assert np.isnan(intervals).all()


def test_a_broken_detector_has_no_interval():
    assert np.isnan(rank_intervals(np.array([0, 1]), np.array([np.nan, 1.0]), seed=0)).all()


@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=12),
    st.lists(st.integers(-5, 5), min_size=1, max_size=12),
)
@settings(max_examples=50, deadline=None)
def test_rank_intervals_contain_their_values(reals, fakes):
    labels, logits = np.repeat([0, 1], [len(reals), len(fakes)]), np.array([*reals, *fakes], dtype=float)
    values = metrics.auroc(labels, logits), metrics.average_precision(labels, logits)
    for value, (low, high) in zip(values, rank_intervals(labels, logits, seed=0, resamples=50), strict=True):
        assert 0 <= low <= value <= high <= 1


def test_the_batches_of_a_large_group_change_nothing(monkeypatch):
    labels, logits = draw_group(np.random.default_rng(0), 30, 20, 1.0)
    monkeypatch.setattr("fakeid.evaluation.intervals._CELLS_AT_ONCE", 50 * 7)
    in_batches = rank_intervals(labels, logits, seed=0)
    monkeypatch.undo()
    # The draws come in another order, so only nearly.
    assert np.array(in_batches) == pytest.approx(np.array(rank_intervals(labels, logits, seed=0)), abs=0.03)


@pytest.mark.slow
def test_a_hundred_thousand_images_take_seconds():
    start = time.perf_counter()
    rank_intervals(*draw_group(np.random.default_rng(0), 50_000, 50_000, 1.0), seed=0)
    assert time.perf_counter() - start < 30  # 5 s on an idle core
