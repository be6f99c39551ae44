"""Warnings about runs that rank images well but classify them at a threshold that is off."""

from collections.abc import Iterator, Sequence
from typing import Final

from fakeid.config.degradations import NO_DEGRADATION
from fakeid.evaluation.records.results import Group
from fakeid.evaluation.records.run_summary import POOLED
from fakeid.reporting.finding import Finding, Severity
from fakeid.reporting.formatting import format_count, format_share
from fakeid.reporting.run.notes import RANKS_WELL, is_misplaced
from fakeid.reporting.sweep.configurations import Configuration, FinishedRun

_TABLED: Final = ("quadrant", "test_set")  # groups of evaluations that a report shows
_MOST_NAMES: Final = 5  # configurations named in a warning


def list_misplaced_thresholds(configurations: Sequence[Configuration]) -> list[Finding]:
    """List one warning for each kind of images, with the number of runs and the configurations.

    Single categories are mentioned only if the seen or unseen content as a whole gives no reason for a warning.

    Args:
        configurations: All configurations of a report.

    Returns:
        Warnings; empty if no threshold is off.
    """
    found: dict[str, list[tuple[Configuration, float]]] = {}
    for configuration in configurations:
        for run in configuration.runs:
            for name, accuracy in _find_misplaced(run):
                found.setdefault(name, []).append((configuration, accuracy))
    total = sum(len(each.runs) for each in configurations)
    return [_describe(name, places, total) for name, places in found.items()]


def _find_misplaced(run: FinishedRun) -> Iterator[tuple[str, float]]:
    """Yield each kind of images with a threshold that is off, and the lowest accuracy on it."""
    for name in reversed(POOLED):
        pooled, categories = run.summary.find(name), run.summary.list_categories(seen=name == POOLED[0])
        if pooled and is_misplaced(pooled):
            yield f"{name} content", _read_accuracy(pooled)
        elif lowest := [_read_accuracy(each) for each in categories.values() if is_misplaced(each)]:
            yield f"some {name} category", min(lowest)
    for group in run.evaluation.list_tested(_TABLED, NO_DEGRADATION) if run.evaluation else ():
        if is_misplaced(group):
            yield f"{group.name} (evaluation)", _read_accuracy(group)


def _read_accuracy(group: Group) -> float:
    return group.read("accuracy").value or 0.0


def _describe(name: str, places: Sequence[tuple[Configuration, float]], total: int) -> Finding:
    configurations = [each for each, _ in places]
    named = [
        each.name + (f" ({configurations.count(each)} of {len(each.runs)})" if len(each.runs) > 1 else "")
        for each in dict.fromkeys(configurations)
    ]
    more = len(named) - _MOST_NAMES
    listed = "; ".join(named[:_MOST_NAMES]) + (f"; and {more} more" if more > 0 else "")
    ranks, its = ("ranks", "its") if len(places) == 1 else ("rank", "their")
    lowest = format_share(min(accuracy for _, accuracy in places))
    text = (
        f"On {name} {len(places)} of {format_count(total, 'run')} {ranks} well (AUROC above {RANKS_WELL:g}) but {its} "
        f"threshold is off, with an accuracy down to {lowest}: {listed}."
    )
    return Finding("", text, Severity.WARNING)
