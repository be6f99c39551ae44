"""Simulated folders of finished runs, in the form that a report reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, Final

import numpy as np
from scipy.stats import rankdata

from fakeid.benchmarks.statistics.scores import DrawnScores, ScoreModel, draw_scores
from fakeid.config.choices import ColorName, ResidualName
from fakeid.config.constants import DEMO_CATEGORIES, FAKE
from fakeid.config.parse import Config, to_plain
from fakeid.config.schema import ColorConfig, ResidualConfig
from fakeid.evaluation.ordered_scores import OrderedScores
from fakeid.evaluation.ranking import Floats, Labels
from fakeid.evaluation.records.results import CategoryGroup, Estimate
from fakeid.evaluation.records.run_summary import DataRecord, RunSummary
from fakeid.reporting.sweep.configurations import FinishedRun

CATEGORIES: Final = DEMO_CATEGORIES
"""As many categories as in the paper; the last is held out."""

SEEN_BONUS: Final = 1.0
"""Added to the signal of a category that was trained on, in logits."""

DIFFICULTY: Final = 0.5
"""Standard deviation of the signal between categories, in logits."""


@dataclass(frozen=True)
class DrawnConfiguration:
    """The options of a run, except its seed."""

    color: str = "rgb"
    dropout: float = 0.0
    residual: str = "hpf"
    categories: int = 10


@cache
def _describe(configuration: DrawnConfiguration, seed: int) -> dict[str, Any]:
    """Return every option, in the form of a summary."""
    return to_plain(
        Config(
            categories=configuration.categories,
            dropout=configuration.dropout,
            seed=seed,
            color=ColorConfig(name=ColorName(configuration.color)),
            residual=ResidualConfig(name=ResidualName(configuration.residual)),
        )
    )


@dataclass(frozen=True, eq=False)
class Page:
    """The finished runs of a folder, and their true signals.

    Attributes:
        runs: Ordered by configuration, then by seed.
        signals: (configurations, categories), the mean signal over runs, in logits.
        drawn: The scores of the runs, in the same order.
    """

    runs: list[FinishedRun]
    signals: Floats
    drawn: DrawnScores


def draw_page(
    configurations: Sequence[DrawnConfiguration],
    seeds: int,
    model: ScoreModel,
    signals: Sequence[float],
    per_class: int,
    rng: np.random.Generator,
) -> Page:
    """Simulate training and testing every configuration with every seed on eleven categories.

    Args:
        configurations: All different.
        seeds: Seeds of each configuration.
        model: How scores scatter.
        signals: Signal of each configuration on unseen content of average difficulty, in logits.
        per_class: Real images per category; there are as many fakes.
        rng: Generator of the random draws; it is advanced.
    """
    difficulties = DIFFICULTY * rng.standard_normal(len(CATEGORIES))
    seen = np.array([[place < one.categories for place in range(len(CATEGORIES))] for one in configurations])
    means = np.asarray(signals, dtype=np.float64)[:, None] + difficulties + SEEN_BONUS * seen
    drawn = draw_scores(model, np.repeat(means, seeds, axis=0), per_class, rng)
    metrics = {"accuracy": ((drawn.logits >= 0) == (drawn.label == FAKE)).mean(axis=2), "auroc": measure_aurocs(drawn)}
    runs = [
        _finish(each, seed, drawn.logits[row], drawn.label, {name: of_all[row] for name, of_all in metrics.items()})
        for row, (each, seed) in enumerate(product(configurations, range(seeds)))
    ]
    return Page(runs, means, drawn)


def _finish(
    configuration: DrawnConfiguration, seed: int, logits: Floats, label: Labels, metrics: Mapping[str, Floats]
) -> FinishedRun:
    """Summarize a run: logits (categories, images), label (images,), each metric (categories,)."""
    half = len(label) // 2
    groups = {
        name: CategoryGroup(
            half, half, {metric: Estimate(float(values[place])) for metric, values in metrics.items()},
            seen=place < configuration.categories,
        )
        for place, name in enumerate(CATEGORIES)
    }  # fmt: skip
    summary = RunSummary(
        seen=None, unseen=None, categories=groups, held_out=CATEGORIES[-1], config=_describe(configuration, seed),
        data=DataRecord({"source": "simulated"}, "", {}),
    )  # fmt: skip
    # All runs have the same images, so the category's name serves as their hash.
    images = {name: OrderedScores(name, label, logits[place]) for place, name in enumerate(CATEGORIES)}
    name = f"{configuration.color}-{configuration.residual}-d{configuration.dropout:g}-k{configuration.categories}"
    return FinishedRun(f"{name}-s{seed}", summary, images)


def measure_aurocs(drawn: DrawnScores) -> Floats:
    """Measure the AUROC of each run in each category with one sort: (runs, categories)."""
    ranks = rankdata(drawn.logits, axis=2)
    fakes = int((drawn.label == FAKE).sum())
    above = ranks[..., drawn.label == FAKE].sum(axis=2) - fakes * (fakes + 1) / 2
    return np.asarray(above / (fakes * (len(drawn.label) - fakes)))
