"""Notes that accompany the numbers of a single run: threshold, coverage of the intervals, arithmetic and machine."""

import math
from collections.abc import Iterator, Mapping
from typing import Final

from fakeid.config.choices import ThresholdFrom
from fakeid.evaluation.calibration import Calibration, OperatingPoint
from fakeid.evaluation.records.evaluation import Evaluation
from fakeid.evaluation.records.results import Group
from fakeid.evaluation.records.run_summary import RunResults, RunSummary, Sizes
from fakeid.reporting.degradations import name_conditions
from fakeid.reporting.formatting import PERCENT_SIGN, format_number, format_share
from fakeid.reporting.table import Form

ONE_RUN: Final = "One training run: the interval covers test images, not other seeds or machines."

RANKS_WELL: Final = 0.75
"""The AUROC above which a group at chance-level accuracy needs an explanation."""

_VIEWS: Final = {"full": "the center", "crops": "five windows", "patches": "the four quarters"}
_FEW: Final = "the threshold for few false positives"
_CHANCE: Final = 0.5
_NEAR_CHANCE: Final = 0.55


def list_run_notes(record: RunResults | Evaluation) -> list[str]:
    """List the sentences below the table of a run: threshold, coverage of the intervals, arithmetic and machine.

    Unknown facts are left out.
    """
    place = describe_threshold(record.threshold, record.calibration)
    return [f"Accuracies are {place}.", ONE_RUN, *_describe_arithmetic(record)]


def describe_threshold(point: OperatingPoint, calibration: Calibration | None = None) -> str:
    """Describe where an image is called fake: `at P(fake) = 0.5`, or at a threshold from validation images.

    Args:
        point: Threshold in use.
        calibration: Calibration with the false-positive rate that the threshold keeps and the conditions, if the
            threshold was chosen for a rate.

    Returns:
        A phrase that begins with `at`.
    """
    told = _name_place(point.rule, point.logit, calibration) + (f", for {point.note}" if point.note else "")
    if point.rule == ThresholdFrom.photos.value and calibration and len(calibration.conditions) > 1:
        told += f", the strictest of those for {name_conditions(calibration.conditions)}"
    return told


def name_threshold(rule: str, calibration: Calibration | None = None) -> str:
    """Describe the threshold of a run's accuracies, given its name in `ThresholdFrom`."""
    if rule == ThresholdFrom.photos.value:
        kept = name_chosen_threshold(calibration.false_alarm_rate) if calibration else _FEW
        return f"{kept} on validation photos"
    return "P(fake) = 0.5" if rule == ThresholdFrom.half.value else "the balanced threshold from validation images"


def name_chosen_threshold(rate: float) -> str:
    """Describe the threshold from validation images that keeps a false-positive rate in [0, 1]."""
    return f"the threshold for {100 * rate:g}{PERCENT_SIGN} false positives"


def describe_training(summary: RunSummary) -> str:
    """Describe how a run was trained, such as `Trained in bf16 with 2 threads on an H100`; empty if unknown."""
    device = summary.machine.device if summary.machine else None
    how = [*_name_precision(summary.precision), *_name_machine(summary.threads, device)]
    return " ".join(["Trained", *how]) if how else ""


def describe_sizes(sizes: Sizes | None) -> str:
    """Describe the sizes of training and test; empty if both used whole images.

    Args:
        sizes: Sizes in pixels; None if size does not matter or is not known.

    Returns:
        One or two sentences.
    """
    if not sizes or sizes.trained_px == sizes.tested_px == sizes.image_px:
        return ""
    trained_px, tested_px, image_px = sizes.trained_px, sizes.tested_px, sizes.image_px
    seen = "whole images" if tested_px == image_px else f"{_VIEWS[sizes.views.value]} of {image_px}-px images"
    if trained_px == tested_px:
        return f"Tested at {tested_px} px, as trained: {seen}."
    return (
        f"Trained at {trained_px} px and tested at {tested_px} px ({seen}): logits shift with the size, so a detector "
        "that ranks well may call everything fake or real. Only a threshold chosen on validation images corrects "
        "for that."
    )


