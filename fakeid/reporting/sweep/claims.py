"""Significant differences between the configurations of a folder.

There are three tables of comparisons:

- `settings`: two settings with the same number of categories, on the images that neither was trained on;
- `categories`: two numbers of categories of one setting, on the images of the categories that *neither* was trained
  on, so that both are tested on the same images (unlike the paper's unseen averages);
- `pairs`: every two configurations, on the images of the categories that *no* run was trained on. Choosing the best
  configuration makes all of these comparisons, so all are corrected for, although `best` lists only its own.

Runs are matched by seed; two configurations with only one seed in common are not judged. See
`fakeid.evaluation.statistics.paired_tests` for what several seeds can show. All tables, for accuracy and AUROC, form
one family for Holm's correction.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from fakeid.evaluation.statistics.paired_tests import Answers, compare_answers, pool_answers
from fakeid.reporting.significance import BETTER, Judged, correct_judged
from fakeid.reporting.sweep.configurations import Configuration, FinishedRun


@dataclass(frozen=True)
class Claim(Judged):
    """A comparison of a second configuration with a first, on the same images.

    Attributes:
        first: Reference configuration: the one with fewer categories, the earlier setting, or the lower accuracy.
        second: Configuration that is compared with it.
        categories: Categories of the images.
        num_images: Number of images.
        seeds: Seeds of the compared runs.
    """

    first: Configuration
    second: Configuration
    categories: tuple[str, ...]
    num_images: int
    seeds: tuple[int, ...]

    @property
    def test(self) -> Hashable:
        """Identify the test, regardless of which configuration comes first."""
        return frozenset((self.first.name, self.second.name)), self.categories


@dataclass(frozen=True)
class Claims:
    """All comparisons of a folder.

    Attributes:
        settings: Comparisons of settings, see the module's description.
        categories: Comparisons of numbers of categories, by setting, with the largest numbers last.
        pairs: Comparisons of each configuration with each one of lower accuracy.
        ranked: Configurations of `pairs` by falling accuracy; empty if there is only one, or no common image.
        refused: Pairs of configurations that were not compared, with the reason.
    """

    settings: list[Claim]
    categories: list[Claim]
    pairs: list[Claim]
    ranked: list[Configuration]
    refused: list[tuple[Configuration, Configuration, str]]

    @property
    def best(self) -> list[Claim]:
        """List the `pairs` of the configuration with the highest accuracy."""
        return [claim for claim in self.pairs if claim.second is self.ranked[0]]

    @property
    def named_best(self) -> Configuration | None:
        """Find the configuration that is significantly ahead of all others, corrected for all pairs; often none."""
        best = self.best
        clear = bool(best) and len(best) == len(self.ranked) - 1 and all(claim.verdict == BETTER for claim in best)
        return self.ranked[0] if clear else None


def compare_configurations(configurations: Sequence[Configuration]) -> Claims:
    """Compare the configurations of a folder, corrected for all comparisons together.

    Settings of different variants are compared only if they agree in everything else. Settings of different budgets are
    never compared. If effects are shown on the same page, `fakeid.reporting.sweep.effects.correct_page` adds them to
    the family.
    """
    comparer = _Comparer()
    contenders = find_contenders(configurations)
    shared = find_common_unseen([run for each in contenders for run in each.runs])
    ranked = _rank(contenders, shared)
    settings, categories, pairs = correct_judged(
        comparer.compare(pair for pair in combinations(configurations, 2) if _are_settings_comparable(*pair)),
        comparer.compare((a, b) for a, b in combinations(configurations, 2) if a.setting == b.setting),
        _Comparer(shared).compare((lower, higher) for higher, lower in combinations(ranked, 2)),
    )
    return Claims(settings, categories, pairs, ranked, comparer.refused)


def find_contenders(configurations: Sequence[Configuration]) -> list[Configuration]:
    """Find the configurations with the budget that most runs have, so that only equal budgets are ranked."""
    runs = Counter[str]()
    for configuration in configurations:
        runs[configuration.setting.budget] += len(configuration.runs)
    budget = max(runs, key=lambda budget: runs[budget], default=None)
    return [each for each in configurations if each.setting.budget == budget]


def find_common_unseen(runs: Sequence[FinishedRun]) -> tuple[str, ...]:
    """Find the categories that all runs were tested on and no run was trained on."""
    unseen = [set(run.list_categories(seen=False)) & set(run.images) for run in runs]
    return tuple(name for name in runs[0].list_categories(seen=False) if all(name in names for names in unseen))


def measure_accuracy(configuration: Configuration, categories: Sequence[str]) -> float:
    """Measure accuracy in [0, 1] on the images of some categories, averaged over seeds; NaN without images."""
    if not categories:
        return math.nan
    return float(np.mean([np.mean(_pool(run, categories).right) for run in configuration.runs]))


def _are_settings_comparable(first: Configuration, second: Configuration) -> bool:
    a, b = first.setting, second.setting
    alike = first.categories == second.categories and a.budget == b.budget and a != b
    return alike and (a.variant == b.variant or a.bare_name == b.bare_name)


def _rank(configurations: Sequence[Configuration], categories: Sequence[str]) -> list[Configuration]:
    """Rank configurations by falling accuracy on these categories; return none if fewer than two have an accuracy."""
    accuracies = [measure_accuracy(each, categories) for each in configurations]
    ranked = sorted((-accuracy, i) for i, accuracy in enumerate(accuracies) if not math.isnan(accuracy))
    return [configurations[i] for _, i in ranked] if len(ranked) > 1 else []


class _Comparer:
    """Comparer of pairs that caches the answers of runs and collects pairs that could not be compared."""

    def __init__(self, categories: tuple[str, ...] | None = None) -> None:
        self.refused: list[tuple[Configuration, Configuration, str]] = []
        self._categories = categories
        self._answers: dict[tuple[str, tuple[str, ...]], Answers] = {}

    def compare(self, pairs: Iterable[tuple[Configuration, Configuration]]) -> list[Claim]:
        return [claim for first, second in pairs if (claim := self._compare(first, second))]

    def _compare(self, first: Configuration, second: Configuration) -> Claim | None:
        categories = find_common_unseen([*first.runs, *second.runs]) if self._categories is None else self._categories
        seeds = tuple(seed for seed in first.seeds if seed in second.seeds)
        runs = [[run for run in each.runs if run.seed in seeds] for each in (first, second)]
        reason = _find_obstacle(categories, seeds, runs)
        if reason:
            self.refused.append((first, second, reason))
            return None
        a, b = ([self._answer(run, categories) for run in each] for each in runs)
        accuracy, auroc = compare_answers(a, b)
        return Claim(first, second, categories, len(a[0]), seeds, accuracy=accuracy, auroc=auroc)

    def _answer(self, run: FinishedRun, categories: tuple[str, ...]) -> Answers:
        return self._answers.setdefault((run.name, categories), _pool(run, categories))


def _pool(run: FinishedRun, categories: Sequence[str]) -> Answers:
    return pool_answers([run.images[name] for name in categories])


def _find_obstacle(
    categories: Sequence[str], seeds: Sequence[int], runs: Sequence[Sequence[FinishedRun]]
) -> str | None:
    if not categories:
        return "no category is unseen in both"
    if not seeds:
        return "they have no seed in common"
    everyone = [run for side in runs for run in side]
    if len({run.source for run in everyone}) > 1:
        return "their images come from different sources"
    if any(len({run.images[name].digest for run in everyone}) > 1 for name in categories):
        return "they were tested on different images"
    return None
