"""Findings of an evaluation, computed from its numbers: does the detector generalize?"""

from collections.abc import Iterator
from itertools import product
from typing import Final

from fakeid.config.degradations import NO_DEGRADATION, parse_degradation
from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.records.evaluation import Evaluation, WorstGroup
from fakeid.evaluation.records.results import Estimate, EvaluationGroup
from fakeid.evaluation.thresholds import compute_surprise, count_needed
from fakeid.evaluation.verdict import is_at_chance
from fakeid.reporting.degradations import name_conditions
from fakeid.reporting.finding import Finding, Severity
from fakeid.reporting.formatting import PERCENT_SIGN, format_estimate, format_number, format_share, join_words
from fakeid.reporting.run.notes import describe_misplaced, describe_threshold, name_chosen_threshold
from fakeid.reporting.table import Form

_CHANCE: Final = 0.5
_SURPRISE: Final = 0.025  # for seen and for unseen content each, 5 % in total; divided among the conditions
_NOT_IN_PERCENT: Final = ("auroc", "average_precision", "ece", "nll", "brier")


def list_findings(evaluation: Evaluation) -> list[Finding]:
    """List the findings that a reader must know first.

    They cover the share called fake in sets with a single class, the hardest and the easiest quadrant, the worst group,
    the effect of JPEG, the swap test, whether false positives are as few as promised, where the detector ranks well but
    its threshold is off, the controls that it fires on, whether intervals are based on too few clusters, and what is
    unseen only by the names of folders.
    """
    return [
        *_describe_one_class(evaluation),
        *_describe_quadrants(evaluation),
        *_describe_worst(evaluation),
        *_describe_jpeg(evaluation),
        *_describe_swap(evaluation),
        *_describe_false_positives(evaluation),
        *_describe_misplaced(evaluation),
        *_describe_controls(evaluation),
        *_describe_intervals(evaluation),
        *_describe_presumed(evaluation),
    ]


def list_caveats(evaluation: Evaluation) -> list[Finding]:
    """List the findings that keep the numbers from showing what they seem to show."""
    found = [*_describe_swap(evaluation), *_describe_controls(evaluation)]
    found += [*_describe_intervals(evaluation), *_describe_presumed(evaluation)]
    return [finding for finding in found if finding.is_warning]


def describe_worst(worst: WorstGroup) -> str:
    """Name the worst group and its value, such as `coral, with an accuracy of 60.0 %`."""
    metric, value = worst.metric.replace("_", " "), worst.value
    if value is None:
        return f"{worst.group}, on which the detector broke down (no number is defined)"
    unit = worst.metric.startswith(_NOT_IN_PERCENT)
    number = format_number(value, Form.UNIT) if unit else f"{format_number(value, Form.PERCENT)}{PERCENT_SIGN}"
    metric = metric.upper() if metric in ("auroc", "eer", "ece", "nll") else metric
    return f"{worst.group}, with {'an' if metric[0] in 'aeAE' else 'a'} {metric} of {number}"


def describe_promise(calibration: Calibration) -> str:
    """Describe what the threshold for few false positives promises for new reals, and the uncertainty."""
    place = name_chosen_threshold(calibration.false_alarm_rate)
    wished, num_real = format_share(calibration.false_alarm_rate), calibration.num_real
    low = format_number(calibration.false_positive_low, Form.PERCENT)
    several = len(calibration.conditions) > 1
    strictest = f" with {name_conditions([calibration.decided_by])}, the strictest condition" if several else ""
    found = (
        f"{calibration.num_false_positives:,} of {num_real:,} validation reals are called fake{strictest}, which puts "
        f"the rate on new reals at {low} to {format_share(calibration.false_positive_high)}"
    )
    if calibration.keeps_promise:
        under = f", separately for {name_conditions(calibration.conditions)}" if several else ""
        return f"{place} calls at most {wished} of new reals fake on average{under} ({found})"
    needed = count_needed(calibration.false_alarm_rate)
    few = f", which takes {needed:,}" if needed else ""
    return f"{num_real:,} validation reals are too few to promise {wished}{few}; at {place} {found}"


