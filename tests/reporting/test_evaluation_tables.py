"""What evaluations add to a sweep report."""

import dataclasses
import math

import pytest
from invented_sweep import invent_run
from scipy import stats

from fakeid.config.compose import compose_config
from fakeid.evaluation.quadrants import TrainedOn
from fakeid.evaluation.records.evaluation import EvaluatedDetector, Evaluation, SwapResult
from fakeid.evaluation.records.results import UNKNOWN, Estimate, EvaluationGroup
from fakeid.reporting.formatting import format_cell
from fakeid.reporting.sweep.configurations import FinishedRun, collect_configurations
from fakeid.reporting.sweep.evaluation_tables import EVALUATION_NOTE, EvaluationTable, build_evaluation_tables
from fakeid.reporting.sweep.page import render_sweep_markdown
from fakeid.reporting.sweep.report import FolderRun, build_sweep_report

SEEN, UNSEEN = "seen content, seen generators", "unseen content, unseen generators"


def describe(*auroc: tuple[str, str, float | None], warns: bool | None = None) -> Evaluation:
    groups = tuple(
        EvaluationGroup(
            100, 100, dict.fromkeys(("auroc", "accuracy"), bound(value)),
            "test_set" if name == "ffhq" else "quadrant", name, degradation, name == SEEN, name == SEEN,
        )
        for name, degradation, value in auroc
    )  # fmt: skip
    return Evaluation(
        title="demo",
        detector=EvaluatedDetector("tested.ckpt", "pelee", "rgb", "hpf", 64),
        trained_on=TrainedOn((), ()),
        test_sets=(),
        degradations=tuple(dict.fromkeys(entry[1] for entry in auroc)),
        groups=groups,
        swap=None if warns is None else SwapResult(90, "", None, warns, ()),
    )


def bound(value: float | None) -> Estimate:
    return UNKNOWN if value is None else Estimate(value, value - 0.01, value + 0.01)


def write(evaluation: EvaluationTable) -> tuple[list[str], list[list[str]]]:
    """Return headings and cells to the right of the columns that name a configuration."""
    columns, rows = evaluation.table.columns[3:], [row.cells[3:] for row in evaluation.table.rows]
    cells = [[format_cell(cell, column.form) for cell, column in zip(row, columns, strict=True)] for row in rows]
    return [column.heading for column in columns], cells


def invent(evaluation: Evaluation | None, *words: str) -> FinishedRun:
    run, _ = invent_run(compose_config(["logger=csv", *words]), images=4)
    return dataclasses.replace(run, evaluation=evaluation)


def test_seeds_are_averaged_with_an_interval_over_runs_and_their_images() -> None:
    values = (0.70, 0.74, 0.78)
    runs = [
        invent(describe((SEEN, "none", 0.9), (UNSEEN, "none", value)), f"seed={seed}")
        for seed, value in enumerate(values)
    ]
    auroc, accuracy, _ = build_evaluation_tables(collect_configurations(runs))
    (row,) = auroc.table.rows
    # The 1-point half-width of each run's own interval is taken as the effect of the images on all runs.
    margin = math.hypot(stats.t.ppf(0.975, 2) * stats.sem(values), 0.01)
    assert [column.heading for column in auroc.table.columns] == ["setting", "categories", "seeds", SEEN, UNSEEN]
    assert [cell.value for cell in row.cells[1:3]] == [10, 3]
    for table in (auroc.table, accuracy.table):
        seen, unseen = (cell.value for cell in table.rows[0].cells[3:])
        assert (seen.value, seen.low, seen.high) == pytest.approx((0.9, 0.89, 0.91))
        assert (unseen.value, unseen.low, unseen.high) == pytest.approx((0.74, 0.74 - margin, 0.74 + margin))


def test_quarters_are_averaged_under_each_degradation_and_warnings_counted() -> None:
    numbers = [(SEEN, "none", 0.9), (UNSEEN, "none", 0.7), (SEEN, "jpeg-75", 0.6), (UNSEEN, "jpeg-75", 0.5)]
    runs = [
        invent(describe(*numbers, ("ffhq", "none", 0.1), warns=verdict), f"seed={seed}")
        for seed, verdict in enumerate((True, False, True))
    ]
    headings, (row,) = write(build_evaluation_tables(collect_configurations(runs))[-1])
    assert headings == ["clean", "jpeg-75", "swap test warns"]
    assert row == ["0.800", "0.550", "2 of 3"]  # a mean over quadrants has no interval over images


def test_other_test_sets_are_columns_and_what_is_missing_is_left_open() -> None:
    runs = [
        invent(describe((SEEN, "none", 0.9), ("ffhq", "none", 0.6)), "color=rgb"),
        invent(describe((SEEN, "none", None), (SEEN, "blur-1", 0.8)), "color=hsv"),
    ]
    auroc, _, degraded = build_evaluation_tables(collect_configurations(runs))
    assert write(auroc) == ([SEEN, "ffhq"], [["0.900 [0.890, 0.910]", "0.600 [0.590, 0.610]"], ["\N{EN DASH}"] * 2])
    assert write(degraded)[1] == [
        ["0.900", "\N{EN DASH}", "not tried"],
        ["\N{EN DASH}", "0.800", "not tried"],
    ]


def test_markdown_says_what_the_intervals_of_evaluations_cover() -> None:
    runs = [invent(describe((SEEN, "none", 0.9)))]
    text = render_sweep_markdown(build_sweep_report("x", [FolderRun(run.name, "done", "", "", run) for run in runs]))
    (note,) = (line for line in text.splitlines() if line.startswith(EVALUATION_NOTE))
    assert note.endswith("one training run: the interval covers test images, not other seeds or machines.")


def test_a_configuration_counts_only_with_all_its_seeds() -> None:
    runs = [invent(describe((SEEN, "none", 0.9)), "seed=0"), invent(None, "seed=1")]
    assert build_evaluation_tables(collect_configurations(runs)) == []


def test_runs_that_were_evaluated_otherwise_are_one_setting() -> None:
    runs = [invent(None, "seed=0"), invent(None, "seed=1", "evaluation=quick")]
    (configuration,) = collect_configurations(runs)
    assert configuration.seeds == [0, 1]
