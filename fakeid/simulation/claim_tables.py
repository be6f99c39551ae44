"""The tables of false claims: of whole pages, of `compare`, and of single options."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Final

from fakeid.reporting.judged import LEVEL
from fakeid.simulation.claims import LAYOUTS, METRICS, NullPage
from fakeid.simulation.effects import SETTINGS, NullEffect
from fakeid.simulation.pairs import TwoDetectors
from fakeid.simulation.points import Outcome, Plan, Point
from fakeid.simulation.rates import RateTable, describe_error, write_claims, write_mean

SEEDS: Final = (1, 2, 3, 5)
DEVIATIONS: Final = (0.03, 0.065)
UNLIKE: Final = (0.5, 1.0, 1.5)
EFFECT_SEEDS: Final = 3

NAMES: Final = {"accuracy": "accuracy", "auroc": "AUROC"}
_GRIDS: Final = {
    2: "2: two colors, k = 10",
    9: "9: 3 colors x 3 dropouts, k = 10",
    12: "12: 4 settings, k = 1, 5, 10",
    20: "20: 2 settings, k = 1 ... 10",
}
_TABLES: Final = {
    "settings": "configurations",
    "categories": "categories",
    "best": "best",
    "effects": "options",
    "any": "any table",
}


def plan_claims(pages: int) -> list[Plan]:
    """What to draw: each page so often."""
    points: list[Point] = [NullPage(*one) for one in product(LAYOUTS, SEEDS, DEVIATIONS)]
    points += [TwoDetectors(seeds, deviation, 0.0) for seeds, deviation in product(SEEDS, DEVIATIONS)]
    points += [NullEffect(pairs, EFFECT_SEEDS, unlike) for pairs, unlike in product(SETTINGS, UNLIKE)]
    return [Plan(point, pages) for point in points]


def tabulate_claims(outcomes: Mapping[Point, Outcome], pages: int) -> list[RateTable]:
    """One table of reports for each scatter of the runs, and one of `compare`."""
    tables = [_tabulate_pages(outcomes, deviation) for deviation in DEVIATIONS]
    return [replace(table, note=_note(pages)) for table in (*tables, _tabulate_comparisons(outcomes))]


def tabulate_effects(outcomes: Mapping[Point, Outcome], pages: int) -> list[RateTable]:
    """One table: of an option that helps here and hurts there."""
    return [replace(_tabulate_effects(outcomes), note=_note(pages))]


def _note(pages: int) -> str:
    return f"{pages:,} pages a row: a rate of 5 % is known to {describe_error(pages)}."


def _tabulate_pages(outcomes: Mapping[Point, Outcome], deviation: float) -> RateTable:
    rows = []
    for size, seeds in product(LAYOUTS, SEEDS):
        found = outcomes[NullPage(size, seeds, deviation)]
        claims = [write_claims(found.get(name)) for name in (*_TABLES, "answer")]
        rows.append((_GRIDS[size], str(seeds), *claims, write_mean(found.get("trends"), LEVEL)))
    columns = ("configurations of the grid", "seeds", *_TABLES.values(), "answer", "a slope")
    return RateTable(f"Report, runs scatter by {100 * deviation:g} points", columns, tuple(rows))


def _tabulate_comparisons(outcomes: Mapping[Point, Outcome]) -> RateTable:
    columns = tuple(f"runs scatter by {100 * deviation:g} points" for deviation in DEVIATIONS)
    rows = []
    for seeds in SEEDS:
        found = [outcomes[TwoDetectors(seeds, deviation, 0.0)] for deviation in DEVIATIONS]
        rows.append((str(seeds), *(write_claims(one.get("any")) for one in found)))
    return RateTable("compare of two configurations: any of its groups", ("seeds", *columns), tuple(rows))


def _tabulate_effects(outcomes: Mapping[Point, Outcome]) -> RateTable:
    rows = []
    for pairs, unlike in product(SETTINGS, UNLIKE):
        found = outcomes[NullEffect(pairs, EFFECT_SEEDS, unlike)]
        kinds = product(("interval", "effect", "any"), METRICS)
        rows.append(
            (str(pairs), f"{unlike:g}", *(write_claims(found.get(f"{kind} {metric}")) for kind, metric in kinds))
        )
    kinds = product(("interval", "claim", "any option"), NAMES.values())
    return RateTable(
        f"An option whose mean effect is 0, {EFFECT_SEEDS} seeds",
        ("pairs of configurations", "scatter of its effect, logits", *(f"{kind}, {name}" for kind, name in kinds)),
        tuple(rows),
    )
