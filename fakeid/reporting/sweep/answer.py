"""The paper's question, answered in a few sentences from what the runs of a folder show."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from fakeid.evaluation.records.results import Estimate
from fakeid.reporting.finding import Finding, Severity
from fakeid.reporting.formatting import format_estimate, format_number, format_share
from fakeid.reporting.significance import (
    BETTER,
    NOT_JUDGED,
    NOT_SIGNIFICANT,
    ONE_RUN_EACH,
    UNDEFINED,
    VERDICTS,
    WORSE,
    Judged,
)
from fakeid.reporting.sweep.averages import Cell
from fakeid.reporting.sweep.claims import Claim, Claims, find_contenders, measure_accuracy
from fakeid.reporting.sweep.effects import UNSEEN_CONTENT, Effect, correct_page
from fakeid.reporting.table import Form

_BASELINES: Final = {"color": "rgb", "dropout": 0.0}
_NAMES: Final = {"color": "Another color space", "dropout": "Dropout"}

_CHANCE: Final = 0.5
_OPENINGS: Final = {
    "helps": ("More categories help on unseen content", "helps"),
    "mixed": (
        "More categories help on unseen content in some settings and hurt in others",
        "helps here and hurts there",
    ),
    "partly": ("More categories help on unseen content in some settings, not in all", "helps in places"),
    "hurts": ("More categories do not help on unseen content, they hurt", "does not help, it hurts"),
    "partly hurts": (
        "That more categories help on unseen content is not shown, and in some settings they hurt",
        "is not shown to help, and hurts in places",
    ),
    "unknown": ("That more categories help on unseen content is not shown", "is not shown to help"),
}
"""What the comparisons say together, of more categories and of one axis."""


def write_answer(cells: Sequence[Cell], claims: Claims, effects: Sequence[Effect]) -> list[Finding]:
    """Do more categories help on unseen content? Do color and dropout? Is one configuration ahead of all others?

    All sentences rest on accuracy and on one family of comparisons, corrected by Holm for the whole page: where no
    configuration differs from another, at most 1 answer in 20 calls anything better or worse. Two configurations of one
    run each are not judged.

    Args:
        cells: All of a folder.
        claims: Between them.
        effects: Of single options; they and the claims are corrected together here, whatever they were before.

    Returns:
        Three findings, and one on options that were changed alone, where there are any; what cannot be said comes last.
    """
    claims, effects = correct_page(claims, effects)
    findings = [_answer_categories(claims.categories), _answer_axes(claims.settings), _answer_best(cells, claims)]
    on_content = [effect for effect in effects if effect.group == UNSEEN_CONTENT]
    if on_content:
        findings.append(_answer_effects(on_content))
    return sorted(findings, key=lambda finding: finding.severity is Severity.OPEN)


def _leave_open(question: str, reason: str = "") -> Finding:
    """Say that a question cannot be answered, for a reason or because no configuration has two runs."""
    if reason:
        return Finding(f"Whether {question}", reason, Severity.OPEN)
    return Finding("", f"Whether {question} cannot be said ({ONE_RUN_EACH}).", Severity.OPEN)


def write_caveat(cells: Sequence[Cell]) -> str:
    """What the numbers of these runs cannot say."""
    counts = sorted({len(cell.runs) for cell in cells})
    if counts[-1] == 1:
        return (
            "Every configuration was trained once: with another seed any difference may change sign, so no two are "
            "judged against each other, and the intervals cover test images, not other seeds or machines (seed=0,1,2 "
            "trains three)."
        )
    holds = (
        "What is called significant holds for further seeds and further images of this kind; if nothing differed, 1 "
        "page in 20 would still call something significant."
    )
    once = " Configurations that were trained once are not judged against others." if counts[0] == 1 else ""
    return holds + once


def count_verdicts(judged: Sequence[Judged]) -> str:
    """Such as `significantly better in 2, significantly worse in 1, not significant in 5 of 8`."""
    verdicts = [each.verdict for each in judged]
    counts = [f"{_tell(name)} in {verdicts.count(name)}" for name in VERDICTS if name in verdicts]
    return f"{', '.join(counts)} of {len(verdicts)}"


def _tell(verdict: str) -> str:
    return f"significantly {verdict}" if verdict in (BETTER, WORSE) else verdict


def _answer_categories(claims: Sequence[Claim]) -> Finding:
    widest: dict[object, Claim] = {}
    for claim in claims:
        before = widest.get(claim.first.setting)
        if before is None or _span(claim) > _span(before):
            widest[claim.first.setting] = claim
    steps = list(widest.values())
    if not steps:
        return _leave_open(
            "more categories help on unseen content cannot be said yet",
            "no setting has two numbers of categories that were tested on the same unseen images.",
        )
    if _are_not_judged(steps):
        return _leave_open("more categories help on unseen content")
    opening, _ = _OPENINGS[_weigh(steps)]
    largest = max(steps, key=_rank_largest)
    noun = "setting" if len(steps) == 1 else "settings"
    return Finding(
        opening,
        f"the most categories against the fewest, on images new to both, are {count_verdicts(steps)} {noun} "
        f"(largest difference {_describe(largest)}, from {largest.first.categories} to {largest.second.categories} "
        f"with {largest.first.setting.name}).",
    )


def _weigh(claims: Sequence[Claim]) -> str:
    verdicts = {claim.verdict for claim in claims}
    if {BETTER, WORSE} <= verdicts:
        return "mixed"
    if BETTER in verdicts:
        return "helps" if len(verdicts) == 1 else "partly"
    if WORSE in verdicts:
        return "hurts" if len(verdicts) == 1 else "partly hurts"
    return "unknown"


def _are_not_judged(rows: Sequence[Judged]) -> bool:
    return all(row.verdict == NOT_JUDGED for row in rows)


def _span(claim: Claim) -> int:
    return claim.second.categories - claim.first.categories


def _answer_axes(claims: Sequence[Claim]) -> Finding:
    parts = [_answer_axis(axis, claims) for axis in _BASELINES]
    told = [part for part in parts if part]
    if not told:
        question = "color or dropout helps cannot be said yet"
        return _leave_open(question, "no two runs differ in one of them alone.")
    first, *others = told
    more = [f"{text[0].lower()}{text[1:]}" for text in map(str, others)]
    return replace(first, text="; ".join(text.removesuffix(".") for text in (first.text, *more)) + ".")


def _answer_axis(axis: str, claims: Sequence[Claim]) -> Finding | None:
    against = [claim for claim in claims if _is_against_baseline(axis, claim)]
    if not against:
        return None
    baseline = "RGB" if axis == "color" else "none"
    if _are_not_judged(against):
        return _leave_open(f"{_NAMES[axis].lower()} helps")
    _, opening = _OPENINGS[_weigh(against)]
    largest = max(against, key=_rank_largest)
    noun = "comparison" if len(against) == 1 else "comparisons"
    return Finding(
        f"{_NAMES[axis]} {opening}",
        f"against {baseline} it is {count_verdicts(against)} {noun} "
        f"(largest difference {_describe(largest)}, {largest.second.name}).",
    )


def _is_against_baseline(axis: str, claim: Claim) -> bool:
    """Settings that differ in this axis alone, the first at its baseline."""
    first, second = claim.first.setting.axes, claim.second.setting.axes
    differing = [name for name in first if first[name] != second[name]]
    return differing == [axis] and first[axis] == _BASELINES[axis]


def _answer_best(cells: Sequence[Cell], claims: Claims) -> Finding:
    budgets = {cell.setting.budget for cell in cells}
    if not claims.pairs and len(cells) == 1:
        return Finding(
            "There is nothing to choose from yet",
            f"{cells[0].name} is the only configuration, with "
            f"{format_estimate(cells[0].average(seen=False), Form.PERCENT)} % on unseen content.",
        )
    if not claims.pairs:
        reason = "no test category is unseen, on the same images, in all runs."
        if len(budgets) > 1 and len(find_contenders(cells)) == 1:
            reason = "no two have the same budget of images and epochs."
        return _leave_open("one configuration is best cannot be said", reason)
    if _are_not_judged(claims.pairs):
        return _leave_open("one configuration is best")
    only = f" Only runs with this budget are ranked: {claims.ranked[0].setting.budget}." if len(budgets) > 1 else ""
    best, categories, others = claims.named_best, claims.pairs[0].categories, len(claims.ranked) - 1
    content = f"images of {categories[0]}" if len(categories) == 1 else f"{len(categories)} categories"
    rivals = "the other" if others == 1 else f"all {others} others"
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
            parts.append(f"{', '.join(chosen)} {'is' if len(chosen) == 1 else 'are'} {_tell(verdict)}")
    rest = [f"{effect.option}={effect.value}" for effect in effects if effect.verdict == NOT_SIGNIFICANT]
    if rest:
        parts.append(f"{', '.join(rest)} {'makes' if len(rest) == 1 else 'make'} no significant difference")
    return Finding("One option changed and all else equal, on unseen content", f"{'; '.join(parts)}.")


def _rank_largest(claim: Claim) -> tuple[bool, float]:
    """Significant ones first; what is not judged or undefined last."""
    told = claim.verdict not in (NOT_JUDGED, UNDEFINED)
    return claim.is_significant, abs(claim.accuracy.value) if told else -1.0


def _describe(claim: Claim) -> str:
    """With its interval only where it is significant: the interval is not corrected and could say otherwise."""
    if claim.is_significant:
        return f"{_write_points(claim)} points"
    return f"{format_number(claim.accuracy.value, Form.POINTS)} points, {claim.verdict}"


def _write_points(judged: Judged) -> str:
    return format_estimate(Estimate.of(judged.accuracy), Form.POINTS)
