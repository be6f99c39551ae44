"""The outcome depends on the seed, not on the process that draws."""

import io

import numpy as np
from rich.console import Console

from fakeid.benchmarks.statistics.coverage import OneConfiguration
from fakeid.benchmarks.statistics.draws import Outcome, Plan, Point, simulate_points
from fakeid.benchmarks.statistics.pairs import TwoConfigurations

PLANS = [Plan(OneConfiguration(1, 0.03, 20), 13), Plan(TwoConfigurations(2, 0.03, 0.1, 20), 4)]


def simulate(plans: list[Plan], *, seed: int = 0, processes: int = 1) -> dict[Point, Outcome]:
    return simulate_points(plans, seed, processes, Console(file=io.StringIO()))


def same(first: Outcome, second: Outcome) -> bool:
    return first.keys() == second.keys() and all(
        np.array_equal(first[name], second[name], equal_nan=True) for name in first
    )


def test_any_number_of_processes_draws_the_same() -> None:
    alone, shared = simulate(PLANS), simulate(PLANS, processes=2)
    assert list(alone) == list(shared) == [plan.point for plan in PLANS]
    for point, repeats in PLANS:
        assert same(alone[point], shared[point])
        assert all(len(values) == repeats for values in alone[point].values())


def test_the_seed_decides_and_further_draws_come_behind() -> None:
    point = PLANS[0].point
    first, longer = simulate(PLANS[:1])[point], simulate([Plan(point, 20)])[point]
    assert same(first, {name: values[:13] for name, values in longer.items()})
    assert len(np.unique(longer["width"])) > 5
    assert not same(first, simulate(PLANS[:1], seed=1)[point])
