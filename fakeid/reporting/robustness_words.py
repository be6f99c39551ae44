"""Under which degradations a detector holds, and under which it breaks, in a sentence or three."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from fakeid.evaluation.results import Estimate
from fakeid.evaluation.scores import NO_DEGRADATION
from fakeid.evaluation.verdict import Trial, Verdict
from fakeid.reporting.degradation_names import MILD, STRONG, group_degradations, name_degradations, name_strength

Part: TypeAlias = tuple[str, str]
"""A head and what is told after it."""

DEGRADATIONS_NOT_TESTED: Final[Part] = (
    "Not tested:", "JPEG, blur, rescaling, social networks; python -m fakeid evaluate does that.",
)  # fmt: skip


_SIGN: Final = "\N{NO-BREAK SPACE}%"
_BROKEN: Final = (Verdict.FAILS, Verdict.AT_CHANCE, Verdict.INVERTED)


def describe_robustness(trials: Mapping[str, Trial]) -> tuple[list[Part], bool]:
    """Say where it holds, where it breaks, and where the images are too few to tell.

    Args:
        trials: By degradation, `none` among them.

    Returns:
        Heads and texts, and whether it breaks anywhere but on untouched images.
    """
    kinds = group_degradations([name for name in trials if name != NO_DEGRADATION])
    if not kinds:
        return [DEGRADATIONS_NOT_TESTED], False
    verdicts = {name: trial.judge() for name, trial in trials.items()}
    holds = ["untouched images"] if verdicts[NO_DEGRADATION] is Verdict.PASSES else []
    breaks, unclear = [], []
    for tested in kinds.values():
        passing = [name for name in tested if verdicts[name] is Verdict.PASSES]
        broken = [name for name in tested if verdicts[name] in _BROKEN]
        open_ones = [name for name in tested if name not in passing and name not in broken]
        holds += [name_degradations(passing, tested, MILD)] if passing else []
        unclear += [name_degradations(open_ones, tested)] if open_ones else []
        if broken:
            why = _explain(broken, trials, verdicts, several=len(broken) > 1)
            breaks.append(f"{name_degradations(broken, tested, STRONG)} ({why})")
    told = {"Holds on": holds or ["nothing that was tested"], "Breaks on": breaks, "Too few images to tell:": unclear}
    return [(head, f"{', '.join(names)}.") for head, names in told.items() if names], bool(breaks)


def _explain(
    broken: Sequence[str], trials: Mapping[str, Trial], verdicts: Mapping[str, Verdict], *, several: bool
) -> str:
    """Why, at the mildest strength; and the same number at the strongest."""
    mild, strong = broken[0], broken[-1]
    if verdicts[mild] in (Verdict.AT_CHANCE, Verdict.INVERTED):
        return str(verdicts[mild].value) + (f" from {name_strength(mild)} on" if several else "")
    rates = [_rate(trials[name], alarms=trials[mild].has_too_many_false_positives) for name in (mild, strong)]
    if None in rates:
        return "no number"
    what = "of reals called fake" if trials[mild].has_too_many_false_positives else "of fakes missed"
    first, last = (f"{_format(rate or 0.0)}{_SIGN}" for rate in rates)
    return (
        f"{first} {what} at {name_strength(mild)}, {last} at {name_strength(strong)}" if several else f"{first} {what}"
    )


def _rate(trial: Trial, *, alarms: bool) -> float | None:
    if alarms:
        return trial.false_positives.value
    found = trial.found.value
    return None if found is None else 1 - found


def format_rate(estimate: Estimate) -> str:
    """A share in percent with its interval, such as `18 % [10, 31]`; one decimal below 10."""
    value, low, high = (_format(number or 0.0) for number in (estimate.value, estimate.low, estimate.high))
    return f"{value}{_SIGN}" if estimate.low is None else f"{value}{_SIGN} [{low}, {high}]"


def _format(share: float) -> str:
    return f"{100 * share:.1f}" if 0 < 100 * share < 9.95 else f"{100 * share:.0f}"
