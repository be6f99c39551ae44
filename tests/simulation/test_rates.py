"""Bold is what chance explains in one draw of a thousand at most: against scipy's tests."""

import numpy as np
import pytest
from scipy.stats import binom, ttest_1samp

from fakeid.simulation.coverage_tables import plan_coverage
from fakeid.simulation.power_tables import plan_power, tabulate_power
from fakeid.simulation.rates import (
    RateTable,
    describe_error,
    is_bold,
    render_rates_markdown,
    write_claims,
    write_coverage,
    write_mean,
    write_rate,
)
from fakeid.simulation.seeds import OneConfiguration

TRIALS = 200


def draw_flags(hits: int) -> np.ndarray:
    return np.repeat([1.0, 0.0, np.nan], [hits, TRIALS - hits, 7])


def test_rates_are_bold_where_they_break_their_promise() -> None:
    cells = [(write_claims(draw_flags(hits)), write_coverage(draw_flags(hits))) for hits in range(TRIALS + 1)]
    most = int(binom.isf(0.001, TRIALS, 0.05))  # more hits than that have less than this chance
    assert [hits for hits, (claims, _) in enumerate(cells) if is_bold(claims)] == list(range(most + 1, TRIALS + 1))
    assert [hits for hits, (_, coverage) in enumerate(cells) if is_bold(coverage)] == list(range(TRIALS - most))
    for hits, both in enumerate(cells):
        assert {cell.strip("*") for cell in both} == {write_rate(draw_flags(hits))} == {f"{hits / 2:.1f}"}


@pytest.mark.parametrize("number", [3, 10, 400])
def test_means_are_bold_where_they_are_above_their_limit(number: int) -> None:
    rng, bold = np.random.default_rng(0), []
    for excess in np.linspace(0, 0.1, 30):
        values = rng.normal(0.05 + excess, 0.03, number)
        bold.append(is_bold(text := write_mean(np.append(values, np.nan), 0.05)))
        assert bold[-1] == (ttest_1samp(values, 0.05, alternative="greater").pvalue < 0.001)
        assert text.strip("*") == write_mean(values) == f"{100 * values.mean():.1f}"
    assert any(bold) == (number > 3)  # so few values prove little


@pytest.mark.parametrize("write", [write_claims, write_coverage, write_rate, write_mean])
@pytest.mark.parametrize("nothing", [None, np.empty(0), np.array([np.nan])])
def test_nothing_known_is_a_dash(write: object, nothing: np.ndarray | None) -> None:
    assert callable(write)
    assert write(nothing) == "\N{EN DASH}"


def test_tables_in_markdown_are_read_with_their_error() -> None:
    assert describe_error(200) == "± 3.1 points"
    assert describe_error(100, 0.5) == "± 10.0 points"
    table = RateTable("Title", ("what", "rate"), (("one", "5.0"), ("two", "**9.0**")), "A note.")
    assert render_rates_markdown(table) == (
        "**Title**\n\n| what | rate |\n| --- | ---: |\n| one | 5.0 |\n| two | **9.0** |\n\nA note."
    )


def test_power_names_the_least_number_of_seeds() -> None:
    outcomes = {}
    for point, repeats in plan_power(10):
        hits = 8 if point.difference >= 0.1 and point.seeds >= 5 else 7
        flags = np.repeat([1.0, 0.0], [hits, repeats - hits])
        outcomes[point] = {
            f"{what} {metric}": flags for what in ("better", "worse") for metric in ("accuracy", "auroc")
        }
    tables = tabulate_power(outcomes, 10)
    assert len(tables) == 5
    for table in tables:
        assert table.rows[2] == ("3", "10", "70.0", "70.0", "80.0", "80.0", "80.0", "5")
        assert table.rows[0] == ("3", "3", "70.0", "70.0", "70.0", "70.0", "70.0", "> 10")
    assert "in at most 80.0 % of the pages" in tables[0].note


def test_cheap_points_are_drawn_more_often() -> None:
    repeats = {plan.point: plan.repeats for plan in plan_coverage(200)}
    assert repeats[OneConfiguration(3, 0.03, 100)] == 1000
