"""An evaluation in a few sentences, computed from its numbers: does the detector generalize?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fakeid.evaluation.conformal import compute_surprise, count_allowed, count_needed
from fakeid.evaluation.scores import NO_DEGRADATION
from fakeid.reporting.evaluation_groups import EvaluationGroups, Group, read_metric
from fakeid.reporting.numbers import (
    UNDEFINED,
    Estimate,
    format_percent,
    format_percent_estimate,
    format_unit,
    format_unit_estimate,
)
from fakeid.reporting.single_run import describe_misplaced, describe_threshold, name_alarm_threshold

_CHANCE: Final = 0.5
_SIGN: Final = "\N{NO-BREAK SPACE}%"
_SURPRISE: Final = 0.025  # for seen and for unseen content, 5 % together
_NOT_IN_PERCENT: Final = ("auroc", "average_precision", "ece", "nll", "brier")


@dataclass(frozen=True)
class Finding:
    """One sentence of an answer.

    Attributes:
        head: What it is about, such as `Swap test`.
        text: What was found.
        alarming: Whether it makes the numbers worth less than they seem.
        tabled: Whether a table of the quadrants says as much.
    """

    head: str
    text: str
    alarming: bool = False
    tabled: bool = False


def write_evaluation_answer(evaluation: Mapping[str, Any]) -> list[str]:
    """The findings as sentences, each as `Head: rest`; see `list_findings`."""
    return [f"{finding.head}: {finding.text}" for finding in list_findings(evaluation)]


def list_findings(evaluation: Mapping[str, Any]) -> list[Finding]:
    """What a reader must know before all else.

    How good the detector is on the hardest and on the easiest quadrant, its worst group, what JPEG does to it, what
    the swap test says, whether false positives are as few as promised, where it ranks well at a threshold that is off,
    each control that it fires on, and whether intervals rest on too few clusters.

    Args:
        evaluation: See `render_evaluation_page`.
    """
    groups, swap = EvaluationGroups(evaluation), evaluation["swap"]
    return [
        *_describe_quadrants(groups, describe_threshold(evaluation)),
        *_describe_worst(evaluation),
        *_describe_jpeg(groups),
        *([Finding("Swap test", swap["verdict"], alarming=swap["warns"])] if swap else []),
        *_describe_false_positives(evaluation),
        *(
            Finding("Threshold", f"on {text[:1].lower()}{text[1:]}", alarming=True)
            for text in list_misplaced_quadrants(evaluation)
        ),
        *([Finding("Controls", fired, alarming=True)] if (fired := describe_controls(evaluation)) else []),
        *(Finding("Intervals", text, alarming=True) for text in evaluation.get("warnings", [])),
    ]


def list_misplaced_quadrants(evaluation: Mapping[str, Any]) -> list[str]:
    """A sentence for each quadrant that is ranked well at a threshold that is off."""
    tested = EvaluationGroups(evaluation).list_tested(("quadrant",), NO_DEGRADATION)
    return describe_misplaced(evaluation, {group["name"]: group["metrics"] for group in tested})


def describe_controls(evaluation: Mapping[str, Any]) -> str:
    """One sentence on all controls that the detector fires on; empty where it fires on none."""
    fired = [control for control in evaluation["controls"] if control["fires"]]
    if not fired:
        return ""
    called = " and ".join(f"{format_percent(part['fake_share']['value'])}{_SIGN} of {part['name']}" for part in fired)
    if len(fired) > 1:
        called = called.replace(" and ", ", ", len(fired) - 2)
    others = (
        f"{format_percent(fired[0][f'fake_share_of_{name}']['value'])}{_SIGN} of the {name}"
        for name in ("reals", "fakes")
    )
    return (
        "it fires without a GAN, so that it detects blur or resampling here, and not (only) a generator: it calls "
        f"{called} fake, beside {' and '.join(others)}."
    )


def _describe_quadrants(groups: EvaluationGroups, place: str) -> list[Finding]:
    areas = {name: groups.read("auroc", "quadrant", name)["value"] for name in groups.list_names("quadrant")}
    known = {name: area for name, area in areas.items() if area is not None}
    if not known:
        return [Finding("No answer", "no quadrant holds both reals and fakes with a score each.")]
    easiest, hardest = max(known, key=lambda name: known[name]), min(known, key=lambda name: known[name])
    if easiest == hardest:
        return [_describe_quadrant("Alone", groups, easiest, place)]
    return [
        _describe_quadrant("Hardest", groups, hardest, place),
        _describe_quadrant("Easiest", groups, easiest, place),
    ]


def _describe_quadrant(head: str, groups: EvaluationGroups, name: str, place: str) -> Finding:
    area, real, fake = (groups.read(metric, "quadrant", name) for metric in ("auroc", "real_accuracy", "fake_accuracy"))
    guessing = ", no better than guessing" if area["low"] is not None and area["low"] <= _CHANCE else ""
    return Finding(
        head,
        f"on {name} the AUROC is {format_unit_estimate(area)}{guessing}; {place} it calls {_percent(real)} of the "
        f"reals real and {_percent(fake)} of the fakes fake.",
        tabled=True,
    )


def _describe_worst(evaluation: Mapping[str, Any]) -> Iterator[Finding]:
    clean = [worst for worst in evaluation["worst"] if worst["degradation"] == NO_DEGRADATION]
    chosen = [worst for worst in clean if worst["metric"] == "accuracy"] or clean
    if chosen:
        yield Finding("Worst group", f"{describe_worst(chosen[0])}.")


def describe_worst(worst: Mapping[str, Any]) -> str:
    """The group and its number, such as `coral, with an accuracy of 60.0 %`."""
    metric, value = worst["metric"].replace("_", " "), worst["value"]
    if value is None:
        return f"{worst['group']}, on which the detector broke down (no number is defined)"
    number = format_unit(value) if worst["metric"].startswith(_NOT_IN_PERCENT) else f"{format_percent(value)}{_SIGN}"
    metric = metric.upper() if metric in ("auroc", "eer", "ece", "nll") else metric
    return f"{worst['group']}, with {'an' if metric[0] in 'aeAE' else 'a'} {metric} of {number}"


def _describe_jpeg(groups: EvaluationGroups) -> Iterator[Finding]:
    qualities = {int(name.partition("-")[2]): name for name in groups.degradations if name.partition("-")[0] == "jpeg"}
    name = next((name for name in groups.list_names("quadrant") if _area(groups, name)["value"] is not None), None)
    tested = {
        quality: _area(groups, name, qualities[quality])
        for quality in sorted(qualities, reverse=True)
        if name is not None and _area(groups, name, qualities[quality])["value"] is not None
    }
    if name is None or not tested:
        return
    mild, strong = max(tested), min(tested)
    ends = [mild, strong] if mild != strong else [mild]
    falls = " and ".join(f"{format_unit(tested[quality]['value'])} at quality {quality}" for quality in ends)
    lost = [quality for quality, area in tested.items() if area["low"] is not None and area["low"] <= _CHANCE]
    tail = f"; at quality {max(lost)} it is no better than guessing" if lost else ""
    before = format_unit(_area(groups, name)["value"])
    yield Finding("JPEG", f"on {name} the AUROC goes from {before} to {falls}{tail}.")


def _area(groups: EvaluationGroups, name: str, degradation: str = NO_DEGRADATION) -> Estimate:
    return groups.read("auroc", "quadrant", name, degradation)


def _describe_false_positives(evaluation: Mapping[str, Any]) -> Iterator[Finding]:
    calibration = evaluation["calibration"]
    if calibration is None:
        yield Finding(
            "False positives", "no threshold was chosen on validation images, so nothing is promised of them."
        )
        return
    measured, alarming = [], False
    for seen in (True, False):
        rate = find_false_alarms(evaluation, seen_content=seen)
        if rate is not None:
            broken = _breaks_promise(evaluation, seen_content=seen)
            judged, alarming = " (more than promised)" if broken else "", alarming or broken
            measured.append(f"{_percent(rate)} on {'seen' if seen else 'unseen'} content{judged}")
    if measured:
        promise = describe_promise(calibration)
        text = f"{promise}; of the tested reals it calls {' and '.join(measured)} fake."
        yield Finding("False positives", text, alarming)


def describe_promise(calibration: Mapping[str, Any]) -> str:
    """What the threshold for few false positives promises of new reals, and with which uncertainty.

    Args:
        calibration: The fields of `Calibration`.
    """
    place = name_alarm_threshold(calibration["false_alarm_rate"])
    wished, num_real = calibration["false_alarm_rate"], calibration["num_real"]
    low, high = (format_percent(calibration[f"false_positive_{side}"]) for side in ("low", "high"))
    found = (
        f"{calibration['num_false_positives']:,} of {num_real:,} validation reals are called fake, so that of new ones "
        f"{low} to {high}{_SIGN} are"
    )
    if count_allowed(num_real, wished) < 0:
        needed = count_needed(wished)
        few = f", which takes {needed:,}" if needed else ""
        return (
            f"{num_real:,} validation reals are too few to promise {format_percent(wished)}{_SIGN}{few}; at "
            f"{place} {found}"
        )
    return f"{place} calls at most {format_percent(wished)}{_SIGN} of new reals fake on average ({found})"


def describe_thresholds(calibration: Mapping[str, Any] | None) -> str:
    """Which thresholds a table of them shows, and where they come from.

    Args:
        calibration: The fields of `Calibration`, None where there were no validation images of both classes.
    """
    if calibration is None:
        return "At 0.5: called fake from P(fake) = 0.5 on. No threshold was chosen on validation images."
    rate = f"{100 * calibration['false_alarm_rate']:g}{_SIGN}"
    return (
        "At 0.5: called fake from P(fake) = 0.5 on. At balanced: at the balanced threshold from validation images, "
        f"where the balanced accuracy is highest there (logit {calibration['balanced_threshold']:.3g}). At {rate} FP "
        f"(logit {calibration['threshold']:.3g}): {describe_promise(calibration)}. Both are chosen on "
        f"{calibration['num_real']:,} reals and {calibration['num_fake']:,} fakes of the validation split."
    )


def _breaks_promise(evaluation: Mapping[str, Any], *, seen_content: bool) -> bool:
    """Whether more reals are called fake than the uncertainty of validation and that of the test together explain."""
    calibration, group = evaluation["calibration"], _find_reals(evaluation, seen_content=seen_content)
    rate = find_false_alarms(evaluation, seen_content=seen_content)
    if group is None or rate is None or rate["value"] is None:
        return False
    # The interval knows of clusters of images, which the counts do not.
    if rate["low"] is None or rate["low"] <= calibration["false_alarm_rate"]:
        return False
    surprise = compute_surprise(
        round(rate["value"] * group["num_real"]), group["num_real"], calibration["num_false_positives"],
        calibration["num_real"],
    )  # fmt: skip
    return surprise < _SURPRISE


def find_false_alarms(evaluation: Mapping[str, Any], *, seen_content: bool) -> Estimate | None:
    """Share of the reals called fake at the threshold for few false positives; None where there is no such real."""
    group = _find_reals(evaluation, seen_content=seen_content)
    if group is None:
        return None
    return read_metric(group, "real_accuracy_at_chosen").complement()


def _find_reals(evaluation: Mapping[str, Any], *, seen_content: bool) -> Group | None:
    for group in EvaluationGroups(evaluation).list_tested(("quadrant",), NO_DEGRADATION):
        known = read_metric(group, "real_accuracy_at_chosen")["value"] is not None
        if group["seen_content"] == seen_content and known:
            return group
    return None


def _percent(estimate: Estimate) -> str:
    value, bracket, bounds = format_percent_estimate(estimate).partition(" [")
    return value if value == UNDEFINED else f"{value}{_SIGN}{bracket}{bounds}"
