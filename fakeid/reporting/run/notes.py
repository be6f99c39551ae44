"""What must stand beside the numbers of a single run: at which threshold, over what the intervals are, how computed."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from fakeid.config.choices import ThresholdFrom
from fakeid.evaluation.operating_point import OperatingPoint, read_point
from fakeid.evaluation.records.results import Estimate
from fakeid.evaluation.records.run_summary import RunResults, RunSummary
from fakeid.reporting.formatting import PERCENT_SIGN, format_number, format_share
from fakeid.reporting.table import Form

ONE_RUN: Final = "One training run: the interval covers test images, not other seeds or machines."

RANKS_WELL: Final = 0.75
"""The AUROC above which a group must not stand at chance level without a word."""

_CHANCE: Final = 0.5
_NEAR_CHANCE: Final = 0.55

Metrics: TypeAlias = Mapping[str, Any]
"""Estimates by name; plain ones of an `evaluation.json` too, as long as that is read as a dictionary."""

Record: TypeAlias = RunResults | Mapping[str, Any]
"""A run's summary, or the content of an `evaluation.json`."""


def list_run_notes(record: Record) -> list[str]:
    """Give the sentences below a table of one run: threshold, what the intervals cover, arithmetic and machine.

    What the record lacks is left out.
    """
    return [f"Accuracies are {describe_threshold(record)}.", ONE_RUN, *_describe_arithmetic(record)]


def describe_threshold(record: Record) -> str:
    """Say where an image is called fake: `at P(fake) = 0.5`, or at the balanced threshold from validation images."""
    point = _read_point(record)
    return _name_place(point.rule, point.logit) + (f", for {point.note}" if point.note else "")


def name_threshold(rule: str) -> str:
    """Name the threshold of a run's accuracies by its name in `ThresholdFrom`."""
    return "P(fake) = 0.5" if rule == ThresholdFrom.half.value else "the balanced threshold from validation images"


def name_alarm_threshold(rate: float) -> str:
    """Name the other threshold from validation images, which keeps a false-positive rate in [0, 1]."""
    return f"the threshold for {100 * rate:g}{PERCENT_SIGN} false positives"


def describe_training(summary: RunSummary) -> str:
    """Say how it was trained, such as `Trained in bf16 with 2 threads on an H100`; empty where nothing is known."""
    device = summary.machine.device if summary.machine else None
    how = [*_name_precision(summary.precision), *_name_machine(summary.threads, device)]
    return " ".join(["Trained", *how]) if how else ""


def describe_misplaced(record: Record, groups: Mapping[str, Metrics]) -> list[str]:
    """Name each group that the run ranks well, but calls at a threshold that is off; one sentence each.

    See `is_misplaced`.

    Args:
        record: Holds the threshold.
        groups: Name → metrics.
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
    area, balanced = (Estimate.from_plain(metrics.get(name)) for name in ("auroc", "balanced_accuracy"))
    if area.value is None or area.low is None or balanced.value is None or balanced.high is None:
        return None
    if area.value <= RANKS_WELL:
        return None
    surely, here = (1 - math.sqrt((1 - number) / 2) for number in (area.low, area.value))
    if area.low > _CHANCE and balanced.high < surely:
        return surely
    return here if balanced.value <= _NEAR_CHANCE else None


def _describe_group(point: OperatingPoint, metrics: Metrics) -> Iterator[str]:
    reachable = _find_reachable(metrics)
    if reachable is None:
        return
    area = Estimate.from_plain(metrics["auroc"]).value
    found = f"accuracy {_read_share(metrics, 'accuracy')} {_name_place(point.rule, point.logit)}"
    other = next(
        (rule for rule in (ThresholdFrom.validation, ThresholdFrom.half) if f"accuracy_at_{rule.value}" in metrics),
        None,
    )
    instead = ""
    if other:
        instead = f"; {_name_place(other.value)} it is {_read_share(metrics, f'accuracy_at_{other.value}')}"
    yield (
        f"ranks well (AUROC {format_number(area, Form.UNIT)}) but its threshold is off: {found}{instead}; some "
        f"threshold reaches a balanced accuracy of at least {format_share(reachable)}."
    )


def _read_point(record: Record) -> OperatingPoint:
    return record.threshold if isinstance(record, RunResults) else read_point(record)


def _name_place(rule: str, logit: float | None = None) -> str:
    known = logit is not None and rule != ThresholdFrom.half.value
    return f"at {name_threshold(rule)}" + (f" (logit {logit:.3g})" if known else "")


def _describe_arithmetic(record: Record) -> Iterator[str]:
    """Of training and of scoring: an evaluation may be on another machine than the training, which nobody knows."""
    if isinstance(record, RunSummary):
        trained, scored = describe_training(record), _name_precision(record.scoring_precision)
    elif isinstance(record, RunResults):
        return
    else:
        trained = " ".join(["Trained", *_name_precision(record["precision"])]) if record.get("precision") else ""
        scored = _name_precision(record.get("scoring_precision"))
        if scored:
            scored += _name_machine(record.get("threads"), (record.get("machine") or {}).get("device"))
    if known := "; ".join(filter(None, [trained, " ".join(["scored", *scored]) if scored else ""])):
        yield f"{known[0].upper()}{known[1:]}."


def _name_precision(precision: str | None) -> list[str]:
    return [f"in {precision}"] if precision else []


def _name_machine(threads: int | None, device: str | None) -> list[str]:
    with_threads = [f"with {threads} thread{'s' * (threads > 1)}"] if threads else []
    return with_threads + ([f"on {device}"] if device else [])


def _read_share(metrics: Metrics, name: str) -> str:
    return format_share(Estimate.from_plain(metrics[name]))
