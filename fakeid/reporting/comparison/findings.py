"""Findings of a comparison of detectors, in sentences."""

from collections.abc import Sequence
from typing import Final

from fakeid.evaluation.comparison import ALL, DEGRADATION, TEST_SET, Comparison, GroupComparison, Measured
from fakeid.evaluation.records.results import Estimate
from fakeid.reporting.finding import Finding
from fakeid.reporting.formatting import format_bounds, format_count, format_number
from fakeid.reporting.significance import (
    BETTER,
    CORRECTED,
    IMAGES_ALONE,
    LEVEL,
    ONE_RUN_EACH,
    SEVERAL_RUNS,
    UNDEFINED,
    VERDICTS,
    WORSE,
    judge,
    name_verdict,
)
from fakeid.reporting.table import Form

COMPARISON_NOTE: Final = (
    "Paired tests on the same images, classified at each run's own threshold (P(fake) = 0.5 for a file of scores). "
    f"Several seeds: {SEVERAL_RUNS} One run each: McNemar's exact test for accuracy, DeLong's for AUROC; intervals "
    f"and p-values cover {IMAGES_ALONE}, so two trained networks are compared and their configurations are not judged. "
    f"Holm's correction covers all tables of the page, accuracy and AUROC together; {CORRECTED} All groups except "
    "degradations are of clean images."
)

_MOST_NAMES: Final = 3  # groups named in a sentence


def judge_measured(measured: Measured) -> str:
    """Judge the configurations as one of `VERDICTS`, which is `not judged` with one run each."""
    return judge(measured.difference, measured.corrected_p, measured.difference.num_runs)


def name_group(row: GroupComparison) -> str:
    """Name a group of images, such as `coral` or `test set: photos`."""
    return f"{row.kind.replace('_', ' ')}: {row.name}" if row.kind in (TEST_SET, DEGRADATION) else row.name


def describe_comparison(comparison: Comparison) -> Finding:
    """Describe the comparison of two detectors, first on all images, then by the number of groups that differ.

    With one run each, the description starts with what the comparison does and does not show about the two networks.
    """
    seeds = ", ".join(map(str, comparison.seeds))
    topic = f"{comparison.second} against {comparison.first}" + (f", seeds {seeds}" if seeds else "")
    parts = [_describe_networks(comparison)] if comparison.num_runs == 1 else []
    everything = [row for row in comparison.rows if row.kind == ALL]
    parts += [
        f"On all {row.num_real + row.num_fake:,} images: accuracy {_tell(row.accuracy, Form.POINTS)}; "
        f"AUROC {_tell(row.auroc, Form.UNITS)}."
        for row in everything
    ]
    others = [row for row in comparison.rows if row.kind != ALL]
    if others and comparison.num_runs > 1:
        accuracy = _count([(row, judge_measured(row.accuracy)) for row in others])
        auroc = _count([(row, judge_measured(row.auroc)) for row in others])
        parts.append(f"Of {format_count(len(others), 'group')}, accuracy is {accuracy}; AUROC is {auroc}.")
    return Finding(topic, " ".join(parts))


def _describe_networks(comparison: Comparison) -> str:
    nothing = "each was trained once, so the comparison says nothing about their configurations"
    counts = {
        "accuracy": sum(row.accuracy.corrected_p < LEVEL for row in comparison.rows),
        "AUROC": sum(row.auroc.corrected_p < LEVEL for row in comparison.rows),
    }
    found = [f"in {word} on {count}" for word, count in counts.items() if count]
    if not found:
        return (
            f"{ONE_RUN_EACH.capitalize()}. It is not shown that these two networks would differ on further images of "
            f"this kind; {nothing}."
        )
    return (
        f"{ONE_RUN_EACH.capitalize()}. These two networks would differ on further images of this kind "
        f"({' and '.join(found)} of {format_count(len(comparison.rows), 'group')}, Holm's p < {LEVEL:g}); {nothing}."
    )


def _tell(measured: Measured, form: Form) -> str:
    verdict = judge_measured(measured)
    if verdict == UNDEFINED:
        return verdict
    difference = Estimate.of(measured.difference)
    unit = " points" if form is Form.POINTS else ""
    interval = f"[{format_bounds(difference, form)}]"
    return f"{format_number(difference.value, form)}{unit} {interval}, {name_verdict(verdict)}"


def _count(judged: Sequence[tuple[GroupComparison, str]]) -> str:
    parts = []
    for verdict in VERDICTS:
        names = [name_group(row) for row, given in judged if given == verdict]
        if names:
            named = verdict in (BETTER, WORSE) and len(names) <= _MOST_NAMES
            parts.append(f"{name_verdict(verdict)} in {len(names)}" + (f" ({'; '.join(names)})" if named else ""))
    return ", ".join(parts)
