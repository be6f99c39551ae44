"""How many seeds it takes to see a difference."""

from collections.abc import Mapping
from itertools import product
from typing import Final

import numpy as np

from fakeid.simulation.claim_tables import DEVIATIONS, NAMES
from fakeid.simulation.pairs import TwoConfigurations, TwoDetectors
from fakeid.simulation.points import Outcome, Plan, Point
from fakeid.simulation.rates import RateTable, describe_error, write_rate

SEEDS: Final = (2, 3, 5, 8, 10)
DIFFERENCES: Final = (0.03, 0.05, 0.1)
SIZES: Final = (100, 1000)
WANTED: Final = 0.8


def plan_power(pages: int) -> list[Plan]:
    """What to draw: each page so often."""
    points: list[Point] = [TwoConfigurations(*one) for one in product(SEEDS, DEVIATIONS, DIFFERENCES, SIZES)]
    points += [TwoDetectors(*one) for one in product(SEEDS, DEVIATIONS, DIFFERENCES)]
    return [Plan(point, pages) for point in points]


def tabulate_power(outcomes: Mapping[Point, Outcome], pages: int) -> list[RateTable]:
    """Of a report over two configurations, by the number of test images, and of `compare`."""
    tables = []
    for per_class, metric in product(SIZES, NAMES):
        found = {key: outcomes[TwoConfigurations(*key, per_class)] for key in product(SEEDS, DEVIATIONS, DIFFERENCES)}
        title = f"Report, {NAMES[metric]}, {per_class:,} + {per_class:,} held-out images"
        wrong = max(float(np.mean(outcome[f"worse {metric}"])) for outcome in found.values())
        tables.append(_tabulate(title, found, metric, pages, wrong))
    compared = {key: outcomes[TwoDetectors(*key)] for key in product(SEEDS, DEVIATIONS, DIFFERENCES)}
    tables.append(_tabulate("compare, accuracy, its row of the held-out category", compared, "accuracy", pages))
    return tables


def _tabulate(
    title: str,
    outcomes: Mapping[tuple[int, float, float], Outcome],
    metric: str,
    pages: int,
    wrong: float | None = None,
) -> RateTable:
    rows = []
    for deviation, difference in product(DEVIATIONS, DIFFERENCES):
        found = {seeds: outcomes[seeds, deviation, difference][f"better {metric}"] for seeds in SEEDS}
        enough = next((str(seeds) for seeds in SEEDS if found[seeds].mean() >= WANTED), f"> {SEEDS[-1]}")
        rates = (write_rate(found[seeds]) for seeds in SEEDS)
        rows.append((f"{100 * deviation:g}", f"{100 * difference:g}", *rates, enough))
    columns = (
        "runs scatter by, points", "true difference, points", *(f"{seeds} seeds" for seeds in SEEDS),
        f"seeds for {100 * WANTED:g} %",
    )  # fmt: skip
    note = f"{pages:,} pages a number: a rate of 50 % is known to {describe_error(pages, 0.5)}."
    if wrong is not None:
        note += f" The wrong one was called better in at most {100 * wrong:.1f} % of the pages of a number."
    return RateTable(title, columns, tuple(rows), note)
