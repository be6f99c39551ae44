"""Which differences between the runs of a folder are more than noise.

Three tables of comparisons, each corrected by itself (Holm), accuracy and AUROC apart:

- `settings`: two settings at the same number of categories, on the images that neither was trained on;
- `categories`: two numbers of categories of one setting, on the images of the categories that *neither* was trained
  on, so that both face the same images (the paper's unseen averages do not);
- `best`: the best cell against each other one, on the images of the categories that *no* run was trained on.

Runs are matched by seed; see `fakeid.evaluation.paired` for what one and several seeds can say, and
`fakeid.evaluation.moderation` for how the comparisons of a table support each other.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from fakeid.evaluation.answers import Answers, compare_answers, pool_answers
from fakeid.evaluation.moderation import moderate_differences
from fakeid.reporting.averages import Cell, FinishedRun
from fakeid.reporting.judged import Judged, correct_judged


@dataclass(frozen=True)
class Claim(Judged):
    """The second cell against the first, on the same images.

    Attributes:
        first: The cell that stands lower in its table: fewer categories, or the earlier setting.
        second: The other.
        categories: Whose images were compared.
        num_images: How many they are.
        seeds: Of the runs that were compared.
    """

    first: Cell
    second: Cell
    categories: tuple[str, ...]
    num_images: int
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Claims:
    """All comparisons of a folder.

    Attributes:
        settings: See above, as the others.
        categories: By setting, the largest numbers last.
        best: Empty where there is one cell.
        refused: Pairs of cells that were not compared, with the reason.
    """

    settings: list[Claim]
    categories: list[Claim]
    best: list[Claim]
    refused: list[tuple[Cell, Cell, str]]


def compare_cells(cells: Sequence[Cell]) -> Claims:
    """Make every comparison.

    Settings of different variants are compared only where they agree in all else.
    """
    comparer = _Comparer()
    settings = [pair for pair in combinations(cells, 2) if _are_settings_comparable(*pair)]
    steps = [(a, b) for a, b in combinations(cells, 2) if a.setting == b.setting]
    return Claims(
        settings=comparer.compare(settings),
        categories=comparer.compare(steps),
        best=_compare_best(cells),
        refused=comparer.refused,
    )


def find_common_unseen(runs: Sequence[FinishedRun]) -> tuple[str, ...]:
    """The categories that all were tested on and none was trained on."""
    unseen = [set(run.content(seen=False)) & set(run.images) for run in runs]
    return tuple(name for name in runs[0].content(seen=False) if all(name in names for names in unseen))


def measure_accuracy(cell: Cell, categories: Sequence[str]) -> float:
    """Accuracy on the images of these categories, averaged over seeds; NaN without images."""
    if not categories:
        return math.nan
    return float(np.mean([np.mean(_pool(run, categories).right) for run in cell.runs]))


def _are_settings_comparable(first: Cell, second: Cell) -> bool:
    a, b = first.setting, second.setting
    return first.categories == second.categories and a != b and (a.variant == b.variant or a.short_name == b.short_name)


def _compare_best(cells: Sequence[Cell]) -> list[Claim]:
    shared = find_common_unseen([run for cell in cells for run in cell.runs])
    scored = [(measure_accuracy(cell, shared), -i, cell) for i, cell in enumerate(cells)]
    scored = [entry for entry in scored if not math.isnan(entry[0])]
    if len(scored) < 2:
        return []
    best = max(scored, key=lambda entry: entry[:2])[2]
    return _Comparer(shared).compare([(cell, best) for cell in cells if cell is not best])


class _Comparer:
    """Compares pairs, remembering what was computed of a run and which pairs could not be compared."""

    def __init__(self, categories: tuple[str, ...] | None = None) -> None:
        self.refused: list[tuple[Cell, Cell, str]] = []
        self._categories = categories
        self._answers: dict[tuple[str, tuple[str, ...]], Answers] = {}

    def compare(self, pairs: Iterable[tuple[Cell, Cell]]) -> list[Claim]:
        claims = [claim for first, second in pairs if (claim := self._compare(first, second))]
        accuracies = moderate_differences([claim.accuracy for claim in claims])
        aurocs = moderate_differences([claim.auroc for claim in claims])
        return correct_judged([
            replace(claim, accuracy=accuracy, auroc=auroc)
            for claim, accuracy, auroc in zip(claims, accuracies, aurocs, strict=True)
        ])  # fmt: skip

    def _compare(self, first: Cell, second: Cell) -> Claim | None:
        categories = find_common_unseen([*first.runs, *second.runs]) if self._categories is None else self._categories
        seeds = tuple(seed for seed in first.seeds if seed in second.seeds)
        runs = [[run for run in cell.runs if run.seed in seeds] for cell in (first, second)]
        reason = _find_obstacle(categories, seeds, runs)
        if reason:
            self.refused.append((first, second, reason))
            return None
        a, b = ([self._answer(run, categories) for run in cell] for cell in runs)
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
        return "no seed in common"
    everyone = [run for side in runs for run in side]
    if len({run.source for run in everyone}) > 1:
        return "their images come from different sources"
    if any(len({run.images[name].digest for run in everyone}) > 1 for name in categories):
        return "they were tested on different images"
    return None
