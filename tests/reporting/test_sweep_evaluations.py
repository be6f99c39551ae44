"""What evaluations add to the report of a sweep."""

import dataclasses
import math
from typing import Any

import pytest
from made_up_sweep import invent_run
from scipy import stats

from fakeid.reporting.averages import FinishedRun, collect_cells
from fakeid.reporting.sweep_evaluations import build_evaluation_tables
from fakeid.reporting.sweep_markdown import EVALUATION_NOTE, render_sweep_markdown
from fakeid.reporting.sweep_report import FolderRun, build_sweep_report
from fakeid.runs.compose import compose_config

SEEN, UNSEEN = "seen content, seen generators", "unseen content, unseen generators"


def describe(*auroc: tuple[str, str, float | None], warns: bool | None = None) -> dict[str, Any]:
    groups = [
        {
            "kind": "test_set" if name == "ffhq" else "quadrant",
            "name": name,
            "degradation": degradation,
            "seen_content": name == SEEN,
            "seen_generator": name == SEEN,
            "num_real": 100,
            "num_fake": 100,
            "metrics": {
                metric: {"value": value, "low": value and value - 0.01, "high": value and value + 0.01}
                for metric in ("auroc", "accuracy")
            },
        }
        for name, degradation, value in auroc
    ]
    swap = None if warns is None else {"warns": warns}
    return {
        "groups": groups,
        "degradations": list(dict.fromkeys(entry[1] for entry in auroc)),
        "swap": swap,
        "test_sets": [],
    }


def invent(evaluation: dict[str, Any] | None, *words: str) -> FinishedRun:
    run, _ = invent_run(compose_config(["logger=csv", *words]), images=4)
    return dataclasses.replace(run, evaluation=evaluation)


def test_seeds_are_averaged_with_an_interval_over_runs_and_their_images() -> None:
    values = (0.70, 0.74, 0.78)
    runs = [
        invent(describe((SEEN, "none", 0.9), (UNSEEN, "none", value)), f"seed={seed}")
        for seed, value in enumerate(values)
    ]
    auroc, accuracy, _ = build_evaluation_tables(collect_cells(runs))
    headings, (row,) = auroc.rows
    # Each run's own interval is 1 point to both sides, and is taken for what images do to all runs alike.
    margin = math.hypot(stats.t.ppf(0.975, 2) * stats.sem(values), 0.01)
    low, high = 0.74 - margin, 0.74 + margin
    assert headings == ["setting", "categories", "seeds", SEEN, UNSEEN]
    assert row[1:] == ["10", "3", "0.900 [0.890, 0.910]", f"0.740 [{low:.3f}, {high:.3f}]"]
    assert accuracy.rows[1][0][4] == f"74.0 [{100 * low:.1f}, {100 * high:.1f}]"


def test_quarters_are_averaged_under_each_degradation_and_warnings_counted() -> None:
    numbers = [(SEEN, "none", 0.9), (UNSEEN, "none", 0.7), (SEEN, "jpeg-75", 0.6), (UNSEEN, "jpeg-75", 0.5)]
    runs = [
        invent(describe(*numbers, ("ffhq", "none", 0.1), warns=verdict), f"seed={seed}")
        for seed, verdict in enumerate((True, False, True))
    ]
    headings, (row,) = build_evaluation_tables(collect_cells(runs))[-1].rows
    assert headings[3:] == ["as they are", "jpeg-75", "swap test warns"]
    assert row[3:] == ["0.800", "0.550", "2 of 3"]  # a mean over quarters has no interval over images


def test_other_test_sets_are_columns_and_what_is_missing_is_left_open() -> None:
    runs = [
        invent(describe((SEEN, "none", 0.9), ("ffhq", "none", 0.6)), "color=rgb"),
        invent(describe((SEEN, "none", None), (SEEN, "blur-1", 0.8)), "color=hsv"),
    ]
    auroc, _, degraded = build_evaluation_tables(collect_cells(runs))
    assert auroc.rows[0][3:] == [SEEN, "ffhq"]
    assert [row[3:] for row in auroc.rows[1]] == [["0.900 [0.890, 0.910]", "0.600 [0.590, 0.610]"], ["\N{EN DASH}"] * 2]
    assert [row[3:] for row in degraded.rows[1]] == [
        ["0.900", "\N{EN DASH}", "not tried"],
        ["\N{EN DASH}", "0.800", "not tried"],
    ]


def test_markdown_says_what_the_intervals_of_evaluations_cover() -> None:
    runs = [invent(describe((SEEN, "none", 0.9)))]
    text = render_sweep_markdown(build_sweep_report("x", [FolderRun(run.name, "done", "", "", run) for run in runs]))
    (note,) = (line for line in text.splitlines() if line.startswith(EVALUATION_NOTE))
    assert note.endswith("one training run: the interval covers test images, not other seeds or machines.")


@pytest.mark.parametrize("evaluated", [0, 1])
def test_a_cell_counts_only_with_all_its_seeds(evaluated: int) -> None:
    runs = [invent(describe((SEEN, "none", 0.9)) if seed < evaluated else None, f"seed={seed}") for seed in range(2)]
    assert build_evaluation_tables(collect_cells(runs)) == []


def test_runs_that_were_evaluated_otherwise_are_one_setting() -> None:
    runs = [invent(None, "seed=0"), invent(None, "seed=1", "evaluation=quick")]
    (cell,) = collect_cells(runs)
    assert cell.seeds == [0, 1]
