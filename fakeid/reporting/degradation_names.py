"""Name degradations in words, each kind together: `JPEG 90 and below`, `noise up to 2 levels`."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from fakeid.errors import ConfigError
from fakeid.images.degradation import parse_degradation

MILD: Final = "mild"
STRONG: Final = "strong"


class _Kind(NamedTuple):
    """How one kind is called, in which form a strength stands beside it, and whether larger numbers are milder."""

    name: str
    form: str = ""
    larger_is_milder: bool = False


_KINDS: Final = {
    "jpeg": _Kind("JPEG", "{:g}", larger_is_milder=True),
    "webp": _Kind("WebP", "{:g}", larger_is_milder=True),
    "blur": _Kind("blur", "of {:g} px"),
    "downup": _Kind("rescaling", "by {:g}", larger_is_milder=True),
    "crop": _Kind("cropping", "to {:g}", larger_is_milder=True),
    "noise": _Kind("noise", "of {:g} levels"),
    "social": _Kind("social networks"),
}


def group_degradations(words: Sequence[str]) -> dict[str, list[str]]:
    """Group degradations by kind, each from mild to strong, kinds in the order of their first words."""
    kinds: dict[str, list[str]] = {}
    for word in words:
        kinds.setdefault(_read(word).name, []).append(word)
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
    kind = _KINDS.get(_read(chosen[0]).name, _Kind(chosen[0]))
    strengths = [kind.form.format(strength) for word in chosen if (strength := _read(word).strength) is not None]
    if not strengths or (len(chosen) == len(tested) > 1):
        return kind.name
    if towards == MILD and len(tested) > 1 and list(chosen) == list(tested[: len(chosen)]):
        return f"{kind.name} {'down' if kind.larger_is_milder else 'up'} to {name_strength(chosen[-1])}"
    if towards == STRONG and len(tested) > 1 and list(chosen) == list(tested[-len(chosen) :]):
        return f"{kind.name} {strengths[0]} and {'below' if kind.larger_is_milder else 'more'}"
    return f"{kind.name} {', '.join(strengths)}"


def name_strength(word: str) -> str:
    """Name the strength alone, such as `75` or `2 px`; empty where there is none."""
    degradation = _read(word)
    if degradation.strength is None:
        return ""
    unit = _KINDS[degradation.name].form.partition("}")[2]
    return f"{degradation.strength:g}{unit}"


def _rank(word: str) -> float:
    degradation = _read(word)
    strength = degradation.strength or 0.0
    return -strength if _KINDS.get(degradation.name, _Kind("")).larger_is_milder else strength


class _Read(NamedTuple):
    name: str
    strength: float | None


def _read(word: str) -> _Read:
    """Kind and strength; the word itself where another release of fakeid knew it."""
    try:
        degradation = parse_degradation(word)
    except ConfigError:
        return _Read(word, None)
    return _Read(degradation.name, degradation.strength)