def describe_thresholds(calibration: Calibration | None) -> str:
    """Describe the thresholds of a table, and where they come from."""
    if calibration is None:
        return "At 0.5: called fake if P(fake) is at least 0.5. No threshold was chosen on validation images."
    rate = f"{100 * calibration.false_alarm_rate:g}{PERCENT_SIGN}"
    return (
        "At 0.5: called fake if P(fake) is at least 0.5. At balanced: the threshold with the highest balanced accuracy "
        f"on validation images (logit {calibration.balanced_threshold:.3g}). At {rate} FP "
        f"(logit {calibration.threshold:.3g}): {describe_promise(calibration)}. Both are chosen on "
        f"{calibration.num_real:,} reals and {calibration.num_fake:,} fakes of the validation split."
    )


def _describe_one_class(evaluation: Evaluation) -> Iterator[Finding]:
    """Report the share called fake in each test set with a single class, clean and under each degradation."""
    known = evaluation.calibration
    place = f"at {name_chosen_threshold(known.false_alarm_rate)}" if known else describe_threshold(evaluation.threshold)
    for name, label in dict.fromkeys((rate.test_set, rate.label) for rate in evaluation.one_class):
        rates = [rate for rate in evaluation.one_class if rate.test_set == name]
        clean, *degraded = rates
        if clean.called_fake.value is None:
            text = "no share can be given: the detector broke down on some of them (a logit is NaN)."
            yield Finding(f"The {label}s of {name}", text, Severity.WARNING)
            continue
        words = [f"{format_share(rate.called_fake)} under {name_conditions([rate.degradation])}" for rate in degraded]
        also = f"; {', '.join(words)}" if words else ""
        yield Finding(
            f"The {label}s of {name}",
            f"{format_share(clean.called_fake)} of {clean.num_images:,} are called fake {place}{also}.",
        )


def _describe_quadrants(evaluation: Evaluation) -> list[Finding]:
    areas = {name: evaluation.read("auroc", "quadrant", name).value for name in evaluation.list_names("quadrant")}
    known = {name: area for name, area in areas.items() if area is not None}
    if not known and evaluation.one_class:
        return []
    if not known:
        return [Finding("No answer", "no quadrant holds both reals and fakes with a score each.")]
    easiest, hardest = max(known, key=lambda name: known[name]), min(known, key=lambda name: known[name])
    named = {"Alone": hardest} if easiest == hardest else {"Hardest": hardest, "Easiest": easiest}
    place = describe_threshold(evaluation.threshold)
    return [_describe_quadrant(topic, evaluation, name, place) for topic, name in named.items()]


def _describe_quadrant(topic: str, evaluation: Evaluation, name: str, place: str) -> Finding:
    area, real, fake = (
        evaluation.read(metric, "quadrant", name) for metric in ("auroc", "real_accuracy", "fake_accuracy")
    )
    chance = _compare_with_chance(area)
    ranking = f"{format_estimate(area, Form.UNIT)}{', ' * bool(chance)}{chance}"
    return Finding(
        topic,
        f"on {name} the AUROC is {ranking}; {place} it calls {format_share(real)} of "
        f"the reals real and {format_share(fake)} of the fakes fake.",
        tabled=True,
    )


def _describe_worst(evaluation: Evaluation) -> Iterator[Finding]:
    clean = [worst for worst in evaluation.worst if worst.degradation == NO_DEGRADATION]
    chosen = [worst for worst in clean if worst.metric == "accuracy"] or clean
    if chosen:
        yield Finding("Worst group", f"{describe_worst(chosen[0])}.")


def _describe_jpeg(evaluation: Evaluation) -> Iterator[Finding]:
    """Report how the AUROC of the easiest quadrant that has one changes under the mildest and the strongest JPEG."""
    parsed = {word: parse_degradation(word) for word in evaluation.degradations}
    qualities = {int(found.strength or 0): word for word, found in parsed.items() if found.name == "jpeg"}
    for name in evaluation.list_names("quadrant"):
        before = evaluation.read("auroc", "quadrant", name)
        if before.value is None:
            continue
        tested = {
            quality: area
            for quality in sorted(qualities, reverse=True)
            if (area := evaluation.read("auroc", "quadrant", name, qualities[quality])).value is not None
        }
        if tested:
            ends = dict.fromkeys((max(tested), min(tested)))
            falls = " and ".join(
                f"{format_number(tested[quality].value, Form.UNIT)} at quality {quality}" for quality in ends
            )
            told = {_compare_with_chance(tested[quality]): quality for quality in sorted(tested)}  # the mildest of each
            tail = "".join(f"; at quality {quality} it is {chance}" for chance, quality in told.items() if chance)
            yield Finding(
                "JPEG", f"on {name} the AUROC goes from {format_number(before.value, Form.UNIT)} to {falls}{tail}."
            )
        return


