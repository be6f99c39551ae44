"""Results of `data=simulated` on generator families used neither for training nor for choosing the epoch."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Final

import numpy as np

from fakeid.evaluation.records.results import UNKNOWN, Estimate
from fakeid.evaluation.statistics.paired_tests import find_margin
from fakeid.reporting.finding import Finding
from fakeid.reporting.formatting import format_count, format_estimate, format_number
from fakeid.reporting.sweep.configurations import FinishedRun
from fakeid.reporting.sweep.settings import Setting, identify_settings, order_settings
from fakeid.reporting.table import Column, Form, Line, Table

LEFT_OUT_NOTE: Final = (
    "AUROC of a family's copies against all test photos, averaged over families. Left out: in runs that neither "
    "trained on the family nor chose their epoch by it. Trained on: in runs that trained on it. The 95 % interval "
    "covers seeds (Student's) for these families and photos; with one seed there is no interval. Difference: to the "
    "first of several settings, over the families and seeds that both have, paired by seed; not corrected for the "
    "number of settings."
)
_AXES: Final = ("validation_families", "test_families")
_COLUMNS: Final = (
    Column("setting"), Column("seeds", Form.COUNT), Column("families", Form.COUNT), Column("left out", Form.UNIT),
    Column("difference", Form.UNITS), Column("lowest", Form.UNIT), Column("lowest on"), Column("trained on", Form.UNIT),
)  # fmt: skip

_FAMILY_COLUMNS: Final = (
    Column("family"), Column("setting"), Column("seeds", Form.COUNT), Column("left out", Form.UNIT),
    Column("trained on", Form.UNIT),
)  # fmt: skip

_BySeed = dict[int, dict[str, list[float]]]
"""AUROCs by seed, then by family."""


@dataclass(frozen=True)
class _Reached:
    """AUROCs of one setting on families that its runs left out, and on families that they trained on."""

    setting: Setting
    left_out: _BySeed
    trained_on: _BySeed

    @property
    def families(self) -> list[str]:
        return sorted({name for own in self.left_out.values() for name in own})

    def average_left_out(self, family: str) -> float:
        return _average(_pick(self.left_out, family)).value or 0.0


def tabulate_left_out_families(runs: Sequence[FinishedRun]) -> Table:
    """Tabulate settings, merging those that differ only in their families; no rows if no family was left out."""
    collected = _collect(runs)
    rows = [_describe_setting(each, collected[0]) for each in collected]
    return Table.of("Families left out", _COLUMNS, rows).without_empty_columns()


def tabulate_each_left_out_family(runs: Sequence[FinishedRun]) -> Table:
    """Tabulate each left-out family, starting with the one detected worst."""
    collected = _collect(runs)
    pairs = [(each, name) for each in collected for name in each.families]
    pairs.sort(key=lambda pair: pair[0].average_left_out(pair[1]))
    table = Table.of("Each family left out", _FAMILY_COLUMNS, [_describe_family(*pair) for pair in pairs])
    return table.without(_FAMILY_COLUMNS[1]) if len(collected) == 1 else table


def answer_left_out_families(runs: Sequence[FinishedRun]) -> list[Finding]:
    """Report the result on left-out families for the setting with the highest mean; empty if no family was left out."""
    collected = _collect(runs)
    if not collected:
        return []
    best = max(collected, key=lambda each: _average(each.left_out).value or 0.0)
    lowest = min(best.families, key=best.average_left_out)
    trained_on = _average(best.trained_on)
    count = len(collected)
    highest = f"the highest mean of {count} settings (differences between settings are not tested)" if count > 1 else ""
    families = format_count(len(best.families), "family", "families")
    left_out = format_estimate(_average(best.left_out), Form.UNIT)
    parts = [
        f"{best.setting.name} has an AUROC of {left_out} on copies by {families} that neither trained nor chose it",
        highest,
        f"lowest on {lowest} ({format_number(best.average_left_out(lowest), Form.UNIT)})",
        f"{format_estimate(trained_on, Form.UNIT)} on families that it trained on" if trained_on.value else "",
    ]
    return [Finding("Families left out", f"{', '.join(part for part in parts if part)}.")]


def _collect(runs: Sequence[FinishedRun]) -> list[_Reached]:
    runs = [run for run in runs if run.summary.generators]
    settings = identify_settings([_ignore_families(run.config) for run in runs])
    grouped = {setting: _Reached(setting, _start(), _start()) for setting in order_settings(settings)}
    for setting, run in zip(settings, runs, strict=True):
        tested = run.config["data"]["simulated"]["test_families"]
        for name, group in run.summary.generators.items():
            value = group.read("auroc").value
            if value is not None and (group.seen or name in tested):
                reached = grouped[setting].trained_on if group.seen else grouped[setting].left_out
                reached[run.seed][name].append(value)
    return [each for each in grouped.values() if each.left_out]


def _start() -> _BySeed:
    return defaultdict(lambda: defaultdict(list))


def _ignore_families(config: Mapping[str, Any]) -> Mapping[str, Any]:
    config = deepcopy(dict(config))
    for axis in _AXES:
        config["data"]["simulated"].pop(axis, None)
    return config


def _describe_setting(reached: _Reached, first: _Reached) -> Line:
    lowest = min(reached.families, key=reached.average_left_out)
    return [
        *(reached.setting.name, len(reached.left_out), len(reached.families)),
        *(_average(reached.left_out), UNKNOWN if reached is first else _subtract(reached.left_out, first.left_out)),
        *(reached.average_left_out(lowest), lowest, _average(reached.trained_on)),
    ]


def _describe_family(reached: _Reached, name: str) -> Line:
    left_out, trained_on = _pick(reached.left_out, name), _pick(reached.trained_on, name)
    return [name, reached.setting.name, len(left_out), _average(left_out), _average(trained_on)]


def _pick(by_seed: _BySeed, name: str) -> _BySeed:
    return {seed: {name: own[name]} for seed, own in by_seed.items() if name in own}


def _average(by_seed: _BySeed) -> Estimate:
    """Average over families, then over seeds."""
    return _estimate([fmean(fmean(values) for values in own.values()) for own in by_seed.values()], (0.0, 1.0))


def _subtract(by_seed: _BySeed, first: _BySeed) -> Estimate:
    """Average the difference over the families that a seed has in both, then over seeds."""
    differences = []
    for seed in by_seed.keys() & first.keys():
        own, other = by_seed[seed], first[seed]
        if shared := own.keys() & other.keys():
            differences.append(fmean(fmean(own[name]) - fmean(other[name]) for name in shared))
    return _estimate(differences, (-1.0, 1.0))


def _estimate(numbers: Sequence[float], within: tuple[float, float]) -> Estimate:
    """Average the numbers of several seeds, with Student's interval."""
    if not numbers:
        return UNKNOWN
    mean = fmean(numbers)
    if len(numbers) == 1:
        return Estimate(mean)
    margin = find_margin(float(np.var(numbers, ddof=1)) / len(numbers), len(numbers) - 1, 0.0)
    return Estimate(mean, max(within[0], mean - margin), min(within[1], mean + margin))
