"""How well detectors of `data=simulated` do on families of generators that were left out of everything."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from statistics import fmean
from typing import Any, Final

import numpy as np

from fakeid.evaluation.records.results import Estimate
from fakeid.evaluation.statistics.paired_tests import find_margin
from fakeid.reporting.sweep.configurations import FinishedRun
from fakeid.reporting.sweep.settings import Setting, identify_settings, order_settings
from fakeid.reporting.table import Cell, Column, Form, Row, Table

LEFT_OUT_NOTE: Final = (
    "AUROC of a family's copies against all photos of the test, in runs that neither trained on the family nor chose "
    "their epoch by it, averaged over families, and beside it in runs that trained on it. The 95 % interval covers "
    "seeds (Student's), for these families and photos; with one seed there is none."
)
_AXES: Final = ("families", "validation_families", "test_families")
_COLUMNS: Final = (
    Column("setting"), Column("seeds", Form.COUNT), Column("families", Form.COUNT), Column("left out", Form.UNIT),
    Column("lowest", Form.UNIT), Column("of"), Column("trained on", Form.UNIT),
)  # fmt: skip

_BySeed = dict[int, dict[str, list[float]]]
"""Seed → family → AUROCs."""


def tabulate_left_out_families(runs: Sequence[FinishedRun]) -> Table:
    """Tabulate settings, those of `data.simulated` that choose families apart; no rows where none were left out."""
    runs = [run for run in runs if run.summary.generators]
    settings = identify_settings([_ignore_families(run.config) for run in runs])
    grouped: dict[Setting, list[FinishedRun]] = defaultdict(list)
    for setting, run in zip(settings, runs, strict=True):
        grouped[setting].append(run)
    rows = [row for setting in order_settings(settings) for row in _list_rows(setting, grouped[setting])]
    return Table.of("Families left out", _COLUMNS, rows)


def _ignore_families(config: Mapping[str, Any]) -> Mapping[str, Any]:
    config = deepcopy(dict(config))
    for axis in _AXES:
        config["data"]["simulated"].pop(axis, None)
    return config


def _list_rows(setting: Setting, runs: Iterable[FinishedRun]) -> Iterable[Row]:
    left_out: _BySeed = defaultdict(lambda: defaultdict(list))
    trained_on: _BySeed = defaultdict(lambda: defaultdict(list))
    for run in runs:
        tested = run.config["data"]["simulated"]["test_families"]
        for name, group in run.summary.generators.items():
            value = group.read("auroc").value
            if value is not None and (group.seen or name in tested):
                (trained_on if group.seen else left_out)[run.seed][name].append(value)
    if not left_out:
        return
    families = sorted({name for own in left_out.values() for name in own})
    of_family = {name: fmean(fmean(own[name]) for own in left_out.values() if name in own) for name in families}
    lowest = min(families, key=of_family.__getitem__)
    numbers = (_average(left_out), of_family[lowest], lowest, _average(trained_on))
    yield Row(tuple(Cell(each) for each in (setting.name, len(left_out), len(families), *numbers)))


def _average(by_seed: _BySeed) -> Estimate:
    """Average over families, then over seeds."""
    means = [fmean(fmean(values) for values in own.values()) for own in by_seed.values()]
    if not means:
        return Estimate(None, None, None)
    mean = fmean(means)
    if len(means) == 1:
        return Estimate(mean, None, None)
    margin = find_margin(float(np.var(means, ddof=1)) / len(means), len(means) - 1, 0.0)
    return Estimate(mean, max(0.0, mean - margin), min(1.0, mean + margin))
