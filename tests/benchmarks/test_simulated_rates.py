"""A rate is bold if chance explains it in at most one draw of a thousand; checked with scipy's tests."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binom, ttest_1samp

from fakeid.benchmarks.statistics.coverage import OneConfiguration
from fakeid.benchmarks.statistics.pairs import TwoConfigurations, TwoDetectors
from fakeid.benchmarks.statistics.rates import COVERAGE, FALSE_CLAIMS, build_mean, build_rate, describe_error
from fakeid.benchmarks.statistics.tables import plan_draws, tabulate_power
from fakeid.reporting.formatting import format_cell
from fakeid.reporting.table import Cell, Form, Row, Tone

TRIALS = 200


def is_bad(cell: Cell) -> bool:
    return cell.tone is Tone.BAD


def write(row: Row) -> tuple[str, ...]:
    return tuple(format_cell(cell, Form.PERCENT) for cell in row.cells)


def draw_flags(hits: int) -> np.ndarray:
    return np.repeat([1.0, 0.0, np.nan], [hits, TRIALS - hits, 7])


def test_rates_are_marked_where_they_break_their_promise() -> None:
    cells = [[build_rate(draw_flags(hits), each) for each in (FALSE_CLAIMS, COVERAGE)] for hits in range(TRIALS + 1)]
    most = int(binom.isf(0.001, TRIALS, 0.05))  # chance of more hits than this is below 0.001
    assert [hits for hits, (claims, _) in enumerate(cells) if is_bad(claims)] == list(range(most + 1, TRIALS + 1))
    assert [hits for hits, (_, coverage) in enumerate(cells) if is_bad(coverage)] == list(range(TRIALS - most))
    for hits, both in enumerate(cells):
        assert {cell.value for cell in both} == {hits / TRIALS}
        assert build_rate(draw_flags(hits)) == Cell(hits / TRIALS)


@pytest.mark.parametrize("number", [3, 10, 400])
def test_means_are_marked_where_they_are_above_their_limit(number: int) -> None:
    rng, marked = np.random.default_rng(0), []
    for excess in np.linspace(0, 0.1, 30):
        values = rng.normal(0.05 + excess, 0.03, number)
        cell = build_mean(np.append(values, np.nan), 0.05)
        marked.append(is_bad(cell))
        assert marked[-1] == (ttest_1samp(values, 0.05, alternative="greater").pvalue < 0.001)
        assert build_mean(values) == Cell(cell.value)
        assert cell.value == pytest.approx(values.mean())
    assert any(marked) == (number > 3)  # too few values to prove much


@pytest.mark.parametrize("build", [build_rate, build_mean])
@pytest.mark.parametrize("nothing", [None, np.empty(0), np.array([np.nan])])
def test_nothing_known_is_an_empty_cell(build: Callable[..., Cell], nothing: np.ndarray | None) -> None:
    assert build(nothing) == Cell()


def test_errors_are_two_standard_errors() -> None:
    assert describe_error(200) == "± 3.1 points"
    assert describe_error(100, 0.5) == "± 10.0 points"


def test_power_names_the_least_number_of_seeds() -> None:
    outcomes = {}
    for point, repeats in plan_draws(10):
        if not isinstance(point, TwoConfigurations | TwoDetectors):
            continue
        hits = 8 if point.difference >= 0.1 and point.seeds >= 5 else 7
        flags = np.repeat([1.0, 0.0], [hits, repeats - hits])
        outcomes[point] = {
            f"{what} {metric}": flags for what in ("better", "worse") for metric in ("accuracy", "auroc")
        }
    tables = tabulate_power(outcomes, 10)
    assert len(tables) == 5
    for table in tables:
        assert write(table.rows[2]) == ("3", "10", "70.0", "70.0", "80.0", "80.0", "80.0", "5")
        assert write(table.rows[0]) == ("3", "3", "70.0", "70.0", "70.0", "70.0", "70.0", "> 10")
    assert "on at most 80.0 % of the pages" in tables[0].notes[0]


def test_cheap_points_are_drawn_more_often() -> None:
    repeats = {plan.point: plan.repeats for plan in plan_draws(200)}
    assert repeats[OneConfiguration(3, 0.03, 100)] == 1000
