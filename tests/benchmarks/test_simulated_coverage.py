"""The true values that intervals should cover are the limits for ever more images and runs."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binom

from fakeid.benchmarks.statistics import coverage
from fakeid.benchmarks.statistics.coverage import OneConfiguration, OneRun, Validated, find_truths
from fakeid.benchmarks.statistics.draws import Point
from fakeid.benchmarks.statistics.pairs import TwoConfigurations
from fakeid.config.constants import FAKE, REAL
from fakeid.evaluation.fit_calibration import fit_calibration
from fakeid.evaluation.metrics import measure

MANY = 200_000


def count_held(point: Point, names: tuple[str, ...], repeats: int) -> dict[str, int]:
    drawn = [point.simulate(np.random.default_rng(seed)) for seed in range(repeats)]
    return {name: round(sum(one[name] for one in drawn)) for name in names}


@pytest.mark.parametrize("auroc", [0.75, 0.99])
def test_truths_of_one_run_are_what_ever_more_images_show(auroc: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "_FIGURES", 1)
    run = OneRun(auroc, MANY)
    truths = find_truths(run)
    label, logit, _ = run.draw(np.random.default_rng(1))
    measured = measure(label, logit)
    for name, truth in truths.items():
        assert measured[name] == pytest.approx(truth, abs=0.005), name


def test_images_of_a_cluster_share_half_of_their_variance() -> None:
    run = OneRun(0.9, 20_000, in_cluster=2)
    label, logit, clusters = run.draw(np.random.default_rng(0))
    assert np.array_equal(np.unique(clusters, return_counts=True)[1], np.full(40_000, 2))
    assert all(len(set(pair)) == 1 for pair in label.reshape(-1, 2))
    reals = logit[label == REAL].reshape(-1, 2)
    assert np.corrcoef(reals.T)[0, 1] == pytest.approx(0.5, abs=0.03)
    assert reals.std() == pytest.approx(run.distance, rel=0.03)


def test_metrics_without_an_interval_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "_FIGURES", 1)
    found = OneRun(0.9, 20).simulate(np.random.default_rng(0))
    assert np.isnan(found["tpr_at_fpr_01"])
    assert found["accuracy"] in (0.0, 1.0)


@pytest.mark.parametrize("seeds", [2, 3])
def test_means_over_seeds_and_the_next_run_keep_their_promise(seeds: int) -> None:
    held = count_held(OneConfiguration(seeds, 0.03, 100), ("accuracy", "auroc", "next"), repeats := 60)
    assert all(hits >= binom.ppf(0.001, repeats, 0.95) for hits in held.values()), held


def test_one_run_promises_nothing_of_the_next() -> None:
    found = OneConfiguration(1, 0.03, 100).simulate(np.random.default_rng(0))
    assert set(found) == {"accuracy", "width"}
    held = count_held(OneConfiguration(1, 0.065, 1000), ("accuracy",), repeats := 20)
    assert held["accuracy"] < binom.ppf(0.001, repeats, 0.95)  # this interval covers test images only


@pytest.mark.parametrize("seeds", [1, 3])
def test_differences_hold_what_is_true_of_these_runs_or_of_all(seeds: int) -> None:
    point = TwoConfigurations(seeds, 0.065, 0.05)
    held = count_held(point, ("holds accuracy", "holds auroc"), repeats := 60)
    assert all(hits >= binom.ppf(0.001, repeats, 0.95) for hits in held.values()), held


def test_a_threshold_does_to_new_images_what_is_said() -> None:
    point = Validated(0.97, 300)
    found = point.simulate(np.random.default_rng(0))
    label, logit, _ = OneRun(point.auroc, point.per_class).draw(np.random.default_rng(0))
    calibration = fit_calibration(label, logit)
    assert calibration is not None
    label, logit, _ = OneRun(point.auroc, MANY).draw(np.random.default_rng(1))
    called, p_fake = logit >= calibration.threshold, expit(calibration.apply(logit))
    unsure = (p_fake >= calibration.unsure_low) & (p_fake <= calibration.unsure_high)
    reals = called[label == REAL].mean()
    assert found["rate"] == pytest.approx(reals, abs=0.003)
    assert found["above"] == (reals > 0.05)
    assert found["bounds"] == (calibration.false_positive_low <= reals <= calibration.false_positive_high) == 1
    assert found["unsure"] == pytest.approx(unsure.mean(), abs=0.005)
    assert found["error called fake"] == pytest.approx((label[called & ~unsure] == REAL).mean(), abs=0.005)
    assert found["error called real"] == pytest.approx((label[~called & ~unsure] == FAKE).mean(), abs=0.005)
