"""Names of degradations in sentences, and the degradations under which a detector still works."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from fakeid.config.degradations import NO_DEGRADATION, parse_degradation
from fakeid.evaluation.records.results import Estimate
from fakeid.evaluation.verdict import Trial, Verdict
from fakeid.reporting.formatting import PERCENT_SIGN, join_words

Part: TypeAlias = tuple[str, str]
"""A bold lead-in and the text that follows it."""

DEGRADATIONS_NOT_TESTED: Final[Part] = (
    "Not tested:", "JPEG, blur, rescaling, social networks; python -m fakeid evaluate does that.",
)  # fmt: skip

_BROKEN: Final = (Verdict.FAILS, Verdict.AT_CHANCE, Verdict.INVERTED)

MILD: Final = "mild"
STRONG: Final = "strong"


class Kind(NamedTuple):
    """The wording for one kind of degradation.

    Attributes:
        name: Name in sentences and headings.
        form: Format of a strength beside the name.
        axis: Label of the strength on the axis of a figure.
        larger_is_milder: Whether larger strengths are milder.
    """

    name: str
    form: str = ""
    axis: str = "strength"
    larger_is_milder: bool = False


KINDS: Final = {
    "jpeg": Kind("JPEG", "{:g}", "quality", larger_is_milder=True),
    "webp": Kind("WebP", "{:g}", "quality", larger_is_milder=True),
    "blur": Kind("blur", "of {:g} px", "sigma (px)"),
    "downup": Kind("rescaling", "by {:g}", "scale", larger_is_milder=True),
    "crop": Kind("cropping", "to {:g}", "share kept", larger_is_milder=True),
    "noise": Kind("noise", "of {:g} levels", "sigma (levels)"),
    "social": Kind("social networks"),
}
"""Wording by the name of the degradation in `fakeid.config.degradations`."""


def describe_degradations(words: Sequence[str]) -> str:
    """Describe how images were tested, such as `clean and under 3 degradations`.

    Args:
        words: Degradations as in `fakeid.config.degradations`; `none` is not counted.

    Returns:
        A phrase for a sentence.
    """
    number = sum(word != NO_DEGRADATION for word in words)
    return f"clean and under {number} degradation{'s' * (number > 1)}" if number else "clean"


def name_conditions(words: Sequence[str]) -> str:
    """Name every condition in one phrase, such as `clean images, JPEG 75 and rescaling by 0.75`."""
    return join_words(
        ["clean images" if word == NO_DEGRADATION else name_degradations([word], [word]) for word in words]
    )


def group_degradations(words: Sequence[str]) -> dict[str, list[str]]:
    """Group degradations by kind in order of first appearance, each kind sorted from mild to strong."""
    kinds: dict[str, list[str]] = {}
    for word in words:
        kinds.setdefault(parse_degradation(word).name, []).append(word)
    return {kind: sorted(found, key=_rank) for kind, found in kinds.items()}


def name_degradations(chosen: Sequence[str], tested: Sequence[str], towards: str = "") -> str:
    """Name one or more degradations of one kind.

    Args:
        chosen: Degradations to name, from mild to strong; at least one.
        tested: All tested degradations of this kind, from mild to strong.
        towards: `MILD` if the statement also holds for milder degradations, `STRONG` if it also holds for stronger
            ones, empty to list them.

    Returns:
        A phrase such as `blur` if all tested ones are chosen, `JPEG down to 90` with `MILD`, `JPEG 75 and below` with
        `STRONG`, or `JPEG 95, 75`.
    """
    parsed = [parse_degradation(word) for word in chosen]
    kind = KINDS[parsed[0].name]
    strengths = [kind.form.format(each.strength) for each in parsed if each.strength is not None]
    if not strengths or (len(chosen) == len(tested) > 1):
        return kind.name
    if towards == MILD and len(tested) > 1 and list(chosen) == list(tested[: len(chosen)]):
        return f"{kind.name} {'down' if kind.larger_is_milder else 'up'} to {name_strength(chosen[-1])}"
    if towards == STRONG and len(tested) > 1 and list(chosen) == list(tested[-len(chosen) :]):
        return f"{kind.name} {strengths[0]} and {'below' if kind.larger_is_milder else 'more'}"
    return f"{kind.name} {', '.join(strengths)}"


def name_strength(word: str) -> str:
    """Name the strength alone, such as `75` or `2 px`; return an empty string if there is none."""
    parsed = parse_degradation(word)
    if parsed.strength is None:
        return ""
    unit = KINDS[parsed.name].form.partition("}")[2]
    return f"{parsed.strength:g}{unit}"


def _rank(word: str) -> float:
    parsed = parse_degradation(word)
    strength = parsed.strength or 0.0
    return -strength if KINDS[parsed.name].larger_is_milder else strength


def describe_robustness(trials: Mapping[str, Trial]) -> tuple[list[Part], bool]:
    """Describe where a detector holds, where it breaks, and where there are too few images to tell.

    Args:
        trials: Trials by degradation, including `none`.

    Returns:
        The lead-ins and texts, and whether the detector breaks under any degradation.
    """
    kinds = group_degradations([name for name in trials if name != NO_DEGRADATION])
    if not kinds:
        return [DEGRADATIONS_NOT_TESTED], False
    verdicts = {name: trial.judge() for name, trial in trials.items()}
    holds = ["clean images"] if verdicts[NO_DEGRADATION] is Verdict.PASSES else []
    breaks, unclear = [], []
    for tested in kinds.values():
        passing = [name for name in tested if verdicts[name] is Verdict.PASSES]
        broken = [name for name in tested if verdicts[name] in _BROKEN]
        open_ones = [name for name in tested if name not in passing and name not in broken]
        holds += [name_degradations(passing, tested, MILD)] if passing else []
        unclear += [name_degradations(open_ones, tested)] if open_ones else []
        if broken:
            why = _explain(broken, trials, verdicts)
            breaks.append(f"{name_degradations(broken, tested, STRONG)} ({why})")
    told = {"Holds on": holds or ["nothing that was tested"], "Breaks on": breaks, "Too few images to tell:": unclear}
    return [(head, f"{', '.join(names)}.") for head, names in told.items() if names], bool(breaks)


def _explain(broken: Sequence[str], trials: Mapping[str, Trial], verdicts: Mapping[str, Verdict]) -> str:
    """Explain the failure at the mildest strength, and give the same number at the strongest."""
    mild, strong, several = broken[0], broken[-1], len(broken) > 1
    if verdicts[mild] in (Verdict.AT_CHANCE, Verdict.INVERTED):
        return str(verdicts[mild].value) + (f" from {name_strength(mild)} on" if several else "")
    called_fake = trials[mild].has_too_many_false_positives
    what = "of reals called fake" if called_fake else "of fakes missed"
    tried = [trials[name] for name in (mild, strong)]
    rates = [(trial.false_positives if called_fake else trial.found.complement()).value for trial in tried]
    if None in rates:
        return "no number"
    first, last = (f"{_format(rate or 0.0)}{PERCENT_SIGN}" for rate in rates)
    if not several:
        return f"{first} {what}"
    return f"{first} {what} at {name_strength(mild)}, {last} at {name_strength(strong)}"


def format_rate(estimate: Estimate) -> str:
    """Format a share in percent with its interval, such as `18 % [10, 31]`, with one decimal below 10."""
    value, low, high = (_format(number or 0.0) for number in (estimate.value, estimate.low, estimate.high))
    return f"{value}{PERCENT_SIGN}" if estimate.low is None else f"{value}{PERCENT_SIGN} [{low}, {high}]"


def _format(share: float) -> str:
    return f"{100 * share:.1f}" if 0 < 100 * share < 9.95 else f"{100 * share:.0f}"
