"""Degradations in words, and under which of them a detector holds."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from fakeid.config.degradations import NO_DEGRADATION, parse_degradation
from fakeid.errors import ConfigError
from fakeid.evaluation.records.results import Estimate
from fakeid.evaluation.verdict import Trial, Verdict
from fakeid.reporting.formatting import PERCENT_SIGN, join_words

Part: TypeAlias = tuple[str, str]
"""A head and what is told after it."""

DEGRADATIONS_NOT_TESTED: Final[Part] = (
    "Not tested:", "JPEG, blur, rescaling, social networks; python -m fakeid evaluate does that.",
)  # fmt: skip

_BROKEN: Final = (Verdict.FAILS, Verdict.AT_CHANCE, Verdict.INVERTED)

MILD: Final = "mild"
STRONG: Final = "strong"


class Kind(NamedTuple):
    """A kind of degradation, in words.

    Attributes:
        name: In sentences and headings.
        form: How a strength stands beside the name.
        axis: What the strength is, on the axis of a figure.
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
"""By the name that a degradation has in `fakeid.config.degradations`."""


def describe_degradations(words: Sequence[str]) -> str:
    """Say how images were tested, such as `clean and under 3 degradations`.

    Args:
        words: Of `fakeid.config.degradations`; `none` does not count.
    """
    number = sum(word != NO_DEGRADATION for word in words)
    return f"clean and under {number} degradation{'s' * (number > 1)}" if number else "clean"


def name_conditions(words: Sequence[str]) -> str:
    """Name conditions one by one, as in a sentence: `clean images, JPEG 75 and rescaling by 0.75`."""
    return join_words(
        ["clean images" if word == NO_DEGRADATION else name_degradations([word], [word]) for word in words]
    )


def group_degradations(words: Sequence[str]) -> dict[str, list[str]]:
    """Group degradations by kind, each from mild to strong, kinds in the order of their first words."""
    kinds: dict[str, list[str]] = {}
    for word in words:
        name, _ = _read(word)
        kinds.setdefault(name, []).append(word)
    return {kind: sorted(found, key=_rank) for kind, found in kinds.items()}


def name_degradations(chosen: Sequence[str], tested: Sequence[str], towards: str = "") -> str:
    """Name some degradations of one kind.

    Args:
        chosen: At least one, from mild to strong.
        tested: All of this kind that were tested, from mild to strong.
        towards: `MILD` says that what holds for these holds for milder ones too, `STRONG` the same of stronger ones;
            empty lists them.

    Returns:
        Such as `blur` for all that were tested, `JPEG down to 90` with `MILD`, `JPEG 75 and below` with `STRONG`, or
        `JPEG 95, 75`.
    """
    name, _ = _read(chosen[0])
    kind = KINDS.get(name, Kind(name))
    strengths = [kind.form.format(strength) for _, strength in map(_read, chosen) if strength is not None]
    if not strengths or (len(chosen) == len(tested) > 1):
        return kind.name
    if towards == MILD and len(tested) > 1 and list(chosen) == list(tested[: len(chosen)]):
        return f"{kind.name} {'down' if kind.larger_is_milder else 'up'} to {name_strength(chosen[-1])}"
    if towards == STRONG and len(tested) > 1 and list(chosen) == list(tested[-len(chosen) :]):
        return f"{kind.name} {strengths[0]} and {'below' if kind.larger_is_milder else 'more'}"
    return f"{kind.name} {', '.join(strengths)}"


def name_strength(word: str) -> str:
    """Name the strength alone, such as `75` or `2 px`; empty where there is none."""
    name, strength = _read(word)
    if strength is None:
        return ""
    unit = KINDS[name].form.partition("}")[2]
    return f"{strength:g}{unit}"


def _rank(word: str) -> float:
    name, strength = _read(word)
    strength = strength or 0.0
    return -strength if KINDS.get(name, Kind("")).larger_is_milder else strength


def _read(word: str) -> tuple[str, float | None]:
    """Split a word into kind and strength; the word itself where another release of fakeid knew it."""
    try:
        degradation = parse_degradation(word)
    except ConfigError:
        return word, None
    return degradation.name, degradation.strength


def describe_robustness(trials: Mapping[str, Trial]) -> tuple[list[Part], bool]:
    """Say where it holds, where it breaks, and where the images are too few to tell.

    Args:
        trials: By degradation, `none` among them.

    Returns:
        Heads and texts, and whether it breaks anywhere but on clean images.
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
    """Say why, at the mildest strength, and give the same number at the strongest."""
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
    """Write a share in percent with its interval, such as `18 % [10, 31]`; one decimal below 10."""
    value, low, high = (_format(number or 0.0) for number in (estimate.value, estimate.low, estimate.high))
    return f"{value}{PERCENT_SIGN}" if estimate.low is None else f"{value}{PERCENT_SIGN} [{low}, {high}]"


def _format(share: float) -> str:
    return f"{100 * share:.1f}" if 0 < 100 * share < 9.95 else f"{100 * share:.0f}"
