"""How often each interval holds what it is to hold."""

from collections.abc import Mapping
from itertools import product
from typing import Final

from fakeid.reporting.judged import LEVEL
from fakeid.simulation.claim_tables import DEVIATIONS, NAMES
from fakeid.simulation.images import AUROCS, METRICS, OneRun
from fakeid.simulation.pairs import TwoConfigurations
from fakeid.simulation.points import Outcome, Plan, Point
from fakeid.simulation.rates import RateTable, describe_error, write_coverage, write_mean, write_mean_unit, write_rate
from fakeid.simulation.seeds import OneConfiguration
from fakeid.simulation.thresholds import Validated

_MORE: Final = 5
"""So many times as many draws as of pages: a draw is cheap here, and coverage takes many."""

_SIZES: Final = (50, 100, 1000)
_CLUSTERS: Final = (5, 10, 20, 50)
_IN_CLUSTER: Final = 5
_SEEDS: Final = (1, 2, 3, 5)
_TEST_SIZES: Final = (100, 1000)
_RUNS: Final = [OneRun(*one) for one in product(AUROCS, _SIZES)]
_CLUSTERED: Final = [OneRun(auroc, number, _IN_CLUSTER) for auroc, number in product((0.75, 0.9), _CLUSTERS)]
_MEANS: Final = [OneConfiguration(*one) for one in product(_SEEDS, DEVIATIONS, _TEST_SIZES)]
_PAIRS: Final = [TwoConfigurations(*one) for one in product(_SEEDS, DEVIATIONS, (0.0, 0.05), _TEST_SIZES)]
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


def plan_coverage(pages: int) -> list[Plan]:
    """What to draw and how often."""
    points: list[Point] = [*_RUNS, *_CLUSTERED, *_MEANS, *_VALIDATED]
    return [*(Plan(point, _count(point, pages)) for point in points), *(Plan(point, pages) for point in _PAIRS)]


def tabulate_coverage(outcomes: Mapping[Point, Outcome], pages: int) -> list[RateTable]:
    """Of one run, of clusters, of means over seeds, of differences, and of what validation chooses."""
    return [
        _tabulate_images("One run, images independent", _RUNS, outcomes, pages),
        _tabulate_images(f"One run, clusters of {_IN_CLUSTER} images", _CLUSTERED, outcomes, pages),
        _tabulate_means(outcomes, pages),
        _tabulate_differences(outcomes, pages),
        _tabulate_thresholds(outcomes, pages),
    ]  # fmt: skip


def _count(point: Point, pages: int) -> int:
    large = isinstance(point, OneRun) and point.per_class == max(_SIZES)
    return pages * (2 if large else _MORE)


def _tabulate_images(title: str, runs: list[OneRun], outcomes: Mapping[Point, Outcome], pages: int) -> RateTable:
    rows = tuple(
        (f"{run.auroc:g}", f"{run.per_class:,}", *(write_coverage(outcomes[run].get(name)) for name in METRICS))
        for run in runs
    )
    unit = "images a class" if runs[0].in_cluster == 1 else "clusters a class"
    return RateTable(title, ("AUROC", unit, *(_METRIC_NAMES[name] for name in METRICS)), rows, _note(pages * _MORE))


def _tabulate_means(outcomes: Mapping[Point, Outcome], pages: int) -> RateTable:
    rows = tuple(
        (
            str(point.seeds), f"{100 * point.deviation:g}", f"{point.per_class:,} + {point.per_class:,}",
            (write_rate if point.seeds == 1 else write_coverage)(outcomes[point]["accuracy"]),
            write_coverage(outcomes[point].get("auroc")),
            write_coverage(outcomes[point].get("next")),
            write_mean(outcomes[point]["width"]),
        )
        for point in _MEANS
    )  # fmt: skip
    columns = (
        "seeds", "runs scatter by, points", "held-out images", "mean accuracy", "mean AUROC", "next run's accuracy",
        "width, points",
    )  # fmt: skip
    return RateTable("The mean over seeds, and the next training", columns, rows, _note(pages * _MORE))


def _tabulate_differences(outcomes: Mapping[Point, Outcome], pages: int) -> RateTable:
    rows = tuple(
        (
            str(point.seeds), f"{100 * point.deviation:g}", f"{100 * point.difference:g}",
            f"{point.per_class:,} + {point.per_class:,}",
            *(write_coverage(outcomes[point][f"holds {metric}"]) for metric in NAMES),
            write_mean(outcomes[point]["width accuracy"]), write_mean_unit(outcomes[point]["width auroc"]),
        )
        for point in _PAIRS
    )  # fmt: skip
    columns = (
        "seeds", "runs scatter by, points", "true difference, points", "held-out images",
        *NAMES.values(), "width, accuracy, points", "width, AUROC",
    )  # fmt: skip
    return RateTable("Differences of two configurations", columns, rows, _note(pages))


def _tabulate_thresholds(outcomes: Mapping[Point, Outcome], pages: int) -> RateTable:
    rows = tuple(
        (
            f"{point.auroc:g}", f"{point.per_class:,}",
            write_mean(outcomes[point]["rate"], LEVEL),
            write_rate(outcomes[point]["above"]),
            write_coverage(outcomes[point].get("bounds")),
            write_mean(outcomes[point]["error called fake"], LEVEL),
            write_mean(outcomes[point]["error called real"], LEVEL),
            write_mean(outcomes[point]["unsure"]),
        )
        for point in _VALIDATED
    )  # fmt: skip
    columns = (
        "AUROC", "validation images a class", "false-positive rate, mean", "above 5 %, share of calibrations",
        "its bounds hold", "wrong of the sure fakes, mean", "wrong of the sure reals, mean", "unsure, mean",
    )  # fmt: skip
    return RateTable("A threshold for 5 % false positives, and the unsure band", columns, rows, _note(pages * _MORE))


def _note(draws: int) -> str:
    return f"Up to {draws:,} draws a number: a rate of 95 % is known to {describe_error(draws)} or a little less."
