"""Planted differences are detected, and without differences almost nothing is claimed."""

import math

import numpy as np
import pytest
from scipy.stats import binom

from fakeid.benchmarks.statistics.claims import (
    ACCURACY,
    LAYOUTS,
    METRICS,
    NullEffect,
    NullPage,
    count_claims,
    has_claim,
)
from fakeid.benchmarks.statistics.draws import Point
from fakeid.benchmarks.statistics.pages import draw_page
from fakeid.benchmarks.statistics.pairs import TwoConfigurations, TwoDetectors
from fakeid.benchmarks.statistics.scores import calibrate_model
from fakeid.reporting.sweep.effects import measure_effects

LARGE, MANY = 0.2, 8
"""Accuracy difference and number of seeds that no test should miss."""


def draw(point: Point, repeats: int) -> dict[str, np.ndarray]:
    drawn = [point.simulate(np.random.default_rng(seed)) for seed in range(repeats)]
    return {name: np.array([one[name] for one in drawn]) for name in drawn[0]}


@pytest.mark.parametrize(("side", "seen", "unseen"), [(1, "better", "worse"), (-1, "worse", "better")])
def test_a_large_difference_is_always_seen(side: int, seen: str, unseen: str) -> None:
    found = draw(TwoConfigurations(MANY, 0.03, side * LARGE), 5)
    for metric in METRICS:
        assert found[f"{seen} {metric}"].all()
        assert not found[f"{unseen} {metric}"].any()


def test_more_seeds_see_more() -> None:
    few, many = (draw(TwoConfigurations(seeds, 0.03, 0.08), 20)["better accuracy"].mean() for seeds in (2, MANY))
    assert few < 0.5 < many


def test_compare_sees_it_too() -> None:
    found = draw(TwoDetectors(MANY, 0.03, LARGE), 1)
    assert found["better accuracy"].all()
    assert found["any"].all()


@pytest.mark.parametrize("size", [2, 12])
def test_a_page_of_one_seed_says_nothing_of_configurations(size: int) -> None:
    found = NullPage(size, 1, 0.065, per_class=20).simulate(np.random.default_rng(0))
    assert not any(found[table] > 0 for table in ("settings", "categories", "best", "effects", "any", "answer"))


def test_compare_of_one_run_each_says_nothing() -> None:
    found = draw(TwoDetectors(1, 0.065, LARGE), 1)
    assert not found["any"].any()


def test_hardly_anything_is_claimed_where_there_is_nothing() -> None:
    repeats = 60
    found = draw(NullPage(2, 3, 0.03), repeats)
    for table in ("settings", "best"):
        assert found[table].sum() <= binom.isf(0.001, repeats, 0.05)


def test_a_planted_difference_is_in_every_table_that_has_it() -> None:
    model, layout = calibrate_model(ACCURACY, 0.03), LAYOUTS[2]
    signals = [model.find_signal(accuracy) for accuracy in (ACCURACY - LARGE / 2, ACCURACY + LARGE / 2)]
    found = count_claims(draw_page(layout, MANY, model, signals, 100, np.random.default_rng(0)).runs)
    assert found["answer"] == 1
    assert found["settings"] == found["best"] == found["any"] == 1
    assert math.isnan(found["categories"])  # both configurations have ten categories
    assert math.isnan(found["trends"])


def test_effects_are_corrected_together_with_all_claims_of_a_page() -> None:
    model = calibrate_model(ACCURACY, 0.065)
    signals = [model.find_signal(ACCURACY)] * len(LAYOUTS[20])
    page = draw_page(LAYOUTS[20], 2, model, signals, 20, np.random.default_rng(45))  # a draw with a large effect
    assert any(has_claim(effect, metric) for effect in measure_effects(page.runs) for metric in METRICS)
    assert count_claims(page.runs)["effects"] == 0


def test_an_option_is_looked_at_in_every_way() -> None:
    found = NullEffect(4, 3, 1.0, per_class=20).simulate(np.random.default_rng(0))
    assert set(found) == {f"{kind} {metric}" for kind in ("interval", "effect", "any") for metric in METRICS}
    assert set(found.values()) <= {0.0, 1.0}
    for metric in METRICS:
        assert found[f"effect {metric}"] <= found[f"any {metric}"]
