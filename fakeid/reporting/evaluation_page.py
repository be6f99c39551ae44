"""An evaluation as one HTML page."""

from collections.abc import Mapping
from typing import Any, Final

from matplotlib.figure import Figure

from fakeid.evaluation.probability_metrics import NUM_BINS
from fakeid.reporting.conditions import describe_conditions
from fakeid.reporting.evaluation_answer import (
    describe_controls,
    describe_thresholds,
    describe_worst,
    write_evaluation_answer,
)
from fakeid.reporting.evaluation_groups import EvaluationGroups
from fakeid.reporting.evaluation_matrix import list_matrix_rows
from fakeid.reporting.evaluation_rows import (
    ORACLE_NOTE,
    list_calibration,
    list_controls,
    list_detector,
    list_groups,
    list_swap,
    list_test_sets,
    list_thresholds,
)
from fakeid.reporting.numbers import Estimate, format_percent, format_unit
from fakeid.reporting.page import render_page
from fakeid.reporting.printable import make_printable
from fakeid.reporting.single_run import ONE_RUN, list_run_notes
from fakeid.reporting.style import DPI
from fakeid.reporting.svg import LINE_STYLE, inline_svg
from fakeid.reporting.sweep_rows import Rows
from fakeid.reporting.sweep_tables import format_cell
from fakeid.reporting.verdict import judge_evaluation

_CHANCE: Final = 0.5
_LABELS: Final = {
    "robustness": "AUROC against the strength of each degradation, one line a quadrant",
    "roc": "ROC curves of the quadrants, whole and up to 10 % false alarms",
    "histograms": "Histograms of the logits of reals and fakes in each quadrant",
    "reliability": "Share of fakes against P(fake) in each quadrant, before and after calibration",
    "spectra": "Mean power spectra of reals and fakes, and their azimuthal means",
    "mistakes": "The images on which the detector is wrong and most sure",
}


def render_evaluation_page(
    evaluation: Mapping[str, Any], figures: Mapping[str, Figure], narrow_figures: Mapping[str, Figure]
) -> str:
    """The verdict first, then the answer and what it rests on.

    Args:
        evaluation: Plain JSON values, None for what is undefined. `title`, `command`, `notes` and, where there are any,
            `warnings` (sentences); `detector` (name → value); `trained_on` (`categories`, `generators`); `test_sets`
            (`name`, `num_real`, `num_fake`, `control`, `where`, `file_formats`); `degradations`; `calibration` (the
            fields of `Calibration`, or None); `threshold` (the fields of `OperatingPoint`); `precision` (of the
            training), `scoring_precision`, `threads`, `machine` (of the scoring); `groups` (`kind`, `name`,
            `seen_content`, `seen_generator`, `degradation`, `num_real`, `num_fake`, and `metrics`: name → `value`,
            `low`, `high`); `worst` (`degradation`, `metric`, `group`, `value`); `swap` (`quality`, `verdict`,
            `follows_codec`, `warns`, `rows`, or None); `controls` (`name`, `verdict`, `fires`, `fake_share`,
            `fake_share_of_reals`, `fake_share_of_fakes`).
        figures: What `plot_evaluation` gives, or some of it.
        narrow_figures: The same for a phone.

    Returns:
        A self-contained HTML document.
    """
    evaluation = make_printable(evaluation)
    drawn = _inline_figures(figures, narrow_figures)
    return render_page(
        "evaluation.html",
        title=f"Evaluation: {evaluation['title']}",
        subtitle=_describe_size(evaluation),
        css=LINE_STYLE,
        styles=("report.css", "sortable.css", "evaluation.css"),
        script="sortable.js",
        sections=_list_sections(evaluation, drawn),
        verdict=judge_evaluation(evaluation),
        alarms=_list_alarms(evaluation),
        answer=write_evaluation_answer(evaluation),
        figures=drawn,
        notes=evaluation["notes"],
        run_notes=list_run_notes(evaluation),
        one_run=ONE_RUN,
        command=evaluation["command"],
        **_list_tables(evaluation),
    )


