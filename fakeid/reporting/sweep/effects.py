"""Effects of changing one option, and of adding one training category.

An option is judged over all pairs of configurations that agree in everything else. A grid holds many such pairs:
`color=hsv` against `color=rgb` with each dropout and number of categories. Two settings with three seeds each show
little; all pairs together show more. The seeds of a configuration are averaged first, because they belong to one
setting: an option has a larger effect in one setting than in another, and an effect must stand out from this scatter
between pairs. All pairs share their test images, which the variance also accounts for (see
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
_FEWEST: Final = 2  # pairs; a single pair is a comparison of two configurations and is listed as such

_Runs: TypeAlias = list[FinishedRun]
_Select: TypeAlias = Callable[[FinishedRun], list[OrderedScores]]


@dataclass(frozen=True)
class Effect(Judged):
    """The effect of one value of an option against another, corrected for all effects.

    Attributes:
        option: Option as typed, such as `residual`.
        value: Value, such as `srm`.
        against: Value that it is compared with: the default, or the most frequent value if no run has the default.
        group: Group of images.
        num_images: Number of images.
        num_pairs: Number of pairs of configurations; the degrees of freedom are one fewer.
        num_seeds_each: Number of seeds shared by the two configurations of a pair, in the pair with the fewest.
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
        """Return the number of seeds; with one, nothing is judged, as in comparisons of two configurations."""
        return self.num_seeds_each

    @property
    def test(self) -> Hashable:
        """Identify the test by the change and the group of images."""
        return self.option, self.value, self.group


@dataclass(frozen=True)
class SettingTrend:
    """The slope of accuracy per additional training category, for one setting.

    Attributes:
        setting: Setting of the runs.
        held_out: Trend on the category that no run of the setting is trained on, so always on the same images. (The
            paper's unseen average loses categories as training gains them, so it rises or falls with the hard
            categories among them even if training makes no difference.)
    """

    setting: Setting
    held_out: Trend


def measure_effects(runs: Sequence[FinishedRun]) -> list[Effect]:
    """Measure the effect of every change of one option for which there are at least two pairs of configurations.

    The p-values are corrected for all effects together; if claims are shown on the same page, `correct_page` combines
    both into one family.

    The groups of images are the content that no run was trained on and, from evaluations, images by unseen generators
    with seen and with unseen content. The number of categories does not count as an option here, because it changes
    which content is unseen.

    Args:
        runs: Finished runs in any order.

    Returns:
        Effects by group of images.
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
    """Apply Holm's correction to all comparisons and effects of a page, for accuracy and AUROC together.

    If no configurations differ, at most 1 page in 20 calls anything significant in any table or sentence. The
    correction starts from uncorrected p-values, so applying it twice changes nothing.

    Args:
        claims: Comparisons of configurations.
        effects: Effects of single options.

    Returns:
        The claims and the effects with corrected p-values.
    """
    tables = correct_judged(claims.settings, claims.categories, claims.pairs, effects)
    settings, categories, pairs = (cast(list[Claim], table) for table in tables[:3])
    corrected = replace(claims, settings=settings, categories=categories, pairs=pairs)
    return corrected, cast(list[Effect], tables[3])


def fit_trends(configurations: Sequence[Configuration]) -> list[SettingTrend]:
    """Fit a line for each setting with a held-out category and at least two numbers of categories.

    Runs are independent points. If all were tested on the same images, the interval accounts for these shared images.
    It covers each setting separately and is not corrected for the number of settings, so no verdict is based on it.

    Args:
        configurations: Configurations of a report.

    Returns:
        Trends in the order of the settings.
    """
    trends = []
    for setting in dict.fromkeys(each.setting for each in configurations):
        trend = _fit_trend([run for each in configurations if each.setting == setting for run in each.runs])
        if trend:
            trends.append(SettingTrend(setting, trend))
    return trends


class _Change(NamedTuple):
    """Pairs of configurations without and with the value, with runs of the same seeds on both sides."""

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
    """List the options that vary; of those that always change together, drop all but the first from `options`."""
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
    """Pair configurations that agree in everything else, with the seeds that both have."""
    for rest in first:
        seeds = sorted(first[rest].keys() & second.get(rest, {}).keys())
        if seeds:
            yield [first[rest][seed] for seed in seeds], [second[rest][seed] for seed in seeds]


def _measure(change: _Change, group: str, select: _Select) -> Effect | None:
    runs = [run for pair in change.pairs for side in pair for run in side]
    digests = {tuple(part.digest for part in select(run)) for run in runs}
    if len(digests) > 1 or len({run.source for run in runs}) > 1 or digests == {()}:
        return None  # different images, or none
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
    """Stack whether each run classified each image correctly, (runs, images); None if the runs' images differ."""
    parts = [run.images.get(run.held_out or "") for run in runs]
    found = [part for part in parts if part is not None]
    if len(found) < len(runs) or len({(run.source, part.digest) for run, part in zip(runs, found, strict=True)}) != 1:
        return None
    return np.array([Answers(part.label, part.logit).right for part in found])
