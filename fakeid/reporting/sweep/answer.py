"""Answer to the paper's question in a few sentences, from the results of a folder of runs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from fakeid.evaluation.records.results import Estimate
from fakeid.reporting.finding import Finding, Severity
from fakeid.reporting.formatting import format_count, format_estimate, format_number, format_share
from fakeid.reporting.significance import (
    BETTER,
    IMAGES_ALONE,
    NOT_JUDGED,
    NOT_SIGNIFICANT,
    ONE_RUN_EACH,
    UNDEFINED,
    VERDICTS,
    WORSE,
    Judged,
    name_verdict,
)
from fakeid.reporting.sweep.claims import Claim, Claims, find_contenders, measure_accuracy
from fakeid.reporting.sweep.configurations import Configuration
from fakeid.reporting.sweep.effects import UNSEEN_CONTENT, Effect
from fakeid.reporting.table import Form

_CHANCE: Final = 0.5
_COUNTED: Final = {
    BETTER: "a significant gain",
    WORSE: "a significant loss",
    NOT_SIGNIFICANT: "no significant difference",
    NOT_JUDGED: "no verdict",
    UNDEFINED: "no defined difference",
}


@dataclass(frozen=True)
class _Axis:
    """One option of the paper, with the value that its other values are compared with."""

    option: str
    baseline: str | float
    name: str
    baseline_name: str


_AXES: Final = (_Axis("color", "rgb", "another color space", "RGB"), _Axis("dropout", 0.0, "dropout", "no dropout"))


class _Outcome(Enum):
    """Overall outcome of several comparisons, worded for the number of categories and for one axis."""

    HELPS = "More categories help on unseen content", "helps"
    MIXED = (
        "More categories help on unseen content in some settings and hurt in others",
        "helps in some comparisons and hurts in others",
    )
    PARTLY = "More categories help on unseen content in some settings", "helps in some comparisons"
    HURTS = "More categories hurt on unseen content", "hurts"
    PARTLY_HURTS = "More categories hurt on unseen content in some settings", "hurts in some comparisons"
    UNKNOWN = "No significant effect of more categories on unseen content", "has no significant effect"

    def __init__(self, of_categories: str, of_axis: str) -> None:
        self.of_categories, self.of_axis = of_categories, of_axis


def write_answer(configurations: Sequence[Configuration], claims: Claims, effects: Sequence[Effect]) -> list[Finding]:
    """Answer whether more categories, color and dropout help on unseen content, and which configuration is best.

    All sentences are based on accuracy and on one family of comparisons with Holm's correction for the whole page: if
    no configurations differ, at most 1 answer in 20 calls anything better or worse. Two configurations with one run
    each are not judged.

    Args:
        configurations: All configurations of a folder.
        claims: Comparisons between the configurations.
        effects: Effects of single options, corrected together with the claims by
            `fakeid.reporting.sweep.effects.correct_page`.

    Returns:
        Findings on categories, on color and dropout where they were varied, on the best configuration, and on options
        that were changed alone, if any; open questions come last.
    """
    findings = [
        _answer_categories(claims.categories),
        *_answer_axes(claims.settings),
        _answer_best(configurations, claims),
    ]
    on_content = [effect for effect in effects if effect.group == UNSEEN_CONTENT]
    if on_content:
        findings.append(_answer_effects(on_content))
    return sorted(findings, key=lambda finding: finding.severity is Severity.OPEN)


def answer_seen_content(configurations: Sequence[Configuration]) -> Finding:
    """Report the best result of configurations that were tested on nothing but content that they trained on."""
    best = max(configurations, key=lambda each: each.measure("seen", "auroc").value or 0.0)
    auroc, accuracy = best.measure("seen", "auroc"), best.average(seen=True)
    count = len(configurations)
    highest = f", the highest of {count} configurations (not tested for significance)" if count > 1 else ""
    return Finding(
        "Seen content",
        f"{best.name} has an AUROC of {format_estimate(auroc, Form.UNIT)}{highest} and classifies "
        f"{format_share(accuracy)} of the images correctly. No unseen content was tested, so whether more categories, "
        "color or dropout help on it cannot be said.",
    )


def write_caveat(configurations: Sequence[Configuration]) -> str:
    """State what the numbers of these runs cannot show."""
    counts = [len(each.runs) for each in configurations]
    if max(counts) == 1:
        return (
            "Every configuration was trained once: with another seed any difference may change sign, so no two are "
            f"judged against each other, and the intervals cover {IMAGES_ALONE} (seed=0,1,2 trains three)."
        )
    holds = (
        "What is called significant holds for further seeds and further images of this kind; if nothing differed, 1 "
        "page in 20 would still call something significant."
    )
    once = " Configurations that were trained once are not judged against others." if min(counts) == 1 else ""
    return holds + once


def _answer_categories(claims: Sequence[Claim]) -> Finding:
    widest: dict[object, Claim] = {}
    for claim in claims:
        before = widest.get(claim.first.setting)
        if before is None or _span(claim) > _span(before):
            widest[claim.first.setting] = claim
    steps = list(widest.values())
    question = "more categories help on unseen content"
    if not steps:
        reason = "no setting has two numbers of categories that were tested on the same unseen images."
        return _leave_open(question, reason)
    if _are_not_judged(steps):
        return _leave_open(question)
    largest = max(steps, key=_rank_largest)
    return Finding(
        _weigh(steps).of_categories,
        f"from the fewest to the most categories, on images new to both, there is {_count_verdicts(steps, 'setting')} "
        f"(largest difference {_describe(largest)}, from {largest.first.categories} to {largest.second.categories} "
        f"with {largest.first.setting.name}).",
    )


def _span(claim: Claim) -> int:
    return claim.second.categories - claim.first.categories


def _answer_axes(claims: Sequence[Claim]) -> list[Finding]:
    compared = [(axis, [claim for claim in claims if _is_against_baseline(axis, claim)]) for axis in _AXES]
    findings = [_answer_axis(axis, against) for axis, against in compared if against]
    return findings or [_leave_open("color or dropout helps", "no two runs differ in one of them alone.")]


def _is_against_baseline(axis: _Axis, claim: Claim) -> bool:
    """Tell whether the settings differ only in this axis, with the first at its baseline."""
    first, second = claim.first.setting, claim.second.setting
    changed = {axis.option: getattr(second, axis.option)}
    return getattr(first, axis.option) == axis.baseline and first != second == replace(first, **changed)


def _answer_axis(axis: _Axis, claims: Sequence[Claim]) -> Finding:
    if _are_not_judged(claims):
        return _leave_open(f"{axis.name} helps")
    largest = max(claims, key=_rank_largest)
    return Finding(
        f"{axis.name.capitalize()} {_weigh(claims).of_axis}",
        f"compared with {axis.baseline_name}, there is {_count_verdicts(claims, 'comparison')} "
        f"(largest difference {_describe(largest)}, {largest.second.name}).",
    )


def _answer_best(configurations: Sequence[Configuration], claims: Claims) -> Finding:
    if not claims.pairs:
        return _explain_no_ranking(configurations)
    if _are_not_judged(claims.pairs):
        return _leave_open("one configuration is best")
    best, categories, num_others = claims.named_best, claims.pairs[0].categories, len(claims.ranked) - 1
    several = len({each.setting.budget for each in configurations}) > 1
    only = f" Only runs with this budget are ranked: {claims.ranked[0].setting.budget}." if several else ""
    content = f"images of {categories[0]}" if len(categories) == 1 else f"{len(categories)} categories"
    rivals = "the other" if num_others == 1 else f"all {num_others} others"
    if best is None:
        text = f"No configuration is significantly ahead of {rivals} on {content}, which no run was trained on.{only}"
        return Finding("", text)
    area = best.measure("unseen", "auroc")
    if area.low is None or area.low <= _CHANCE:
        return Finding(
            "No configuration is best",
            f"{best.name} is significantly ahead of {rivals}, but not shown to rank unseen content better than chance "
            f"(AUROC {format_estimate(area, Form.UNIT)}).{only}",
        )
    return Finding(
        f"Best is {best.name}",
        f"{format_share(measure_accuracy(best, categories))} on {content}, which no run was trained on, significantly "
        f"ahead of {rivals}.{only}",
    )


def _explain_no_ranking(configurations: Sequence[Configuration]) -> Finding:
    if len(configurations) == 1:
        return Finding(
            "There is nothing to choose from yet",
            f"{configurations[0].name} is the only configuration, with "
            f"{format_estimate(configurations[0].average(seen=False), Form.PERCENT)} % on unseen content.",
        )
    if len(find_contenders(configurations)) == 1:
        reason = "no two have the same budget of images and epochs."
    else:
        reason = "no test category is unseen, on the same images, in all runs."
    return _leave_open("one configuration is best", reason)


def _answer_effects(effects: Sequence[Effect]) -> Finding:
    if _are_not_judged(effects):
        return _leave_open("any option helps by itself")
    parts = []
    for verdict in (BETTER, WORSE):
        chosen = [
            f"{effect.option}={effect.value} ({_write_points(effect)} points against {effect.against})"
            for effect in effects
            if effect.verdict == verdict
        ]
        if chosen:
            parts.append(f"{', '.join(chosen)} {'is' if len(chosen) == 1 else 'are'} {name_verdict(verdict)}")
    rest = [f"{effect.option}={effect.value}" for effect in effects if effect.verdict == NOT_SIGNIFICANT]
    if rest:
        parts.append(f"{', '.join(rest)} {'makes' if len(rest) == 1 else 'make'} no significant difference")
    return Finding("One option changed and all else equal, on unseen content", f"{'; '.join(parts)}.")


def _leave_open(question: str, reason: str = "") -> Finding:
    """Build the finding that a question is open, for the given reason or because no configuration has two runs."""
    if reason:
        return Finding(f"Whether {question} cannot be said yet", reason, Severity.OPEN)
    return Finding("", f"Whether {question} cannot be said ({ONE_RUN_EACH}).", Severity.OPEN)


def _are_not_judged(rows: Sequence[Judged]) -> bool:
    return all(row.verdict == NOT_JUDGED for row in rows)


def _weigh(claims: Sequence[Claim]) -> _Outcome:
    verdicts = {claim.verdict for claim in claims}
    if {BETTER, WORSE} <= verdicts:
        return _Outcome.MIXED
    if BETTER in verdicts:
        return _Outcome.HELPS if len(verdicts) == 1 else _Outcome.PARTLY
    if WORSE in verdicts:
        return _Outcome.HURTS if len(verdicts) == 1 else _Outcome.PARTLY_HURTS
    return _Outcome.UNKNOWN


def _count_verdicts(judged: Sequence[Judged], noun: str) -> str:
    """Count verdicts, such as `a significant gain in 2, no significant difference in 5 of 7 settings`."""
    verdicts = [each.verdict for each in judged]
    counts = [f"{_COUNTED[name]} in {verdicts.count(name)}" for name in VERDICTS if name in verdicts]
    return f"{', '.join(counts)} of {format_count(len(verdicts), noun)}"


def _rank_largest(claim: Claim) -> tuple[bool, float]:
    """Return a sort key that ranks significant claims highest, and unjudged or undefined ones lowest."""
    told = claim.verdict not in (NOT_JUDGED, UNDEFINED)
    return claim.is_significant, abs(claim.accuracy.value) if told else -1.0


def _describe(claim: Claim) -> str:
    """Describe a difference, with its interval only if significant: the interval is uncorrected and could mislead."""
    if claim.is_significant:
        return f"{_write_points(claim)} points"
    return f"{format_number(claim.accuracy.value, Form.POINTS)} points, {claim.verdict}"


def _write_points(judged: Judged) -> str:
    return format_estimate(Estimate.of(judged.accuracy), Form.POINTS)
