"""What a change of one option does, and what one more training category does.

An option is judged over all pairs of configurations that agree in everything else. A grid holds many such pairs:
`color=hsv` against `color=rgb` with each dropout and number of categories. Two settings
with three seeds each say little; all pairs together say more. The seeds of a configuration are averaged first, for they
are one setting and not several: an option does more in one setting than in another, and that scatter, between pairs, is
what an effect must stand out from. All pairs share their test images, which is in the variance too (see
`fakeid.evaluation.statistics.paired_tests`, where pairs take the place of runs).
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, TypeAlias, cast

import numpy as np

from fakeid.config.identity import WITHIN_SETTING, find_default, format_value, list_differences
from fakeid.evaluation.ordered_scores import OrderedScores
from fakeid.evaluation.quadrants import QUADRANTS
from fakeid.evaluation.ranking import Floats
from fakeid.evaluation.statistics.paired_tests import (
    Answers,
    MeanAnswers,
    average_answers,
    compare_answers,
    pool_answers,
)
from fakeid.evaluation.statistics.trend import Trend, fit_trend
from fakeid.reporting.significance import Judged, correct_judged
from fakeid.reporting.sweep.claims import Claim, Claims, find_common_unseen
from fakeid.reporting.sweep.configurations import Configuration, FinishedRun
from fakeid.reporting.sweep.settings import Setting

UNSEEN_CONTENT: Final = "unseen content"
_UNSEEN_GENERATORS: Final = [str(quadrant) for quadrant in QUADRANTS if not quadrant.seen_generator]
_FEWEST: Final = 2  # pairs; one is a comparison of two configurations, which stands among those

_Runs: TypeAlias = list[FinishedRun]
_Select: TypeAlias = Callable[[FinishedRun], list[OrderedScores]]


@dataclass(frozen=True)
class Effect(Judged):
    """One value of an option against another; corrected for all effects.

    Attributes:
        option: As it is typed, such as `residual`.
        value: Such as `srm`.
        against: The value that it is compared with: the default, or where nobody has it the most frequent.
        group: Whose images were compared.
        num_images: How many they are.
        num_pairs: Of configurations; the degrees of freedom are one less.
        num_seeds_each: That both configurations of a pair have, in the pair that has the fewest.
    """

    option: str
    value: str
    against: str
    group: str
    num_images: int
    num_pairs: int
    num_seeds_each: int

    @property
    def num_seeds(self) -> int:
        """With one, nothing is judged, as where two configurations are compared."""
        return self.num_seeds_each

    @property
    def test(self) -> Hashable:
        """A change on a group of images."""
        return self.option, self.value, self.group


@dataclass(frozen=True)
class SettingTrend:
    """The slope of one setting, in accuracy for one more category.

    Attributes:
        setting: Which.
        held_out: Of the category that no run of the setting is trained on: the same images throughout. (The paper's
            unseen average loses categories as the training gains them, and rises or falls with the hard ones among
            them where the training makes no difference.)
    """

    setting: Setting
    held_out: Trend


def measure_effects(runs: Sequence[FinishedRun]) -> list[Effect]:
    """Measure every change of one option for which there are two pairs of configurations or more, group by group.

    The p-values are corrected for all effects together; where claims are shown beside them,
    `correct_page` takes both into one family.

    The groups are the content that none of the runs was trained on, and of evaluations the images by unseen generators
    with seen and with unseen content. Numbers of categories are no option here: they change which content is unseen.

    Args:
        runs: Finished ones, in any order.
    """
    runs = sorted(runs, key=lambda run: run.name)
    changes = list(_list_changes(runs))
    unseen = find_common_unseen(runs)
    groups: dict[str, _Select] = {UNSEEN_CONTENT: lambda run: [run.images[name] for name in unseen]}
    for name in _UNSEEN_GENERATORS:
        groups[name] = lambda run, name=name: [run.quarters[name]] if name in run.quarters else []  # type: ignore[misc]
    measured = (_measure(change, name, select) for name, select in groups.items() for change in changes)
    return correct_judged([effect for effect in measured if effect])[0]


def correct_page(claims: Claims, effects: Sequence[Effect]) -> tuple[Claims, list[Effect]]:
    """Correct all comparisons and effects of a page by Holm together, accuracy and AUROC alike.

    Where no configuration differs from another, at most 1 page in 20 calls anything significant, in whichever table or
    sentence. It starts from the uncorrected p-values, so correcting twice changes nothing.
    """
    tables = correct_judged(claims.settings, claims.categories, claims.pairs, effects)
    settings, categories, pairs = (cast(list[Claim], table) for table in tables[:3])
    corrected = replace(claims, settings=settings, categories=categories, pairs=pairs)
    return corrected, cast(list[Effect], tables[3])


def fit_trends(configurations: Sequence[Configuration]) -> list[SettingTrend]:
    """Fit a line for each setting with a held-out category and at least two numbers of categories, in their order.

    Runs are independent points. That they share their test images is in the interval where all were tested on the same
    ones; it covers one setting by itself and is not corrected for their number, so no verdict rests on it.
    """
    trends = []
    for setting in dict.fromkeys(each.setting for each in configurations):
        trend = _fit_trend([run for each in configurations if each.setting == setting for run in each.runs])
        if trend:
            trends.append(SettingTrend(setting, trend))
    return trends


class _Change(NamedTuple):
    """Pairs of configurations without and with the value, each as many runs of the same seeds."""

    option: str
    value: str
    against: str
    pairs: list[tuple[_Runs, _Runs]]


def _list_changes(runs: Sequence[FinishedRun]) -> Iterator[_Change]:
    options = [
        {**values, **{name: getattr(run, name) for name in WITHIN_SETTING}}
        for run, values in zip(runs, list_differences([run.config for run in runs]), strict=True)
    ]
    for option in _keep_separable(options):
        by_value: dict[str, dict[str, dict[int, FinishedRun]]] = defaultdict(lambda: defaultdict(dict))
        for run, values in zip(runs, options, strict=True):
            rest = repr(sorted((name, repr(value)) for name, value in values.items() if name not in (option, "seed")))
            by_value[format_value(values.get(option))][rest][run.seed] = run
        against = _choose_reference(by_value, option)
        for value, configurations in by_value.items():
            pairs = list(_match(by_value[against], configurations))
            if value != against and len(pairs) >= _FEWEST:
                yield _Change(option.removesuffix(".name"), value, against, pairs)


def _keep_separable(options: list[dict[str, Any]]) -> list[str]:
    """List the options that change alone; of several that always change together keep the first, in each run."""
    names: dict[tuple[int, ...], str] = {}
    for name in dict.fromkeys(name for values in options for name in values if name not in WITHIN_SETTING):
        column = [format_value(values.get(name)) for values in options]
        places = {value: place for place, value in enumerate(dict.fromkeys(column))}
        pattern = tuple(places[value] for value in column)
        if names.setdefault(pattern, name) != name:
            for values in options:
                values.pop(name, None)
    return list(names.values())


def _choose_reference(by_value: Mapping[str, Mapping[str, object]], option: str) -> str:
    default = format_value(find_default(option))
    return max(by_value, key=lambda value: (value == default, len(by_value[value])))


def _match(
    first: Mapping[str, Mapping[int, FinishedRun]], second: Mapping[str, Mapping[int, FinishedRun]]
) -> Iterator[tuple[_Runs, _Runs]]:
    """Pair configurations that agree in all else, with the seeds that both have."""
    for rest in first:
        seeds = sorted(first[rest].keys() & second.get(rest, {}).keys())
        if seeds:
            yield [first[rest][seed] for seed in seeds], [second[rest][seed] for seed in seeds]


def _measure(change: _Change, group: str, select: _Select) -> Effect | None:
    runs = [run for pair in change.pairs for side in pair for run in side]
    digests = {tuple(part.digest for part in select(run)) for run in runs}
    if len(digests) > 1 or len({run.source for run in runs}) > 1 or digests == {()}:
        return None  # not the same images, or none
    first, second = ([_average(pair[side], select) for pair in change.pairs] for side in (0, 1))
    accuracy, auroc = compare_answers(first, second)
    return Effect(
        change.option, change.value, change.against, group, len(first[0]), len(change.pairs),
        num_seeds_each=min(len(pair[0]) for pair in change.pairs), accuracy=accuracy, auroc=auroc,
    )  # fmt: skip


def _average(runs: _Runs, select: _Select) -> MeanAnswers:
    return average_answers([pool_answers(select(run)) for run in runs])


def _fit_trend(runs: Sequence[FinishedRun]) -> Trend | None:
    if len({run.held_out for run in runs}) > 1:
        return None
    groups = [(run, run.summary.categories.get(run.held_out or "")) for run in runs]
    points = [(run, group.read("accuracy").value) for run, group in groups if group]
    known = [(run, value) for run, value in points if value is not None]
    return fit_trend(
        [run.categories for run, _ in known], [value for _, value in known], _stack_images([run for run, _ in known])
    )


def _stack_images(runs: Sequence[FinishedRun]) -> Floats | None:
    """Stack whether each image was called right, (runs, images); None where runs were not tested on the same ones."""
    parts = [run.images.get(run.held_out or "") for run in runs]
    found = [part for part in parts if part is not None]
    if len(found) < len(runs) or len({(run.source, part.digest) for run, part in zip(runs, found, strict=True)}) != 1:
        return None
    return np.array([Answers(part.label, part.logit).right for part in found])