def _list_tables(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    groups, swap, calibration = EvaluationGroups(evaluation), evaluation["swap"], evaluation["calibration"]
    thresholds = list_thresholds(groups)
    return {
        "matrix": _describe_matrix(groups),
        "thresholds": thresholds,
        "threshold_note": describe_thresholds(calibration),
        "oracle_note": f"{ORACLE_NOTE[0].upper()}{ORACLE_NOTE[1:]}." if "oracle" in " ".join(thresholds[0]) else "",
        "calibration": list_calibration(groups),
        "calibration_note": _describe_calibration(calibration),
        "swap": list_swap(swap) if swap else None,
        "swap_verdict": swap["verdict"] if swap else "",
        "controls": list_controls(evaluation) if evaluation["controls"] else None,
        "worst": _list_worst(evaluation),
        "clean_groups": list_groups(groups, degraded=False),
        "degraded_groups": list_groups(groups, degraded=True),
        "test_sets": list_test_sets(evaluation),
        "detector": list_detector(evaluation),
    }


def _inline_figures(wide: Mapping[str, Figure], narrow: Mapping[str, Figure]) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "wide": inline_svg(wide[name], f"{name}-wide", label),
            "width": round(wide[name].get_figwidth() * DPI),  # letters are no larger than drawn
            "narrow": inline_svg(narrow.get(name, wide[name]), f"{name}-narrow", label),
        }
        for name, label in _LABELS.items()
        if name in wide
    }


def _describe_size(evaluation: Mapping[str, Any]) -> str:
    detector, sets = evaluation["detector"], evaluation["test_sets"]
    real, fake = (sum(found[f"num_{label}"] for found in sets) for label in ("real", "fake"))
    return (
        f"{detector['backbone']}, {detector['color']}, residual {detector['residual']}, {detector['image_px']} px; "
        f"{real:,} reals and {fake:,} fakes, {describe_conditions(evaluation['degradations'])}"
    )


def _list_sections(evaluation: Mapping[str, Any], figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    sections = {
        "matrix": "Matrix", "robustness": "Robustness", "roc": "ROC", "thresholds": "Thresholds",
        "calibration": "Calibration", "swap": "Swap test", "controls": "Controls", "spectra": "Spectra",
        "mistakes": "Mistakes", "groups": "All groups", "provenance": "What was tested", "command": "How to reproduce",
    }  # fmt: skip
    absent = {name for name in ("robustness", "roc", "spectra", "mistakes") if name not in figures}
    absent |= {name for name in ("swap", "controls") if not evaluation[name]}
    return [(name, title) for name, title in sections.items() if name not in absent]


def _list_alarms(evaluation: Mapping[str, Any]) -> list[str]:
    """What makes the numbers above it worth less than they seem."""
    swap = evaluation["swap"]
    alarms = [swap["verdict"]] if swap and swap["warns"] else []
    fired = describe_controls(evaluation)
    return [*alarms, *([f"Controls: {fired}"] if fired else []), *evaluation.get("warnings", [])]


def _describe_matrix(groups: EvaluationGroups) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    for kind, name in list_matrix_rows(groups):
        cells = [_describe_cell(groups.read("auroc", kind, name, tested)) for tested in groups.degradations]
        first = kind == "test_set" and bool(rows) and not any(row["kind"] == kind for row in rows)
        title = name.replace(", ", ",\n") if kind == "quadrant" else f"test set\n{name}"
        rows.append({"kind": kind, "name": title, "cells": cells, "first": first})
    return {"degradations": groups.degradations, "rows": rows}


def _describe_cell(estimate: Estimate) -> dict[str, Any]:
    value, interval = format_cell(estimate, format_unit)
    number = estimate["value"]
    if number is None:
        return {"value": value, "interval": "", "mood": "empty", "share": 0}
    share = round(100 * abs(number - _CHANCE) / _CHANCE)
    return {"value": value, "interval": interval, "mood": "below" if number < _CHANCE else "above", "share": share}


def _describe_calibration(calibration: Mapping[str, Any] | None) -> str:
    measure = f"Errors of P(fake), 0 is best: ECE over {NUM_BINS} bins, NLL in nats, Brier."
    if calibration is None:
        return f"{measure} The checkpoint holds no calibration."
    low, high = calibration["unsure_low"], calibration["unsure_high"]
    band = "No call is unsure:"
    if low < high:
        band = f"A call is unsure where P(fake) is from {low:.3f} to {high:.3f}: outside of it,"
    sign = "\N{MINUS SIGN}" if calibration["bias"] < 0 else "+"
    return (
        f"{measure} Fitted on validation, on what was trained on: calibrated logit = {calibration['scale']:.3g} "
        f"\N{MULTIPLICATION SIGN} logit {sign} {abs(calibration['bias']):.3g}. {band} at most "
        f"{format_percent(calibration['max_error'])} % of the calls on new images like them are expected to be wrong."
    )


def _list_worst(evaluation: Mapping[str, Any]) -> Rows | None:
    rows = [[worst["degradation"], describe_worst(worst)] for worst in evaluation["worst"]]
    return (["degradation", "worst group"], rows) if rows else None
