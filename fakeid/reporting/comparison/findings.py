"""What a comparison of detectors says, in sentences."""

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
    "Paired tests on the same images, called at each run's own threshold (P(fake) = 0.5 for a file of scores). Several "
    f"seeds: {SEVERAL_RUNS} One run each: McNemar's exact test for accuracy, DeLong's for AUROC; intervals and "
    f"p-values cover {IMAGES_ALONE}, so that two trained networks are compared and nothing is judged about their "
    f"configurations. Holm's correction over all tables of the page, accuracy and AUROC together; {CORRECTED} All "
    "groups but degradations are of clean images."
)

_MOST_NAMES: Final = 3  # groups that a sentence names


def judge_measured(measured: Measured) -> str:
    """Judge the configurations by one of `VERDICTS`: `not judged` with one run each."""
    return judge(measured.difference, measured.corrected_p, measured.difference.num_runs)


def name_group(row: GroupComparison) -> str:
    """Name a group of images, such as `coral`, or `test set: photos`."""
    return f"{row.kind.replace('_', ' ')}: {row.name}" if row.kind in (TEST_SET, DEGRADATION) else row.name


def describe_comparison(comparison: Comparison) -> Finding:
    """Say what came out of comparing two detectors: on all images, then in how many groups.

    Of one run each, what is and is not said of the two networks comes first.
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
    nothing = "one training each, so nothing is said about their configurations"
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
