"""Comparisons of detectors as words and rows, the same for the terminal, Markdown, CSV, JSON and the page."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fakeid.evaluation.comparison import Comparison, GroupComparison, Measured
from fakeid.evaluation.comparison_groups import ALL, DEGRADATION, TEST_SET
from fakeid.reporting.judged import BETTER, LEVEL, ONE_RUN_EACH, UNDEFINED, VERDICTS, WORSE, judge
from fakeid.reporting.numbers import format_p, format_percent, format_points, format_unit, format_units
from fakeid.reporting.sweep_rows import Rows

COMPARISON_NOTE: Final = (
    "Paired tests on the same images, called at each run's own threshold (P(fake) = 0.5 for a file of scores). Several "
    "seeds: runs matched by seed and crossed with images (Obuchowski & Rockette 1995); the 95 % intervals cover runs "
    "and images. One run each: McNemar's exact test for accuracy, DeLong's for AUROC; intervals and p-values cover "
    "test images alone, not other seeds or machines, so that two trained networks are compared and nothing is judged "
    "about their configurations. Holm's correction over all tables of the page, accuracy and AUROC together; "
    "the intervals are not corrected. A corrected p of 0.05 or more is not significant. All groups but degradations "
    "are of images as they are."
)

_ARROW: Final = "\N{RIGHTWARDS ARROW}"
_MOST_NAMES: Final = 3  # groups that a sentence names
_COLUMNS: Final = (
    *("detector", "against", "seeds", "kind", "group", "num_real", "num_fake", "metric", "value", "value_against"),
    *("difference", "low", "high", "p_value", "corrected_p", "verdict"),
)


@dataclass(frozen=True, eq=False)
class ComparisonReport:
    """Everything that a comparison says.

    Attributes:
        places: Where the scores of each detector were read, by its name; the first is the baseline.
        num_images: That all detectors scored, each degradation counted.
        comparisons: One a pair of detectors.
        notes: What a reader must know: what was left out, and why.
        warnings: Of the runs' audits, with the number of runs that each concerns.
    """

    places: dict[str, list[str]]
    num_images: int
    comparisons: list[Comparison]
    notes: list[str]
    warnings: list[tuple[str, int]]


def judge_measured(measured: Measured) -> str:
    """What may be said about the configurations, one of `VERDICTS`; `not judged` with one run each."""
    return judge(measured.difference, measured.corrected_p, measured.difference.num_runs)


def list_comparison(comparison: Comparison) -> Rows:
    """One row a group, with the values of both detectors: from the first to the second."""
    headings = ["images of", "real", "fake"]
    headings += ["accuracy %", "points", "p (Holm)", "verdict", "AUROC", "difference", "p (Holm) ", "verdict "]
    rows = []
    for row in comparison.rows:
        cells = [name_group(row), str(row.num_real), str(row.num_fake)]
        for measured, form, form_difference in (
            (row.accuracy, format_percent, format_points),
            (row.auroc, format_unit, format_units),
        ):
            values = [form(_or_none(value)) for value in (measured.first, measured.second)]
            cells += [f" {_ARROW} ".join(values), form_difference(measured.difference)]
            cells += [format_p(measured.corrected_p), judge_measured(measured)]
        rows.append(cells)
    return headings, rows


def name_group(row: GroupComparison) -> str:
    """Such as `coral`, or `test set: photos`."""
    return f"{row.kind.replace('_', ' ')}: {row.name}" if row.kind in (TEST_SET, DEGRADATION) else row.name


def name_comparison(comparison: Comparison) -> str:
    """What is compared with what."""
    seeds = ", ".join(str(seed) for seed in comparison.seeds)
    return f"{comparison.second} against {comparison.first}" + (f", seeds {seeds}" if seeds else "")


def describe_comparison(comparison: Comparison) -> str:
    """What came out, in two sentences; of one run each, what is and is not said of the two networks comes first."""
    parts = [_describe_networks(comparison)] if comparison.num_runs == 1 else []
    everything = [row for row in comparison.rows if row.kind == ALL]
    parts += [
        f"On all {row.num_real + row.num_fake:,} images: accuracy {_tell(row.accuracy, points=True)}; "
        f"AUROC {_tell(row.auroc, points=False)}."
        for row in everything
    ]
    others = [row for row in comparison.rows if row.kind != ALL]
    if others and comparison.num_runs > 1:
        accuracy = _count([(row, judge_measured(row.accuracy)) for row in others])
        auroc = _count([(row, judge_measured(row.auroc)) for row in others])
        noun = "group" if len(others) == 1 else "groups"
        parts.append(f"Of {len(others)} {noun}, accuracy is {accuracy}; AUROC is {auroc}.")
    return " ".join(parts)


def tabulate_comparisons(comparisons: Sequence[Comparison]) -> tuple[list[str], list[list[Any]]]:
    """Plain columns and rows, a metric of a group a row; None where undefined."""
    rows = [[number[name] for name in _COLUMNS] for one in comparisons for number in _list_numbers(one)]
    return list(_COLUMNS), rows


def describe_report(report: ComparisonReport) -> dict[str, Any]:
    """The report as values for JSON."""
    return {
        "detectors": report.places,
        "num_images": report.num_images,
        "notes": report.notes,
        "warnings": [text for text, _ in report.warnings],
        "tests": COMPARISON_NOTE,
        "differences": [number for comparison in report.comparisons for number in _list_numbers(comparison)],
    }


def _list_numbers(comparison: Comparison) -> Iterator[dict[str, Any]]:
    for row in comparison.rows:
        for metric, measured in (("accuracy", row.accuracy), ("auroc", row.auroc)):
            difference = measured.difference
            numbers = {
                "value": measured.second,
                "value_against": measured.first,
                "difference": difference.value,
                "low": difference.low,
                "high": difference.high,
                "p_value": difference.p_value,
                "corrected_p": measured.corrected_p,
            }
            yield {
                "detector": comparison.second,
                "against": comparison.first,
                "seeds": " ".join(str(seed) for seed in comparison.seeds),
                "kind": row.kind,
                "group": row.name,
                "num_real": row.num_real,
                "num_fake": row.num_fake,
                "metric": metric,
                **{name: _or_none(number) for name, number in numbers.items()},
                "verdict": judge_measured(measured),
            }


def _describe_networks(comparison: Comparison) -> str:
    nothing = "one training each, so nothing is said about their configurations"
    counts = {
        word: sum(getattr(row, metric).corrected_p < LEVEL for row in comparison.rows)
        for metric, word in (("accuracy", "accuracy"), ("auroc", "AUROC"))
    }
    found = [f"in {word} on {count}" for word, count in counts.items() if count]
    if not found:
        return (
            f"{ONE_RUN_EACH.capitalize()}. It is not shown that these two networks would differ on further images of "
            f"this kind; {nothing}."
        )
    groups = f"{len(comparison.rows)} {'group' if len(comparison.rows) == 1 else 'groups'}"
    return (
        f"{ONE_RUN_EACH.capitalize()}. These two networks would differ on further images of this kind "
        f"({' and '.join(found)} of {groups}, Holm's p < {LEVEL:g}); {nothing}."
    )


def _tell(measured: Measured, *, points: bool) -> str:
    verdict = judge_measured(measured)
    if verdict == UNDEFINED:
        return verdict
    difference = measured.difference
    written = format_points(difference).replace(" [", " points [") if points else format_units(difference)
    return f"{written}, {_name_verdict(verdict)}"


def _name_verdict(verdict: str) -> str:
    return f"significantly {verdict}" if verdict in (BETTER, WORSE) else verdict


def _count(judged: Sequence[tuple[GroupComparison, str]]) -> str:
    parts = []
    for verdict in VERDICTS:
        names = [name_group(row) for row, given in judged if given == verdict]
        if names:
            named = verdict in (BETTER, WORSE) and len(names) <= _MOST_NAMES
            parts.append(f"{_name_verdict(verdict)} in {len(names)}" + (f" ({'; '.join(names)})" if named else ""))
    return ", ".join(parts)


def _or_none(number: float) -> float | None:
    return None if math.isnan(number) else number
