"""An evaluation as Markdown."""

from collections.abc import Mapping
from typing import Any

from fakeid.reporting.evaluation_answer import describe_thresholds, write_evaluation_answer
from fakeid.reporting.evaluation_groups import EvaluationGroups
from fakeid.reporting.evaluation_rows import (
    ORACLE_NOTE,
    list_calibration,
    list_controls,
    list_detector,
    list_groups,
    list_matrix,
    list_swap,
    list_test_sets,
    list_thresholds,
)
from fakeid.reporting.printable import make_printable
from fakeid.reporting.single_run import ONE_RUN, list_run_notes
from fakeid.reporting.sweep_markdown import render_rows
from fakeid.reporting.verdict import judge_evaluation


def render_evaluation_markdown(evaluation: Mapping[str, Any]) -> str:
    """Everything that the page shows, without its figures and its numbers on degraded images by group.

    Args:
        evaluation: See `render_evaluation_page`.
    """
    evaluation = make_printable(evaluation)
    groups = EvaluationGroups(evaluation)
    thresholds, below = list_thresholds(groups), ONE_RUN + "\n"
    parts = [f"# Evaluation: {evaluation['title']}\n"]
    parts += [
        " ".join(f"**{head}** {told}" for head, told in line) + "\n" for line in judge_evaluation(evaluation).lines
    ]
    parts += [f"{i}. {text}" for i, text in enumerate(write_evaluation_answer(evaluation), start=1)]
    parts += ["\n## AUROC, by degradation\n", render_rows(list_matrix(groups))]
    parts += [f"{note}\n" for note in list_run_notes(evaluation)]
    parts += ["## Thresholds\n", render_rows(thresholds), describe_thresholds(evaluation["calibration"]) + "\n", below]
    if any("oracle" in heading for heading in thresholds[0]):
        parts.append(f"{ORACLE_NOTE[0].upper()}{ORACLE_NOTE[1:]}.\n")
    parts += ["## Calibration\n", render_rows(list_calibration(groups)), below]
    if evaluation["swap"]:
        swap = evaluation["swap"]
        parts += ["## Swap test\n", swap["verdict"] + "\n", render_rows(list_swap(swap)), below]
    if evaluation["controls"]:
        parts += ["## Controls\n", render_rows(list_controls(evaluation)), below]
    parts += ["## Groups, images as they are\n", render_rows(list_groups(groups, degraded=False)), below]
    parts += ["## Test sets\n", render_rows(list_test_sets(evaluation))]
    parts += ["## Detector\n", render_rows(list_detector(evaluation))]
    parts += [f"- {note}" for note in evaluation["notes"]]
    parts += [f"\n## How to reproduce\n\n```console\n$ {evaluation['command']}\n```\n"]
    return "\n".join(parts)
