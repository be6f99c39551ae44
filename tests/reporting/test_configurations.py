import math
from dataclasses import replace
from statistics import mean

import numpy as np
import pytest
from scipy.stats import norm, t, ttest_1samp

from fakeid.config.constants import DEMO_CATEGORIES
from fakeid.errors import DataError
from fakeid.evaluation.records.results import UNKNOWN, CategoryGroup, Estimate
from fakeid.evaluation.statistics.intervals import wilson_interval
from fakeid.reporting.sweep.configurations import FinishedRun, collect_configurations, order_categories


def test_seeds_are_averaged_with_an_interval_over_runs_and_images(invented):
    runs = [invented(5, seed, skill=0.5 + 0.2 * seed) for seed in range(3)]
    (configuration,) = collect_configurations(runs)
    values = [mean(run.summary.categories[name].read("accuracy").value for name in DEMO_CATEGORIES[5:]) for run in runs]
    expected = ttest_1samp(values, 0).confidence_interval(0.95)
    unseen = configuration.average(seen=False)
    assert unseen.value == pytest.approx(np.mean(values))
    right = np.array([
        np.concatenate([(run.images[name].logit >= 0) == (run.images[name].label == 1) for name in DEMO_CATEGORIES[5:]])
        for run in runs
    ])  # fmt: skip
    shared = np.mean([np.cov(right[i], right[j])[0, 1] for i, j in ((0, 1), (0, 2), (1, 2))]) / right.shape[1]
    margin = math.hypot(expected.high - np.mean(values), norm.ppf(0.975) * math.sqrt(shared))
    assert shared > 0
    assert unseen.low == pytest.approx(np.mean(values) - margin, abs=2e-3)  # there, stratified by category
    assert unseen.high == pytest.approx(min(1, np.mean(values) + margin), abs=2e-3)
    step = t.ppf(0.975, 2) * np.std(values, ddof=1) * math.sqrt(1 + 1 / 3)
    assert (unseen.next_low, unseen.next_high) == pytest.approx(
        (np.mean(values) - step, min(1, np.mean(values) + step))
    )


def test_one_seed_keeps_its_interval_over_images(invented):
    (configuration,) = collect_configurations([invented(5)])
    found, expected = configuration.average(seen=False), configuration.runs[0].summary.unseen.read("accuracy")
    assert [found.value, found.low, found.high] == pytest.approx([expected.value, expected.low, expected.high])
    assert (
        configuration.measure("coral", "auroc").low
        == configuration.runs[0].summary.categories["coral"].read("auroc").low
    )
    assert found.next_low is None


def test_categories_of_unequal_size_count_equally(invented):
    run = invented(9)
    sizes = {"skyline": (0.9, 5), "coral": (0.6, 45)}
    changed = {
        name: CategoryGroup(half, half, {"accuracy": Estimate(value)}, seen=False)
        for name, (value, half) in sizes.items()
    }
    summary = replace(run.summary, categories={**run.summary.categories, **changed})
    unseen = FinishedRun(run.name, summary, run.images).average(seen=False)
    assert unseen.value == pytest.approx(0.75)
    # The variance of the average is that of 4 / (1/10 + 1/90) = 36 images.
    assert (unseen.low, unseen.high) == pytest.approx(wilson_interval(27, 36))


def test_configurations_are_ordered_by_setting_and_categories(invented):
    runs = [invented(k, seed, color) for k in (5, 1) for seed in (1, 0) for color in ("hsv", "rgb")]
    assert [(each.name, each.seeds) for each in collect_configurations(runs)] == [
        (f"Pelee+HPF, {color}, dropout 0 at {number}", [0, 1])
        for color in ("RGB", "HSV")
        for number in ("1 category", "5 categories")
    ]


def test_all_categories_are_counted(invented):
    (configuration,) = collect_configurations([invented(None)])
    assert configuration.categories == 10


def test_the_same_run_twice_is_refused(invented):
    twin = FinishedRun("copy", invented(5).summary, invented(5).images)
    with pytest.raises(DataError, match="categories=5 and seed=0, got two .*leave one out"):
        collect_configurations([invented(5), twin])


def test_columns_are_in_training_order_with_the_held_out_category_last(invented):
    assert order_categories(collect_configurations([invented(2), invented(5)])) == list(DEMO_CATEGORIES)


def test_a_detector_that_broke_down_has_no_average(invented):
    run = invented(5)
    broken = CategoryGroup(20, 20, {"accuracy": UNKNOWN}, seen=False)
    summary = replace(run.summary, categories={**run.summary.categories, "coral": broken})
    (configuration,) = collect_configurations([FinishedRun("a", summary, run.images), invented(5, 1)])
    assert configuration.average(seen=False).value is None
    assert configuration.average(seen=True).value is not None
