"""The tables of the simulation (false claims, coverage, power), and the draws that they need."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Final, TypeAlias

import numpy as np

from fakeid.benchmarks.statistics.claims import LAYOUTS, METRICS, SETTINGS, NullEffect, NullPage
from fakeid.benchmarks.statistics.coverage import AUROCS, OneConfiguration, OneRun, Validated
from fakeid.benchmarks.statistics.draws import Outcome, Plan, Point
from fakeid.benchmarks.statistics.pairs import TwoConfigurations, TwoDetectors
from fakeid.benchmarks.statistics.rates import COVERAGE, FALSE_CLAIMS, build_mean, build_rate, describe_error
from fakeid.evaluation.ranking import Floats
from fakeid.reporting.significance import LEVEL
from fakeid.reporting.table import Cell, Column, Form, Table, Value

Outcomes: TypeAlias = Mapping[Point, Outcome]
_Cells: TypeAlias = Sequence[Cell | Value]

_SEEDS: Final = (1, 2, 3, 5)
_DEVIATIONS: Final = (0.03, 0.065)
_NAMES: Final = {"accuracy": "accuracy", "auroc": "AUROC"}

_GRIDS: Final = {
    2: "2: two colors, k = 10",
    9: "9: 3 colors x 3 dropouts, k = 10",
    12: "12: 4 settings, k = 1, 5, 10",
    20: "20: 2 settings, k = 1 ... 10",
}
_CLAIMS: Final = {
    "settings": "configurations",
    "categories": "categories",
    "best": "best",
    "effects": "options",
    "any": "any table",
    "answer": "answer",
}
_UNLIKE: Final = (0.5, 1.0, 1.5)
_EFFECT_SEEDS: Final = 3

_MORE: Final = 5
"""Draws per page of points that are cheap to draw; coverage needs many."""
_SIZES: Final = (50, 100, 1000)
_TEST_SIZES: Final = (100, 1000)
_IN_CLUSTER: Final = 5
_RUNS: Final = [OneRun(*one) for one in product(AUROCS, _SIZES)]
_CLUSTERED: Final = [OneRun(*one, _IN_CLUSTER) for one in product((0.75, 0.9), (5, 10, 20, 50))]
_MEANS: Final = [OneConfiguration(*one) for one in product(_SEEDS, _DEVIATIONS, _TEST_SIZES)]
_PAIRS: Final = [TwoConfigurations(*one) for one in product(_SEEDS, _DEVIATIONS, (0.0, 0.05), _TEST_SIZES)]
_VALIDATED: Final = [Validated(*one) for one in product((0.9, 0.99), _SIZES)]
_METRIC_NAMES: Final = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "auroc": "AUROC",
    "average_precision": "average precision",
    "eer": "EER",
    "tpr_at_fpr_01": "TPR at 1 % FPR",
    "tpr_at_fpr_05": "TPR at 5 % FPR",
    "ece": "ECE",
    "nll": "NLL",
    "brier": "Brier",
}

_POWER_SEEDS: Final = (2, 3, 5, 8, 10)
_DIFFERENCES: Final = (0.03, 0.05, 0.1)
_WANTED: Final = 0.8
_POWER: Final = list(product(_POWER_SEEDS, _DEVIATIONS, _DIFFERENCES))


def plan_draws(pages: int) -> list[Plan]:
    """List the points that the tables need, each once: most are drawn `pages` times, cheap ones more often."""
    points: list[Point] = [NullPage(*one) for one in product(LAYOUTS, _SEEDS, _DEVIATIONS)]
    points += [TwoDetectors(*one, 0.0) for one in product(_SEEDS, _DEVIATIONS)]
    points += [NullEffect(pairs, _EFFECT_SEEDS, unlike) for pairs, unlike in product(SETTINGS, _UNLIKE)]
    points += [*_RUNS, *_CLUSTERED, *_MEANS, *_VALIDATED, *_PAIRS]
    points += [TwoConfigurations(*one, size) for one, size in product(_POWER, _TEST_SIZES)]
    points += [TwoDetectors(*one) for one in _POWER]
    return [Plan(point, pages * _count(point)) for point in dict.fromkeys(points)]


def _count(point: Point) -> int:
    if isinstance(point, OneRun) and point.per_class == max(_SIZES):
        return 2
    return _MORE if isinstance(point, OneRun | OneConfiguration | Validated) else 1


def tabulate_claims(outcomes: Outcomes, pages: int) -> list[Table]:
    """Tabulate the false claims of reports, by the scatter of their runs, and those of `compare`."""
    tables = []
    for deviation in _DEVIATIONS:
        rows: list[_Cells] = []
        for size, seeds in product(LAYOUTS, _SEEDS):
            found = outcomes[NullPage(size, seeds, deviation)]
            claims = [build_rate(found.get(name), FALSE_CLAIMS) for name in _CLAIMS]
            rows.append((_GRIDS[size], f"{seeds}", *claims, build_mean(found.get("trends"), LEVEL)))
        headings = ("configurations in the grid", "seeds", *_CLAIMS.values(), "slope")
        title = f"Report, runs scatter by {_points(deviation)} points"
        tables.append(_build(title, headings, rows, _note_pages(pages)))
    compared: list[_Cells] = []
    for seeds in _SEEDS:
        drawn = [outcomes[TwoDetectors(seeds, deviation, 0.0)]["any"] for deviation in _DEVIATIONS]
        compared.append((f"{seeds}", *(build_rate(each, FALSE_CLAIMS) for each in drawn)))
    headings = ("seeds", *(f"runs scatter by {_points(deviation)} points" for deviation in _DEVIATIONS))
    return [*tables, _build("compare, two configurations: any group", headings, compared, _note_pages(pages))]


def tabulate_effects(outcomes: Outcomes, pages: int) -> list[Table]:
    """Tabulate the false claims about an option that helps in some settings and hurts in others."""
    kinds = [f"{kind} {metric}" for kind, metric in product(("interval", "effect", "any"), METRICS)]
    rows: list[_Cells] = []
    for pairs, unlike in product(SETTINGS, _UNLIKE):
        found = outcomes[NullEffect(pairs, _EFFECT_SEEDS, unlike)]
        rows.append((f"{pairs}", f"{unlike:g}", *(build_rate(found.get(kind), FALSE_CLAIMS) for kind in kinds)))
    names = [f"{kind}, {name}" for kind, name in product(("interval", "claim", "any option"), _NAMES.values())]
    title = f"An option whose mean effect is 0, {_EFFECT_SEEDS} seeds"
    headings = ("pairs of configurations", "scatter of the effect, logits", *names)
    return [_build(title, headings, rows, _note_pages(pages))]


def tabulate_coverage(outcomes: Outcomes, pages: int) -> list[Table]:
    """Tabulate the coverage of intervals of runs, clusters, means and differences, and the chosen thresholds."""
    many = _note_draws(pages * _MORE)
    held = "held-out images"
    scatter = "scatter of runs, points"
    return [
        _tabulate_runs("One run, independent images", "images per class", _RUNS, outcomes, many),
        _tabulate_runs(f"One run, clusters of {_IN_CLUSTER} images", "clusters per class", _CLUSTERED, outcomes, many),
        _build(
            "The mean over seeds, and the next run",
            ("seeds", scatter, held, "mean accuracy", "mean AUROC", "next run's accuracy", "width, points"),
            [_list_mean(point, outcomes[point]) for point in _MEANS], many,
        ),
        _build(
            "Differences between two configurations",
            ("seeds", scatter, "true difference, points", held, *_NAMES.values(), "width, accuracy, points",
             "width, AUROC"),
            [_list_difference(point, outcomes[point]) for point in _PAIRS], _note_draws(pages),
            {"width, AUROC": Form.UNIT},
        ),
        _build(
            "A threshold for 5 % false positives, and the unsure band",
            ("AUROC", "validation images per class", "false-positive rate, mean", "above 5 %, share of calibrations",
             "bounds contain it", "errors among sure fakes, mean", "errors among sure reals, mean", "unsure, mean"),
            [_list_threshold(point, outcomes[point]) for point in _VALIDATED], many,
        ),
    ]  # fmt: skip


def _tabulate_runs(title: str, unit: str, runs: Sequence[OneRun], outcomes: Outcomes, note: str) -> Table:
    rows: list[_Cells] = []
    for run in runs:
        rates = (build_rate(outcomes[run].get(name), COVERAGE) for name in _METRIC_NAMES)
        rows.append((f"{run.auroc:g}", f"{run.per_class:,}", *rates))
    return _build(title, ("AUROC", unit, *_METRIC_NAMES.values()), rows, note)


def _list_mean(point: OneConfiguration, found: Outcome) -> _Cells:
    return [
        f"{point.seeds}", _points(point.deviation), _images(point.per_class),
        build_rate(found["accuracy"], None if point.seeds == 1 else COVERAGE),
        build_rate(found.get("auroc"), COVERAGE), build_rate(found.get("next"), COVERAGE), build_mean(found["width"]),
    ]  # fmt: skip


def _list_difference(point: TwoConfigurations, found: Outcome) -> _Cells:
    return [
        f"{point.seeds}", _points(point.deviation), _points(point.difference), _images(point.per_class),
        *(build_rate(found[f"holds {metric}"], COVERAGE) for metric in _NAMES),
        *(build_mean(found[f"width {metric}"]) for metric in _NAMES),
    ]  # fmt: skip


def _list_threshold(point: Validated, found: Outcome) -> _Cells:
    return [
        f"{point.auroc:g}", f"{point.per_class:,}", build_mean(found["rate"], LEVEL), build_rate(found["above"]),
        build_rate(found.get("bounds"), COVERAGE),
        *(build_mean(found[f"error called {side}"], LEVEL) for side in ("fake", "real")), build_mean(found["unsure"]),
    ]  # fmt: skip


def tabulate_power(outcomes: Outcomes, pages: int) -> list[Table]:
    """Tabulate how often a true difference is detected: in a report, by number of test images, and by `compare`."""
    tables = []
    for size, metric in product(_TEST_SIZES, _NAMES):
        title = f"Report, {_NAMES[metric]}, {_images(size)} held-out images"
        wrong = max(float(np.mean(outcomes[TwoConfigurations(*one, size)][f"worse {metric}"])) for one in _POWER)
        note = f" The worse one was called better on at most {100 * wrong:.1f} % of the pages behind any number."
        found = {one: outcomes[TwoConfigurations(*one, size)][f"better {metric}"] for one in _POWER}
        tables.append(_tabulate_power(title, found, pages, note))
    title = "compare, accuracy on the held-out category"
    found = {one: outcomes[TwoDetectors(*one)]["better accuracy"] for one in _POWER}
    return [*tables, _tabulate_power(title, found, pages, "")]


def _tabulate_power(title: str, outcomes: Mapping[tuple[int, float, float], Floats], pages: int, note: str) -> Table:
    rows: list[_Cells] = []
    for deviation, difference in product(_DEVIATIONS, _DIFFERENCES):
        found = {seeds: outcomes[seeds, deviation, difference] for seeds in _POWER_SEEDS}
        enough = next((f"{seeds}" for seeds, seen in found.items() if seen.mean() >= _WANTED), f"> {_POWER_SEEDS[-1]}")
        rows.append((_points(deviation), _points(difference), *map(build_rate, found.values()), enough))
    seeds = [f"{seeds} seeds" for seeds in _POWER_SEEDS]
    headings = ("scatter of runs, points", "true difference, points", *seeds, f"seeds for {100 * _WANTED:g} %")
    note = f"{pages:,} pages per number: a rate of 50 % is known to within {describe_error(pages, 0.5)}.{note}"
    return _build(title, headings, rows, note)


def _build(
    title: str, headings: Sequence[str], rows: Iterable[_Cells], note: str, forms: Mapping[str, Form] = {}
) -> Table:
    """Build a table in percent, except for its first column and those in `forms`; text stays as it is."""
    columns = [
        Column(heading, forms.get(heading, Form.PERCENT if at else Form.TEXT), "\n".join(textwrap.wrap(heading, 15)))
        for at, heading in enumerate(headings)
    ]
    return Table.of(title, columns, rows, [note])


def _note_pages(pages: int) -> str:
    return f"{pages:,} pages per row: a rate of 5 % is known to within {describe_error(pages)}."


def _note_draws(draws: int) -> str:
    return f"Up to {draws:,} draws per number: a rate of 95 % is known to within {describe_error(draws)} at best."


def _points(share: float) -> str:
    return f"{100 * share:g}"


def _images(per_class: int) -> str:
    return f"{per_class:,} + {per_class:,}"
