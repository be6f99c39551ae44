import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap, norm
from sklearn.metrics import average_precision_score, roc_auc_score

from fakeid.evaluation import metrics
from fakeid.evaluation.statistics.intervals import LEAST_CLUSTERS, auroc_interval, estimate_metrics, wilson_interval


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
    ours = estimate_metrics(labels, logits, seed=0, resamples=4000)
    # AUROC has another kind of interval, which agrees where the bootstrap is valid.
    for name, oracle in (("auroc", roc_auc_score), ("average_precision", average_precision_score)):
        result = bootstrap(
            (logits[labels == 0], logits[labels == 1]),
            lambda reals, fakes, oracle=oracle: oracle(np.repeat([0, 1], [150, 60]), np.concatenate([reals, fakes])),
            n_resamples=500,
            vectorized=False,
            method="percentile",
            rng=np.random.default_rng(1),
        ).confidence_interval
        # Both are random; the standard error of the bounds is about 0.004.
        assert ours[name][1:] == pytest.approx((result.low, result.high), abs=0.015)


def test_reals_and_fakes_are_drawn_apart():
    # With two fakes, resampling all images together would omit both in an eighth of the resamples.
    labels, logits = np.array([0] * 30 + [1] * 2), np.append(np.arange(30.0), [14.5, 14.5])
    low, high = estimate_metrics(labels, logits, seed=0)["eer"][1:]
    assert 0.3 < low < 0.5 < high < 0.7


def test_bootstrap_depends_on_the_seed_alone():
    np.random.seed(0)  # noqa: NPY002 - the legacy state is what is tested
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    labels, logits = draw_group(np.random.default_rng(3), 40, 50, 0.7)
    first, again, other = (estimate_metrics(labels, logits, seed=seed, resamples=100) for seed in (1, 1, 2))
    np.testing.assert_equal(again, first)
    assert other["eer"][1:] != first["eer"][1:]
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@pytest.mark.parametrize(("labels", "logits"), [([], []), ([0, 0], [0.0, 0.0]), ([1], [0.0]), ([0, 1], [np.nan, 1.0])])
def test_one_class_and_a_broken_detector_have_no_interval(labels, logits):
    estimates = estimate_metrics(np.array(labels, dtype=np.int64), np.array(logits, dtype=np.float64), seed=0)
    assert np.isnan([estimates[name] for name in ("auroc", "average_precision", "eer", "balanced_accuracy")]).all()


@given(
    st.lists(st.integers(-5, 5), min_size=2, max_size=12),
    st.lists(st.integers(-5, 5), min_size=2, max_size=12),
)
@settings(max_examples=50, deadline=None)
def test_intervals_contain_their_values(reals, fakes):
    labels, logits = np.repeat([0, 1], [len(reals), len(fakes)]), np.array([*reals, *fakes], dtype=float)
    for name, (value, low, high) in estimate_metrics(labels, logits, seed=0, resamples=50).items():
        assert name.startswith("tpr_at") or name == "nll" or 0 <= low <= value <= high <= 1


def test_the_batches_of_a_large_group_change_nothing(monkeypatch):
    labels, logits = draw_group(np.random.default_rng(0), 30, 20, 1.0)
    monkeypatch.setattr("fakeid.evaluation.statistics.bootstrap._CELLS_AT_ONCE", 50 * 7)
    in_batches = estimate_metrics(labels, logits, seed=0)["eer"]
    monkeypatch.undo()
    # The draws come in another order, so the results agree only approximately.
    assert in_batches == pytest.approx(estimate_metrics(labels, logits, seed=0)["eer"], abs=0.03)


def test_every_metric_has_an_interval_around_it_from_the_same_draws():
    labels, logits = draw_group(np.random.default_rng(0), 500, 40, 1.0)
    estimates = estimate_metrics(labels, logits, seed=3, threshold=0.5, thresholds={"high": 1.5}, resamples=200)
    measured = metrics.measure(labels, logits, threshold=0.5, thresholds={"high": 1.5})
    assert {name: estimate.value for name, estimate in estimates.items()} == measured
    assert measured["accuracy"] == np.mean((logits >= 0.5) == labels)
    for name, (value, low, high) in estimates.items():
        assert low < value < high, name
    assert estimates["auroc"][1:] == auroc_interval(labels, logits)
    right = round(float(measured["fake_accuracy_at_high"]) * 40)
    assert estimates["fake_accuracy_at_high"][1:] == wilson_interval(right, 40)


def test_copies_of_an_image_are_no_further_evidence():
    labels, logits = draw_group(np.random.default_rng(0), 60, 60, 1.0)
    copies = labels.repeat(9), logits.repeat(9)
    fooled = estimate_metrics(*copies, seed=0)
    aware = estimate_metrics(*copies, seed=0, clusters=np.arange(120).repeat(9))
    single = estimate_metrics(labels, logits, seed=0, clusters=np.arange(120))
    for name in set(fooled) - {"tpr_at_fpr_01", "tpr_at_fpr_05"}:  # copies do not add reals
        widths = [estimate[name].high - estimate[name].low for estimate in (fooled, aware, single)]
        assert widths[1] == pytest.approx(widths[2], rel=0.1, abs=0.005), name
        assert widths[0] < 0.7 * widths[1], name


