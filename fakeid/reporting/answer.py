"""The paper's question, answered in a few sentences from what the runs of a folder show."""

from collections.abc import Sequence
from typing import Final

from fakeid.reporting.averages import Cell
from fakeid.reporting.claims import Claim, Claims, measure_accuracy
from fakeid.reporting.effects import UNSEEN_CONTENT, Effect
from fakeid.reporting.numbers import format_percent, format_percent_estimate, format_points

_BASELINES: Final = {"color": "rgb", "dropout": 0.0}
_NAMES: Final = {"color": "Another color space", "dropout": "Dropout"}

_OPEN: Final = "Whether"
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


def write_answer(cells: Sequence[Cell], claims: Claims, effects: Sequence[Effect]) -> list[str]:
    """Do more categories help on unseen content? Do color and dropout? What is best, and is it outside the noise?

    Args:
        cells: All of a folder.
        claims: Between them.
        effects: Of single options.

    Returns:
        Three sentences, and one on options that were changed alone, where there are any.
    """
    sentences = [_answer_categories(claims.categories), _answer_axes(claims.settings), _answer_best(cells, claims.best)]
    on_content = [effect for effect in effects if effect.group == UNSEEN_CONTENT]
    if on_content:
        sentences.append(_answer_effects(on_content))
    return sorted(sentences, key=lambda sentence: sentence.startswith(_OPEN))  # what can be said comes first


def write_caveat(cells: Sequence[Cell]) -> str:
    """What the numbers of these runs cannot say."""
    counts = sorted({len(cell.runs) for cell in cells})
    if counts[-1] == 1:
        return (
            "Every cell was trained once: what is outside the noise here is a difference between these networks on "
            "more images of this kind, not yet between settings; another seed may turn it round (seed=0,1,2)."
        )
    if counts[0] == 1:
        return (
            "Some cells were trained once: their differences hold for these networks on more images of this kind, not "
            "for another seed."
        )
    return "Differences outside the noise hold for further seeds and further images of this kind."


def count_verdicts(claims: Sequence[Claim]) -> str:
    """Such as `better in 2, worse in 1, inside the noise in 5 of 8`."""
    verdicts = [claim.verdict for claim in claims]
    kinds = [name for name in ("better", "worse", "inside the noise", "undefined") if name in verdicts]
    return f"{', '.join(f'{name} in {verdicts.count(name)}' for name in kinds)} of {len(claims)}"


def _answer_categories(claims: Sequence[Claim]) -> str:
    widest: dict[object, Claim] = {}
    for claim in claims:
        before = widest.get(claim.first.setting)
        if before is None or _span(claim) > _span(before):
            widest[claim.first.setting] = claim
    steps = list(widest.values())
    if not steps:
        return (
            f"{_OPEN} more categories help on unseen content cannot be said yet: no setting has two numbers of "
            "categories that were tested on the same unseen images."
        )
    opening, _ = _OPENINGS[_weigh(steps)]
    largest = max(steps, key=lambda claim: abs(claim.accuracy.value))
    noun = "setting" if len(steps) == 1 else "settings"
    return (
        f"{opening}: the most categories against the fewest, on images new to both, are {count_verdicts(steps)} {noun} "
        f"(largest difference {_describe(largest)}, from {largest.first.categories} to {largest.second.categories} "
        f"with {largest.first.setting.name})."
    )


def _weigh(claims: Sequence[Claim]) -> str:
    verdicts = {claim.verdict for claim in claims}
    if {"better", "worse"} <= verdicts:
        return "mixed"
    if "better" in verdicts:
        return "helps" if len(verdicts) == 1 else "partly"
    if "worse" in verdicts:
        return "hurts" if len(verdicts) == 1 else "partly hurts"
    return "unknown"


def _span(claim: Claim) -> int:
    return claim.second.categories - claim.first.categories


def _answer_axes(claims: Sequence[Claim]) -> str:
    parts = [_answer_axis(axis, claims) for axis in _BASELINES]
    told = [part for part in parts if part]
    if told:
        return "; ".join([told[0], *(part[0].lower() + part[1:] for part in told[1:])]) + "."
    return f"{_OPEN} color or dropout helps cannot be said yet: no two runs differ in one of them alone."


def _answer_axis(axis: str, claims: Sequence[Claim]) -> str | None:
    against = [claim for claim in claims if _is_against_baseline(axis, claim)]
    if not against:
        return None
    baseline = "RGB" if axis == "color" else "none"
    _, opening = _OPENINGS[_weigh(against)]
    largest = max(against, key=lambda claim: abs(claim.accuracy.value))
    noun = "comparison" if len(against) == 1 else "comparisons"
    return (
        f"{_NAMES[axis]} {opening}: against {baseline} it is {count_verdicts(against)} {noun} "
        f"(largest difference {_describe(largest)}, {largest.second.name})"
    )


def _is_against_baseline(axis: str, claim: Claim) -> bool:
    """Settings that differ in this axis alone, the first at its baseline."""
    first, second = claim.first.setting.axes, claim.second.setting.axes
    differing = [name for name in first if first[name] != second[name]]
    return differing == [axis] and first[axis] == _BASELINES[axis]


def _answer_best(cells: Sequence[Cell], claims: Sequence[Claim]) -> str:
    if not claims:
        return (
            f"There is nothing to choose from yet: {cells[0].name} is the only cell, with "
            f"{format_percent_estimate(cells[0].average(seen=False))} % on unseen content."
            if len(cells) == 1
            else "Which cell is best cannot be said: no test category is unseen, on the same images, in all runs."
        )
    best, categories = claims[0].second, claims[0].categories
    beaten = sum(claim.verdict == "better" for claim in claims)
    content = f"images of {categories[0]}" if len(categories) == 1 else f"{len(categories)} categories"
    accuracy = format_percent(measure_accuracy(best, categories))
    opening = f"Best is {best.name}: {accuracy}\N{NO-BREAK SPACE}% on {content}, which no run was trained on"
    if beaten == len(claims):
        return f"{opening}, ahead of all {beaten} others by more than the noise."
    if beaten == 0:
        return f"{opening}, but ahead of none of the {len(claims)} others by more than the noise."
    nearest = max((c for c in claims if c.verdict != "better"), key=lambda c: measure_accuracy(c.first, categories))
    return (
        f"{opening}, ahead of {beaten} of {len(claims)} others by more than the noise, but not of {nearest.first.name} "
        f"({_describe(nearest)})."
    )


def _answer_effects(effects: Sequence[Effect]) -> str:
    parts = []
    for verdict in ("better", "worse"):
        chosen = [
            f"{effect.option}={effect.value} ({format_points(effect.accuracy)} points against {effect.against})"
            for effect in effects
            if effect.verdict == verdict
        ]
        if chosen:
            parts.append(f"{verdict} {'is' if len(chosen) == 1 else 'are'} {', '.join(chosen)}")
    rest = [f"{effect.option}={effect.value}" for effect in effects if effect.verdict not in ("better", "worse")]
    if rest:
        parts.append(f"inside the noise {'is' if len(rest) == 1 else 'are'} {', '.join(rest)}")
    return f"One option changed and all else equal, on unseen content: {'; '.join(parts)}."


def _describe(claim: Claim) -> str:
    return f"{format_points(claim.accuracy)} points"
