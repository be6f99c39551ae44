"""What must stand beside the numbers of a single run: at which threshold, over what the intervals are, how computed."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fakeid.choices import ThresholdFrom
from fakeid.evaluation.operating_point import AT_HALF
from fakeid.reporting.numbers import Estimate, format_percent, format_percent_estimate, format_unit

ONE_RUN: Final = "One training run: the interval covers test images, not other seeds or machines."

RANKS_WELL: Final = 0.75
"""The AUROC above which a group must not stand at chance level without a word."""

_CHANCE: Final = 0.5
_NEAR_CHANCE: Final = 0.55
_SIGN: Final = "\N{NO-BREAK SPACE}%"

Metrics = Mapping[str, Any]


def list_run_notes(record: Mapping[str, Any]) -> list[str]:
    """Give the sentences below a table of one run: threshold, what the intervals cover, arithmetic and machine.

    Args:
        record: Content of a `summary.json` or `evaluation.json`; what it lacks is left out.
    """
    return [f"Accuracies are {describe_threshold(record)}.", ONE_RUN, *_describe_arithmetic(record)]


def describe_threshold(record: Mapping[str, Any]) -> str:
    """Say where an image is called fake: `at P(fake) = 0.5`, or at the balanced threshold from validation images."""
    point = _read_point(record)
    return _name_place(point["rule"], point["logit"]) + (f", for {point['note']}" if point["note"] else "")


def name_threshold(rule: str) -> str:
    """The threshold of a run's accuracies, by its name in `ThresholdFrom`."""
    return "P(fake) = 0.5" if rule == ThresholdFrom.half.value else "the balanced threshold from validation images"


def name_alarm_threshold(rate: float) -> str:
    """The other threshold from validation images, which keeps a false-positive rate in [0, 1]."""
    return f"the threshold for {100 * rate:g}{_SIGN} false positives"


def describe_training(record: Mapping[str, Any]) -> str:
    """Such as `Trained in bf16 with 2 threads on an H100`, as far as it is known; empty where nothing is.

    Args:
        record: Content of a `summary.json`.
    """
    return " ".join(["Trained", *how]) if (how := [*_name_precision(record), *_name_machine(record)]) else ""


def describe_misplaced(record: Mapping[str, Any], groups: Mapping[str, Metrics]) -> list[str]:
    """Name each group that the run ranks well, but calls at a threshold that is off; one sentence each.

    See `is_misplaced`.

    Args:
        record: Content of a `summary.json` or `evaluation.json`.
        groups: Name → metrics, each with `value`, `low` and `high`.
    """
    return [
        f"{name[:1].upper()}{name[1:]}: {text}"
        for name, metrics in groups.items()
        for text in _describe_group(_read_point(record), metrics)
    ]


def is_misplaced(metrics: Metrics) -> bool:
    """Whether a group is ranked well, but called at a threshold that is off.

    It is off where the balanced accuracy is below what some threshold must reach: with an AUROC of A, whatever the
    shape of the ROC curve, one reaches 1 - sqrt((1 - A) / 2). The upper bound of the one is held against this at the
    lower bound of the other, so that noise alone says nothing. Where the balanced accuracy is at chance level, however
    wide the intervals, it is off on these images: where the threshold is in its place, noise alone does that to fewer
    than 3 in 1,000 groups of 10 images a class or more (simulated, normal logits).
    """
    return _find_reachable(metrics) is not None


def _find_reachable(metrics: Metrics) -> float | None:
    """The balanced accuracy that some threshold reaches; None where the one in use is not off."""
    area, balanced = (metrics.get(name) or {} for name in ("auroc", "balanced_accuracy"))
    if None in (area.get("value"), area.get("low"), balanced.get("value"), balanced.get("high")):
        return None
    if area["value"] <= RANKS_WELL:
        return None
    surely, here = (1 - math.sqrt((1 - area[name]) / 2) for name in ("low", "value"))
    if area["low"] > _CHANCE and balanced["high"] < surely:
        return surely
    return here if balanced["value"] <= _NEAR_CHANCE else None


def _describe_group(point: Mapping[str, Any], metrics: Metrics) -> Iterator[str]:
    reachable = _find_reachable(metrics)
    if reachable is None:
        return
    area = metrics["auroc"]
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
    known = logit is not None and rule != ThresholdFrom.half.value
    return f"at {name_threshold(rule)}" + (f" (logit {logit:.3g})" if known else "")


def _describe_arithmetic(record: Mapping[str, Any]) -> Iterator[str]:
    """Of training and of scoring: an evaluation, which alone names what was `trained_on`, may be on another machine."""
    precision = record.get("scoring_precision")
    scored = f"scored in {precision}" if precision else ""
    if "trained_on" in record:
        trained = " ".join(["Trained", *_name_precision(record)]) if record.get("precision") else ""
        scored = " ".join([scored, *_name_machine(record)]) if scored else ""
    else:
        trained = describe_training(record)
    if known := "; ".join(filter(None, [trained, scored])):
        yield f"{known[0].upper()}{known[1:]}."


def _name_precision(record: Mapping[str, Any]) -> list[str]:
    return [f"in {record['precision']}"] if record.get("precision") else []


def _name_machine(record: Mapping[str, Any]) -> list[str]:
    threads, device = record.get("threads"), (record.get("machine") or {}).get("device")
    with_threads = [f"with {threads} thread{'s' * (threads > 1)}"] if threads else []
    return with_threads + ([f"on {device}"] if device else [])


def _percent(estimate: Estimate) -> str:
    value, bracket, bounds = format_percent_estimate(estimate).partition(" [")
    return f"{value}{_SIGN}{bracket}{bounds}"
