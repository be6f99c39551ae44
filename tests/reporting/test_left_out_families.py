"""Averages of the AUROC on left-out families, computed by hand."""

import numpy as np
import pytest
from scipy.stats import t

from fakeid.config.choices import ResidualName
from fakeid.config.parse import Config, to_plain
from fakeid.config.schema import ResidualConfig
from fakeid.evaluation.records.results import UNKNOWN, CategoryGroup, Estimate
from fakeid.evaluation.records.run_summary import RunSummary
from fakeid.reporting.sweep.configurations import FinishedRun
from fakeid.reporting.sweep.left_out_families import (
    answer_left_out_families,
    tabulate_each_left_out_family,
    tabulate_left_out_families,
)


def make_run(seed: int, left_out: str, aurocs: dict[str, float], residual: str = "hpf") -> FinishedRun:
    config = Config(seed=seed, residual=ResidualConfig(ResidualName[residual]))
    config.data.simulated.validation_families = ["zeros"]
    config.data.simulated.test_families = [left_out]
    generators = {
        name: CategoryGroup(20, 10, {"auroc": Estimate(value, None, None)}, seen=name not in ("zeros", left_out))
        for name, value in aurocs.items()
    }
    return FinishedRun(f"{residual}-{left_out}-{seed}", RunSummary(
        seen=None, unseen=None, categories={}, generators=generators, config=to_plain(config)
    ), {})  # fmt: skip


def test_families_count_where_they_were_left_out_and_neither_trained_on_nor_validated() -> None:
    runs = [
        make_run(0, "progan", {"progan": 0.7, "dcgan": 0.9, "zeros": 0.1}),
        make_run(0, "dcgan", {"progan": 0.95, "dcgan": 0.6, "zeros": 0.1}),
        make_run(1, "progan", {"progan": 0.8, "dcgan": 0.99, "zeros": 0.1}),
        make_run(1, "dcgan", {"progan": 0.97, "dcgan": 0.8, "zeros": 0.1}),
    ]
    table = tabulate_left_out_families(runs)
    ((setting, seeds, families, mean, lowest, name, trained_on),) = (
        [cell.value for cell in row.cells] for row in table.rows
    )
    assert (setting, seeds, families, name) == ("Pelee+HPF, RGB, dropout 0", 2, 2, "dcgan")
    assert lowest == pytest.approx(0.7)
    low, high = t.interval(0.95, 1, np.mean([0.65, 0.8]), np.std([0.65, 0.8], ddof=1) / np.sqrt(2))
    assert (mean.value, mean.low, mean.high) == pytest.approx((0.725, max(0, low), min(1, high)))
    assert trained_on.value == pytest.approx(np.mean([0.9, 0.95, 0.99, 0.97]))


def test_each_family_has_a_row_the_worst_first() -> None:
    runs = [
        make_run(seed, left_out, {"progan": 0.7 + seed / 10, "dcgan": 0.6, "zeros": 0.1})
        for seed in (0, 1)
        for left_out in ("progan", "dcgan")
    ]
    rows = [[cell.value for cell in row.cells] for row in tabulate_each_left_out_family(runs).rows]
    assert [(row[0], row[1], row[2].value, row[3].value) for row in rows] == [
        ("dcgan", 2, pytest.approx(0.6), pytest.approx(0.6)),
        ("progan", 2, pytest.approx(0.75), pytest.approx(0.75)),
    ]


def test_each_setting_has_a_row_and_one_seed_no_interval() -> None:
    runs = [
        make_run(0, "progan", {"progan": auroc, "dcgan": 0.9}, residual)
        for residual, auroc in (("npr", 0.6), ("srm", 0.7))
    ]
    rows = [[cell.value for cell in row.cells] for row in tabulate_left_out_families(runs).rows]
    assert [(row[0], row[3]) for row in rows] == [
        ("Pelee+NPR, RGB, dropout 0", Estimate(0.6, None, None)),
        ("Pelee+SRM, RGB, dropout 0", Estimate(0.7, None, None)),
    ]


def test_settings_are_compared_on_the_families_and_seeds_of_both() -> None:
    runs = [make_run(seed, "progan", {"progan": 0.6 + 0.1 * seed, "dcgan": 0.9}, "npr") for seed in (0, 1, 2)]
    runs += [make_run(0, "dcgan", {"dcgan": 0.1, "progan": 0.5}, "npr")]  # srm has no such run
    runs += [make_run(seed, "progan", {"progan": 0.7 + 0.12 * seed, "dcgan": 0.9}, "srm") for seed in (0, 1, 2)]
    table = tabulate_left_out_families(runs)
    place = [column.heading for column in table.columns].index("difference")
    first, second = (row.cells[place].value for row in table.rows)
    assert first == UNKNOWN
    gains = [0.1, 0.12, 0.14]
    low, high = t.interval(0.95, 2, np.mean(gains), np.std(gains, ddof=1) / np.sqrt(3))
    assert (second.value, second.low, second.high) == pytest.approx((0.12, low, high))


def test_the_answer_names_the_best_setting_and_its_worst_family() -> None:
    runs = [make_run(0, left_out, {"progan": 0.7, "dcgan": 0.8}) for left_out in ("progan", "dcgan")]
    (finding,) = answer_left_out_families(runs)
    assert str(finding) == (
        "Families left out: Pelee+HPF, RGB, dropout 0 has an AUROC of 0.750 on copies by 2 families that neither "
        "trained nor chose it, lowest on progan (0.700), 0.750 on families that it trained on."
    )
    (finding,) = answer_left_out_families([*runs, make_run(0, "progan", {"progan": 0.9}, "npr")])
    assert finding.text.startswith("Pelee+NPR, RGB, dropout 0 has an AUROC of 0.900 on copies by 1 family that")
    assert "the highest mean of 2 settings (differences between settings are not tested)" in finding.text


def test_runs_that_left_none_out_have_no_rows(invented) -> None:
    assert answer_left_out_families([invented(5)]) == []
    assert tabulate_left_out_families([]).rows == ()
    assert tabulate_left_out_families([invented(5)]).rows == ()