def sizes_differ(sizes: Sizes | None) -> bool:
    """Tell whether a network was tested at a different size than it was trained at; see `describe_sizes`."""
    return sizes is not None and sizes.trained_px != sizes.tested_px


def describe_misplaced(point: OperatingPoint, groups: Mapping[str, Group]) -> list[str]:
    """Describe each group that the detector ranks well but classifies at a threshold that is off.

    See `is_misplaced`.

    Args:
        point: Threshold in use.
        groups: Groups by the names that begin the sentences.

    Returns:
        One sentence for each such group.
    """
    told = ((name, _describe_group(point, group)) for name, group in groups.items())
    return [f"{name[:1].upper()}{name[1:]}: {text}" for name, text in told if text]


def is_misplaced(group: Group) -> bool:
    """Tell whether a group is ranked well but classified at a threshold that is off.

    With an AUROC of A, whatever the shape of the ROC curve, some threshold reaches a balanced accuracy of at least
    1 - sqrt((1 - A) / 2). The threshold is off if the upper bound of the balanced accuracy is below this value at the
    lower bound of the AUROC, so that noise alone does not trigger it. The threshold is also off, however wide the
    intervals, if the balanced accuracy is at chance level: with a well-placed threshold, noise alone causes that in
    fewer than 3 in 1,000 groups of at least 10 images per class (simulated with normal logits).
    """
    return _find_reachable(group) is not None


def _find_reachable(group: Group) -> float | None:
    """Compute the balanced accuracy that some threshold reaches, or None if the threshold in use is not off."""
    area, balanced = group.read("auroc"), group.read("balanced_accuracy")
    if area.value is None or area.low is None or balanced.value is None or balanced.high is None:
        return None
    if area.value <= RANKS_WELL:
        return None
    surely, here = (1 - math.sqrt((1 - number) / 2) for number in (area.low, area.value))
    if area.low > _CHANCE and balanced.high < surely:
        return surely
    return here if balanced.value <= _NEAR_CHANCE else None


def _describe_group(point: OperatingPoint, group: Group) -> str:
    reachable = _find_reachable(group)
    if reachable is None:
        return ""
    area = format_number(group.read("auroc").value, Form.UNIT)
    found = f"accuracy {format_share(group.read('accuracy'))} {_name_place(point.rule, point.logit)}"
    for rule in (ThresholdFrom.validation.value, ThresholdFrom.half.value):
        if (metric := f"accuracy_at_{rule}") in group.metrics:
            found += f"; {_name_place(rule)} it is {format_share(group.read(metric))}"
            break
    return (
        f"ranks well (AUROC {area}) but its threshold is off: {found}; some threshold reaches a balanced accuracy of "
        f"at least {format_share(reachable)}."
    )


def _name_place(rule: str, logit: float | None = None, calibration: Calibration | None = None) -> str:
    known = logit is not None and rule != ThresholdFrom.half.value
    return f"at {name_threshold(rule, calibration)}" + (f" (logit {logit:.3g})" if known else "")


def _describe_arithmetic(record: RunResults | Evaluation) -> Iterator[str]:
    """Describe training and scoring; an evaluation may run on a different machine than the training."""
    if not isinstance(record, RunSummary | Evaluation):
        return
    scored = _name_precision(record.scoring_precision)
    if isinstance(record, RunSummary):
        trained = describe_training(record)
    else:
        trained = f"Trained in {record.precision}" if record.precision else ""
        scored += _name_machine(record.threads, record.machine.device) if scored else []
    known = [*([trained] if trained else []), *([" ".join(["scored", *scored])] if scored else [])]
    if known:
        told = "; ".join(known)
        yield f"{told[0].upper()}{told[1:]}."


def _name_precision(precision: str | None) -> list[str]:
    return [f"in {precision}"] if precision else []


def _name_machine(threads: int | None, device: str | None) -> list[str]:
    with_threads = [f"with {threads} thread{'s' * (threads > 1)}"] if threads else []
    return with_threads + ([f"on {device}"] if device else [])