def _describe_swap(evaluation: Evaluation) -> Iterator[Finding]:
    swap = evaluation.swap
    if swap:
        yield Finding("Swap test", swap.verdict, Severity.WARNING if swap.warns else Severity.INFO)


def _describe_controls(evaluation: Evaluation) -> Iterator[Finding]:
    """Warn about all controls that the detector fires on, in one finding."""
    fired = [control for control in evaluation.controls if control.fires]
    if not fired:
        return
    called: dict[str, list[str]] = {}  # a control is compared with images of its own content
    for control in fired:
        reals, fakes = _percent(control.fake_share_of_reals), _percent(control.fake_share_of_fakes)
        beside = f"compared with {reals} of the reals and {fakes} of the fakes"
        called.setdefault(beside, []).append(f"{_percent(control.fake_share)} of {control.name}")
    told = [f"it calls {join_words(calls)} fake, {beside}" for beside, calls in called.items()]
    text = "it fires without a GAN, so here it detects blur or resampling and not (only) a generator"
    yield Finding("Controls", f"{text}: {'; '.join(told)}.", Severity.WARNING)


def _describe_intervals(evaluation: Evaluation) -> Iterator[Finding]:
    for text in evaluation.warnings:
        yield Finding("Intervals", text, Severity.WARNING)


def _describe_presumed(evaluation: Evaluation) -> Iterator[Finding]:
    for text in evaluation.presumed:
        yield Finding("Unseen", text, Severity.WARNING)


def _describe_false_positives(evaluation: Evaluation) -> Iterator[Finding]:
    if evaluation.calibration is None:
        yield Finding("False positives", "no threshold was chosen on validation images, so no rate is promised.")
        return
    calibration, measured, severity = evaluation.calibration, [], Severity.INFO
    promised = [word for word in evaluation.degradations if word in calibration.conditions]
    for word, seen in product(promised, (True, False)):
        group = _find_reals(evaluation, word, seen_content=seen)
        if group is not None:
            rate = group.read("real_accuracy_at_chosen").complement()
            broken = _breaks_promise(rate, group.num_real, calibration, _SURPRISE / len(promised))
            severity = Severity.WARNING if broken else severity
            judged = " (more than promised)" if broken else ""
            under = "" if word == NO_DEGRADATION else f" with {name_conditions([word])}"
            measured.append(f"{format_share(rate)} on {'seen' if seen else 'unseen'} content{under}{judged}")
    if measured:
        text = f"{describe_promise(calibration)}; of the tested reals it calls {join_words(measured)} fake."
        yield Finding("False positives", text, severity)


def _describe_misplaced(evaluation: Evaluation) -> Iterator[Finding]:
    """Warn about each quadrant that the detector ranks well but classifies at a threshold that is off."""
    groups = {group.name: group for group in evaluation.list_tested(("quadrant",), NO_DEGRADATION)}
    for text in describe_misplaced(evaluation.threshold, groups):
        yield Finding("Threshold", f"on {text[:1].lower()}{text[1:]}", Severity.WARNING)


def _breaks_promise(rate: Estimate, num_real: int, calibration: Calibration, least_surprise: float) -> bool:
    """Tell whether more reals are called fake than the uncertainties of validation and test together can explain."""
    # The interval accounts for clusters of images; the counts do not.
    if rate.value is None or rate.low is None or rate.low <= calibration.false_alarm_rate:
        return False
    called = round(rate.value * num_real)
    surprise = compute_surprise(called, num_real, calibration.num_false_positives, calibration.num_real)
    return surprise < least_surprise


def _find_reals(evaluation: Evaluation, degradation: str, *, seen_content: bool) -> EvaluationGroup | None:
    """Find the first quadrant whose reals were classified at the threshold for few false positives."""
    for group in evaluation.list_tested(("quadrant",), degradation):
        if group.seen_content == seen_content and group.read("real_accuracy_at_chosen").value is not None:
            return group
    return None


def _compare_with_chance(area: Estimate) -> str:
    if area.low is None or area.low > _CHANCE:
        return ""
    return "no better than chance" if is_at_chance(area) else "not shown to be better than chance"


def _percent(share: Estimate) -> str:
    return format_share(share.value)
