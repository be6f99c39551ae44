"""Finished runs, and configurations: runs that differ only in their seed, with averaged results."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np

from fakeid.config.constants import FAKE, REAL
from fakeid.errors import DataError
from fakeid.evaluation.ordered_scores import OrderedScores
from fakeid.evaluation.ranking import Floats, Labels
from fakeid.evaluation.records.evaluation import Evaluation
from fakeid.evaluation.records.results import UNKNOWN, Estimate, Group, MeanEstimate
from fakeid.evaluation.records.run_summary import POOLED, RunSummary
from fakeid.evaluation.statistics.intervals import wilson_interval
from fakeid.evaluation.statistics.paired_tests import Answers, find_margin, measure_scatter, pool_answers
from fakeid.reporting.formatting import format_count
from fakeid.reporting.sweep.settings import Setting, identify_settings, order_settings

METRICS: Final = ("accuracy", "real_accuracy", "fake_accuracy", "auroc", "average_precision")
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """A finished run.

    Attributes:
        name: Name of the run folder.
        summary: Test results and how they were obtained.
        images: Scores by category.
        evaluation: Results of the evaluation; None if the run was not evaluated.
        quarters: Scores of the evaluation by quadrant of content and generators, as named in `quadrants`.
    """

    name: str
    summary: RunSummary
    images: Mapping[str, OrderedScores]
    evaluation: Evaluation | None = None
    quarters: Mapping[str, OrderedScores] = field(default_factory=dict)

    @property
    def config(self) -> Mapping[str, Any]:
        """Return every option of the run."""
        return self.summary.config

    @property
    def seed(self) -> int:
        """Return the seed of the training."""
        return int(self.config["seed"])

    @property
    def categories(self) -> int:
        """Count the categories that were trained on."""
        asked = self.config["categories"]
        if asked is not None:
            return int(asked)
        # None stands for all available categories.
        return len(self.list_categories(seen=True))

    @cached_property
    def source(self) -> str:
        """Identify the source of the images; equal for runs on the same images."""
        return json.dumps(self.summary.data and self.summary.data.source, sort_keys=True)

    @property
    def held_out(self) -> str | None:
        """Return the category that no run of this plan trains on, if any."""
        return self.summary.held_out

    def list_categories(self, *, seen: bool) -> list[str]:
        """List the tested categories that were trained on, or those that were not."""
        return list(self.summary.list_categories(seen=seen))

    def average(self, *, seen: bool) -> Estimate:
        """Average accuracy over categories, as in the paper, with an interval over images.

        If all categories have the same size, this is the pooled accuracy with Wilson's interval. Otherwise the interval
        is Wilson's for the number of images that gives the same variance as the average.
        """
        return self._averages[seen]

    @cached_property
    def _averages(self) -> dict[bool, Estimate]:
        found = {seen: self.summary.list_categories(seen=seen) for seen in (True, False)}
        return {seen: _average_categories(list(groups.values())) for seen, groups in found.items()}


@dataclass(frozen=True, eq=False)
class Configuration:
    """A configuration: runs that differ only in their seed, sorted by seed."""

    setting: Setting
    categories: int
    runs: tuple[FinishedRun, ...]

    @property
    def name(self) -> str:
        """Name setting and number of categories, such as `Pelee+HPF, RGB, dropout 0 at 5 categories`."""
        return f"{self.setting.name} at {self._count_categories()}"

    @property
    def full_name(self) -> str:
        """Name the configuration where short names of settings are not explained."""
        return f"{self.setting.full_name} at {self._count_categories()}"

    def _count_categories(self) -> str:
        return format_count(self.categories, "category", "categories")

    @property
    def seeds(self) -> list[int]:
        """List the seeds of the runs."""
        return [run.seed for run in self.runs]

    @property
    def held_out(self) -> str | None:
        """Return the category that no run trains on; None if there is none, or if it differs between runs."""
        names = {run.held_out for run in self.runs}
        return names.pop() if len(names) == 1 else None

    def average(self, *, seen: bool) -> MeanEstimate:
        """Average accuracy over the categories trained on, or those not trained on; see `average_estimates`."""
        names = self.runs[0].list_categories(seen=seen)
        stacks = [self._stack([name], "accuracy") for name in names]
        parts = [part / len(names) for stack in stacks for part in stack] if all(stacks) else []
        return average_estimates([run.average(seen=seen) for run in self.runs], parts)

    def measure(self, group: str, metric: str) -> MeanEstimate:
        """Average a metric of one category, or of the pooled images of a `POOLED` group; see `average_estimates`.

        Args:
            group: Name of a category, or one of `POOLED`.
            metric: Name of the metric.

        Returns:
            The mean; undefined if a run has no such group.
        """
        names = self.runs[0].list_categories(seen=group == POOLED[0]) if group in POOLED else [group]
        found = [run.summary.find(group) for run in self.runs]
        estimates = [each.read(metric) if each else UNKNOWN for each in found]
        return average_estimates(estimates, self._stack(names, metric))

    def measure_held_out(self) -> MeanEstimate:
        """Average accuracy on the held-out category; undefined if there is none."""
        return self.measure(self.held_out, "accuracy") if self.held_out else MeanEstimate()

    def _stack(self, names: Sequence[str], metric: str) -> list[Floats]:
        """Stack each run's score on each image, (runs, n), in groups of images whose means add up to the metric.

        The list is empty if the runs were not tested on the same images, or if the metric is not such a sum.
        """
        known = [[run.images[name] for name in names if name in run.images] for run in self.runs]
        if len(self.runs) < 2 or not names or len({tuple(part.digest for part in parts) for parts in known}) > 1:
            return []
        if len(known[0]) < len(names) or len({run.source for run in self.runs}) > 1:
            return []
        answers = [pool_answers(parts) for parts in known]
        return _stack_metric(answers, np.concatenate([part.label for part in known[0]]), metric)

    def is_seen(self, category: str) -> bool:
        """Tell whether a category was trained on."""
        return category in self.runs[0].list_categories(seen=True)


def collect_configurations(runs: Iterable[FinishedRun]) -> list[Configuration]:
    """Group runs by setting and number of categories.

    See `average_estimates` for what 95 % intervals cover with one seed and with several.

    Args:
        runs: Finished runs in any order.

    Returns:
        Configurations by setting, then by rising number of categories.

    Raises:
        DataError: Two runs have the same setting, number of categories and seed.
    """
    runs = sorted(runs, key=lambda run: run.name)
    settings = identify_settings([run.config for run in runs])
    grouped: dict[tuple[Setting, int], dict[int, FinishedRun]] = {}
    for setting, run in zip(settings, runs, strict=True):
        same = grouped.setdefault((setting, run.categories), {})
        if run.seed in same:
            raise DataError(
                f"expected one run of {setting.full_name} with categories={run.categories} and seed={run.seed}, got "
                f"two ({same[run.seed].name} and {run.name}); leave one out"
            )
        same[run.seed] = run
    return [
        Configuration(setting, categories, tuple(grouped[setting, categories][seed] for seed in sorted(seeds)))
        for setting in order_settings(settings)
        for (other, categories), seeds in sorted(grouped.items(), key=lambda item: item[0][1])
        if other == setting
    ]


def order_categories(configurations: Sequence[Configuration]) -> list[str]:
    """List every test category once: in the order of training, then those never trained on, the held-out one last."""
    runs = sorted(
        (run for each in configurations for run in each.runs),
        key=lambda run: -len(run.list_categories(seen=True)),
    )
    ordered = dict.fromkeys(name for run in runs for name in run.list_categories(seen=True))
    ordered |= dict.fromkeys(name for run in runs for name in run.summary.categories)
    held_out = {run.held_out for run in runs}
    return [name for name in ordered if name not in held_out] + [name for name in ordered if name in held_out]


def average_estimates(estimates: Sequence[Estimate], images: Sequence[Floats] = ()) -> MeanEstimate:
    """Average estimates over the runs of a configuration, with an interval over runs and images.

    The interval is for the mean over further runs and further images of this kind. Its variance is the variance of the
    runs divided by their number, with Student's quantile, plus the image variance shared by all runs
    (`measure_scatter`). A single further run varies more: Student's prediction interval, `next_low` to `next_high`,
    tells where it lands on the same test images. A single run keeps its own interval, which covers test images but not
    other seeds.

    Args:
        estimates: Estimates, one per run.
        images: Scores of each run on each image, (runs, n), in groups whose means add up to the value. Without them,
            the runs' own intervals stand in for the shared image variance; they overstate it, which is conservative.

    Returns:
        The mean; undefined if the estimate of any run is, and without an interval if nothing is known about the images.
    """
    if len(estimates) == 1:
        return MeanEstimate(estimates[0].value, estimates[0].low, estimates[0].high)
    known = [estimate.value for estimate in estimates if estimate.value is not None]
    if len(known) < len(estimates):
        return MeanEstimate()
    values = np.array(known)
    mean, of_runs, freedom = float(values.mean()), float(values.var(ddof=1)), len(values) - 1
    step = find_margin(of_runs * (1 + 1 / len(values)), freedom, 0.0)
    further = max(0.0, mean - step), min(1.0, mean + step)
    of_images = measure_scatter(values, images).shared if images else _measure_own_intervals(estimates)
    if of_images is None:
        return MeanEstimate(mean, None, None, *further)
    margin = find_margin(of_runs / len(values), freedom, of_images)
    low, high = mean - margin, mean + margin
    if margin < _ROUNDING and images:  # all runs are correct, or wrong, on all images
        low, high = wilson_interval(round(mean * (num := sum(part.shape[1] for part in images))), num)
    return MeanEstimate(mean, max(0.0, min(low, mean)), min(1.0, max(high, mean)), *further)


def _average_categories(groups: Sequence[Group]) -> Estimate:
    values = [value for group in groups if (value := group.read("accuracy").value) is not None]
    if not values or len(values) < len(groups):
        return UNKNOWN
    mean = float(np.mean(values))
    trials = round(len(groups) ** 2 / sum(1 / group.num_images for group in groups))
    low, high = wilson_interval(round(mean * trials), trials)
    return Estimate(mean, min(low, mean), max(high, mean))


def _measure_own_intervals(estimates: Sequence[Estimate]) -> float | None:
    """Compute the mean variance over images implied by the runs' own 95 % intervals; None if any is missing."""
    widths = [
        estimate.high - estimate.low for estimate in estimates if estimate.low is not None and estimate.high is not None
    ]
    unit = find_margin(0.0, 1, 1.0)
    return float(np.mean([(width / 2 / unit) ** 2 for width in widths])) if len(widths) == len(estimates) else None


def _stack_metric(runs: Sequence[Answers], label: Labels, metric: str) -> list[Floats]:
    chosen = {"accuracy": label >= 0, "real_accuracy": label == REAL, "fake_accuracy": label == FAKE}.get(metric)
    if chosen is not None:
        return [np.array([answers.right[chosen] for answers in runs])]
    if metric != "auroc":
        return []
    placements = [answers.placements for answers in runs]
    return [np.array([each.fakes for each in placements]), np.array([each.reals for each in placements])]
