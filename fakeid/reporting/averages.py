"""Runs of one setting and number of categories, averaged over their seeds."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from scipy.stats import t as student_t

from fakeid.errors import DataError
from fakeid.evaluation.intervals import CONFIDENCE, wilson_interval
from fakeid.evaluation.ordered_scores import OrderedScores
from fakeid.reporting.numbers import NO_ESTIMATE, Estimate
from fakeid.reporting.paper import Setting, identify_settings, order_settings

METRICS: Final = ("accuracy", "real_accuracy", "fake_accuracy", "auroc", "average_precision")
POOLED: Final = ("seen", "unseen")
"""Groups of a summary that pool the images of their categories."""


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """A finished run.

    Attributes:
        name: Of its folder.
        summary: The content of its `summary.json`.
        images: Its scores by category.
        evaluation: The content of its `evaluation.json`; None where there is none.
        quarters: The scores of its evaluation by seen and unseen content and generators, as `quadrants` names them.
    """

    name: str
    summary: Mapping[str, Any]
    images: Mapping[str, OrderedScores]
    evaluation: Mapping[str, Any] | None = None
    quarters: Mapping[str, OrderedScores] = field(default_factory=dict)

    @property
    def config(self) -> Mapping[str, Any]:
        """Every option."""
        config: Mapping[str, Any] = self.summary["config"]
        return config

    @property
    def seed(self) -> int:
        """Of the training."""
        return int(self.config["seed"])

    @property
    def categories(self) -> int:
        """How many were trained on."""
        asked = self.config["categories"]
        if asked is not None:
            return int(asked)
        # None asks for all that there are.
        return len(self.content(seen=True))

    @cached_property
    def source(self) -> str:
        """Where its images came from, equal for runs on the same ones."""
        return json.dumps((self.summary.get("data") or {}).get("source"), sort_keys=True)

    @property
    def held_out(self) -> str | None:
        """The category that no run of this plan trains on."""
        return self.summary.get("held_out")

    def content(self, *, seen: bool) -> list[str]:
        """The categories that were trained on, or those that were not."""
        return [name for name, group in self.summary["categories"].items() if group["seen"] == seen]

    def average(self, *, seen: bool) -> Estimate:
        """Accuracy averaged over categories, as in the paper, with an interval over images.

        Where categories are equally large this is the pooled accuracy, and the interval Wilson's; otherwise Wilson's
        for as many images as have the average's variance.
        """
        return self._averages[seen]

    @cached_property
    def _averages(self) -> dict[bool, Estimate]:
        groups = self.summary["categories"].values()
        return {
            seen: _average_categories([group for group in groups if group["seen"] == seen]) for seen in (True, False)
        }


@dataclass(frozen=True, eq=False)
class Cell:
    """Runs that differ in their seed only, by rising seed."""

    setting: Setting
    categories: int
    runs: tuple[FinishedRun, ...]

    @property
    def name(self) -> str:
        """Such as `Pelee+HPF, RGB, dropout 0 at 5 categories`."""
        noun = "category" if self.categories == 1 else "categories"
        return f"{self.setting.name} at {self.categories} {noun}"

    @property
    def seeds(self) -> list[int]:
        """Of the runs."""
        return [run.seed for run in self.runs]

    def average(self, *, seen: bool) -> Estimate:
        """Of the accuracies of the categories that were, or were not, trained on."""
        return average_estimates([run.average(seen=seen) for run in self.runs])

    def measure(self, group: str, metric: str) -> Estimate:
        """A metric of one category, or of the images of `POOLED` ones.

        Returns:
            Without values where some run has no such group.
        """
        return average_estimates([_find_group(run, group).get(metric, NO_ESTIMATE) for run in self.runs])

    def is_seen(self, category: str) -> bool:
        """Whether it was trained on."""
        return category in self.runs[0].content(seen=True)


def collect_cells(runs: Iterable[FinishedRun]) -> list[Cell]:
    """Group runs; their order does not matter.

    With several seeds the 95 % interval of a number is Student's over seeds: it says where another training would land.
    With one it is the run's own interval over test images, which says nothing about that.

    Raises:
        DataError: Two runs of one setting, number of categories and seed.
    """
    runs = sorted(runs, key=lambda run: run.name)
    settings = identify_settings([run.config for run in runs])
    grouped: dict[tuple[Setting, int], dict[int, FinishedRun]] = {}
    for setting, run in zip(settings, runs, strict=True):
        same = grouped.setdefault((setting, run.categories), {})
        if run.seed in same:
            raise DataError(
                f"expected one run of {setting.name} with categories={run.categories} and seed={run.seed}, got two "
                f"({same[run.seed].name} and {run.name}); leave one out"
            )
        same[run.seed] = run
    return [
        Cell(setting, categories, tuple(grouped[setting, categories][seed] for seed in sorted(seeds)))
        for setting in order_settings(settings)
        for (other, categories), seeds in sorted(grouped.items(), key=lambda item: item[0][1])
        if other == setting
    ]


def order_categories(cells: Sequence[Cell]) -> list[str]:
    """Every test category once: as they are added to the training, then those that never are, the held-out one last."""
    runs = sorted((run for cell in cells for run in cell.runs), key=lambda run: -len(run.content(seen=True)))
    ordered = dict.fromkeys(name for run in runs for name in run.content(seen=True))
    ordered |= dict.fromkeys(name for run in runs for name in run.summary["categories"])
    held_out = {run.held_out for run in runs}
    return [name for name in ordered if name not in held_out] + [name for name in ordered if name in held_out]


def _average_categories(groups: Sequence[Mapping[str, Any]]) -> Estimate:
    values = [group["accuracy"]["value"] for group in groups]
    if not values or None in values:
        return NO_ESTIMATE
    mean = float(np.mean(values))
    trials = round(len(groups) ** 2 / sum(1 / (group["num_real"] + group["num_fake"]) for group in groups))
    low, high = wilson_interval(round(mean * trials), trials)
    return {"value": mean, "low": min(low, mean), "high": max(high, mean)}


def _find_group(run: FinishedRun, group: str) -> Mapping[str, Any]:
    found = run.summary[group] if group in POOLED else run.summary["categories"].get(group)
    return found or {}


def average_estimates(estimates: Sequence[Estimate]) -> Estimate:
    """Over seeds, with Student's interval; one alone is as it was.

    Returns:
        Without values where one of them has none.
    """
    if len(estimates) == 1:
        return dict(estimates[0])
    values = [value for value in (estimate["value"] for estimate in estimates) if value is not None]
    if len(values) < len(estimates):
        return NO_ESTIMATE
    mean = float(np.mean(values))
    quantile = student_t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)
    margin = float(quantile * np.std(values, ddof=1) / math.sqrt(len(values)))
    return {"value": mean, "low": max(0.0, mean - margin), "high": min(1.0, mean + margin)}