def test_clusters_agree_with_scipys_bootstrap_of_cluster_sums():
    rng = np.random.default_rng(4)
    sizes = rng.integers(1, 6, size=50)
    clusters = np.arange(50).repeat(sizes)
    logits = rng.normal(0.8, 0.5, size=50)[clusters] + rng.normal(0, 0.5, size=len(clusters))
    ours = estimate_metrics(np.ones(len(clusters), dtype=np.int64), logits, seed=0, clusters=clusters, resamples=2000)
    right = np.bincount(clusters, weights=logits >= 0)
    result = bootstrap(
        (right, sizes),
        lambda right, sizes, axis: right.sum(axis=axis) / sizes.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=2000,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    for name in ("accuracy", "fake_accuracy"):
        assert ours[name][1:] == pytest.approx((result.low, result.high), abs=0.012)
    assert np.isnan(ours["real_accuracy"]).all()
    assert np.isnan(ours["auroc"]).all()


def test_a_cluster_bootstrap_ignores_the_order_of_images():
    rng = np.random.default_rng(3)
    labels, logits = draw_group(rng, 20, 30, 0.7)
    clusters = np.array([f"scene {i}" for i in rng.integers(12, size=50)])
    shuffled = rng.permutation(50)
    first = estimate_metrics(labels, logits, seed=1, clusters=clusters, resamples=50)
    second = estimate_metrics(labels[shuffled], logits[shuffled], seed=1, clusters=clusters[shuffled], resamples=50)
    for name in first:
        np.testing.assert_allclose(first[name], second[name], atol=1e-12)


def test_a_detector_without_a_mistake_claims_no_certainty_in_any_metric():
    labels, logits = np.repeat([0, 1], [30, 10]), np.repeat([-np.inf, np.inf], [30, 10])
    pairs = np.concatenate([np.arange(30) // 2, 15 + np.arange(10) // 2])
    for clusters, real, fake in ((None, 30, 10), (pairs, 15, 5)):
        estimates = estimate_metrics(labels, logits, seed=0, clusters=clusters, resamples=20)
        assert estimates["accuracy"][1:] == wilson_interval(real + fake, real + fake)
        assert estimates["real_accuracy"][1:] == wilson_interval(real, real)
        for name in ("fake_accuracy", "balanced_accuracy", "auroc", "average_precision"):
            assert estimates[name][1:] == wilson_interval(fake, fake), name
        for name in ("eer", "ece", "brier"):
            assert estimates[name][1:] == wilson_interval(0, fake), name
        assert estimates["nll"] == (0.0, 0.0, math.inf)


def test_one_cluster_tells_nothing_and_an_infinite_mean_has_no_interval():
    labels, logits = np.array([0, 0, 1, 1]), np.array([-1.0, 1.0, 0.0, -np.inf])
    alone = estimate_metrics(labels, logits, seed=0, clusters=["a"] * 4, resamples=20)
    assert all(np.isnan(estimate[1:]).all() for estimate in alone.values())
    assert {name for name, estimate in alone.items() if np.isnan(estimate.value)} == {"tpr_at_fpr_01", "tpr_at_fpr_05"}
    nll = estimate_metrics(labels, logits, seed=0, resamples=20)["nll"]
    assert nll.value == math.inf
    assert np.isnan(nll[1:]).all()


@pytest.mark.parametrize(("labels", "logits"), [([1], [2.0]), ([0, 1], [1.0, 0.5]), ([0, 1, 1], [-1.0, 1.0, 0.2])])
def test_means_that_rest_on_a_single_image_of_a_class_have_no_interval(labels, logits):
    estimates = estimate_metrics(np.array(labels), np.array(logits), seed=0, resamples=20)
    for name in ("nll", "brier", "ece", "balanced_accuracy", "average_precision", "eer"):
        assert np.isnan(estimates[name][1:]).all(), name
    assert not np.isnan([estimates["nll"].value, estimates["brier"].value]).any()
    assert estimates["fake_accuracy"].low < 0.5 < estimates["fake_accuracy"].high + 0.51  # a Wilson interval, as always


@pytest.mark.slow
def test_the_interval_of_the_ece_covers_what_so_many_images_are_expected_to_show():
    rng = np.random.default_rng(0)

    def draw_overconfident():
        labels, logits = draw_group(rng, 150, 150, 2.0)
        return labels, (logits - 1) * 4

    expected = np.mean([float(metrics.measure(*draw_overconfident())["ece"]) for _ in range(300)])
    estimates = [estimate_metrics(*draw_overconfident(), seed=i, resamples=200)["ece"] for i in range(150)]
    coverage = np.mean([low <= expected <= high for _, low, high in estimates])
    assert 0.88 <= coverage <= 1.0


@pytest.mark.parametrize(("num", "covers"), [(5, (0.75, 0.88)), (LEAST_CLUSTERS, (0.9, 1.0))])
def test_clusters_are_believed_from_where_they_cover(num, covers):
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(150):
        labels, clusters = np.repeat([0, 1], num * 5), np.arange(2 * num).repeat(5)
        noise = rng.normal(size=2 * num)[clusters] + rng.normal(size=len(labels))  # scenes give half of the variance
        logits = np.sqrt(0.5) * noise + np.where(labels, 0.9, -0.9)
        _, low, high = estimate_metrics(labels, logits, seed, clusters=clusters, resamples=300)["accuracy"]
        held += low <= norm.cdf(0.9) <= high
    assert covers[0] <= held / 150 <= covers[1]


@pytest.mark.slow
def test_a_hundred_thousand_images_take_seconds():
    start = time.process_time()
    estimate_metrics(*draw_group(np.random.default_rng(0), 50_000, 50_000, 1.0), seed=0, resamples=200)
    assert time.process_time() - start < 30  # 5 s of an idle core
