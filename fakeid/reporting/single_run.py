"""What must stand beside the numbers of a single run: at which threshold, over what the intervals are, how computed."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fakeid.choices import ThresholdFrom
from fakeid.evaluation.operating_point import AT_HALF
from fakeid.reporting.numbers import Estimate, format_percent, format_percent_estimate, format_unit

ONE_RUN: Final = "One training run: the interval covers test images, not other seeds or machines."

_RANKS_WELL: Final = 0.75  # AUROC
_CHANCE: Final = 0.5
_SIGN: Final = "\N{NO-BREAK SPACE}%"

Metrics = Mapping[str, Any]


def list_run_notes(record: Mapping[str, Any]) -> list[str]:
    """Give the sentences below a table of one run: threshold, what the intervals cover, arithmetic and machine.

    Args:
        record: Content of a `summary.json` or `evaluation.json`; what it lacks is left out.
    """
    return [f"Accuracies are {describe_threshold(record)}.", ONE_RUN, *_describe_arithmetic(record)]


def describe_threshold(record: Mapping[str, Any]) -> str:
    """Say where an image is called fake: `at P(fake) = 0.5`, or at the threshold chosen on validation images."""
    point = _read_point(record)
    return _name_place(point["rule"], point["logit"]) + (f", for {point['note']}" if point["note"] else "")


def describe_misplaced(record: Mapping[str, Any], groups: Mapping[str, Metrics]) -> list[str]:
    """Name each group that the run ranks well, but calls at a threshold that is off; one sentence each.

    It is off where the balanced accuracy is below what some threshold must reach: with an AUROC of A, whatever the
    shape of the ROC curve, one reaches 1 - sqrt((1 - A) / 2). The upper bound of the one is held against this at the
    lower bound of the other, so that noise alone says nothing.

    Args:
        record: Content of a `summary.json` or `evaluation.json`.
        groups: Name → metrics, each with `value`, `low` and `high`.
    """
    return [
        f"{name[:1].upper()}{name[1:]}: {text}"
        for name, metrics in groups.items()
        for text in _describe_group(_read_point(record), metrics)
    ]


def _describe_group(point: Mapping[str, Any], metrics: Metrics) -> Iterator[str]:
    area, balanced = (metrics.get(name) or {} for name in ("auroc", "balanced_accuracy"))
    if None in (area.get("value"), area.get("low"), balanced.get("high")):
        return
    reachable = 1 - math.sqrt((1 - area["low"]) / 2)
    if area["value"] <= _RANKS_WELL or area["low"] <= _CHANCE or balanced["high"] >= reachable:
        return
    found = f"accuracy {_percent(metrics['accuracy'])} {_name_place(point['rule'], point['logit'])}"
    other = next(
        (rule for rule in (ThresholdFrom.validation, ThresholdFrom.half) if f"accuracy_at_{rule.value}" in metrics),
        None,
    )
    instead = ""
    if other:
        instead = f"; {_name_place(other.value)} it is {_percent(metrics[f'accuracy_at_{other.value}'])}"
    yield (
        f"ranks well (AUROC {format_unit(area['value'])}) but its threshold is off: {found}{instead}; some threshold "
        f"reaches a balanced accuracy of at least {format_percent(reachable)}{_SIGN}."
    )


def _read_point(record: Mapping[str, Any]) -> Mapping[str, Any]:
    return record.get("threshold") or AT_HALF.to_plain()


def _name_place(rule: str, logit: float | None = None) -> str:
    if rule == ThresholdFrom.half.value:
        return "at P(fake) = 0.5"
    return "at the threshold chosen on validation images" + ("" if logit is None else f" (logit {logit:.3g})")


def _describe_arithmetic(record: Mapping[str, Any]) -> Iterator[str]:
    threads = record.get("threads")
    parts = [
        record.get("precision"),
        f"{threads} thread{'s' * (threads > 1)}" if threads else None,
        (record.get("machine") or {}).get("device"),
    ]
    known = ", ".join(part for part in parts if part)
    if known:
        yield f"Computed in {known}."


def _percent(estimate: Estimate) -> str:
    value, bracket, bounds = format_percent_estimate(estimate).partition(" [")
    return f"{value}{_SIGN}{bracket}{bounds}"
