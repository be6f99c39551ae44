"""What a comparison of detectors says: the schema of comparison.json, and its sentences."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import FiniteFloat

from fakeid.evaluation.comparison import ALL, DEGRADATION, TEST_SET, Comparison, GroupComparison, Measured
from fakeid.evaluation.records.results import Estimate
from fakeid.reporting.formatting import format_bounds, format_number
from fakeid.reporting.significance import BETTER, LEVEL, ONE_RUN_EACH, UNDEFINED, VERDICTS, WORSE, judge
from fakeid.reporting.table import Form

COMPARISON_NOTE: Final = (
    "Paired tests on the same images, called at each run's own threshold (P(fake) = 0.5 for a file of scores). Several "
    "seeds: runs matched by seed and crossed with images (Obuchowski & Rockette 1995); the 95 % intervals cover runs "
    "and images. One run each: McNemar's exact test for accuracy, DeLong's for AUROC; intervals and p-values cover "
    "test images alone, not other seeds or machines, so that two trained networks are compared and nothing is judged "
    "about their configurations. Holm's correction over all tables of the page, accuracy and AUROC together; "
    "the intervals are not corrected. A corrected p of 0.05 or more is not significant. All groups but degradations "
    "are of clean images."
)

_MOST_NAMES: Final = 3  # groups that a sentence names


@dataclass(frozen=True)
class AuditWarning:
    """What the audits of some runs warned of.

    Attributes:
        text: The warning.
        num_runs: How many runs it concerns.
    """

    text: str
    num_runs: int

    @property
    def runs(self) -> str:
        """Their number in words, such as `2 runs`."""
        return f"{self.num_runs} {'run' if self.num_runs == 1 else 'runs'}"


@dataclass(frozen=True, eq=False)
class ComparisonReport:
    """Everything that a comparison says.

    Attributes:
        places: Where the scores of each detector were read, by its name; the first is the baseline.
        num_images: That all detectors scored, each degradation counted.
        comparisons: One a pair of detectors.
        notes: What a reader must know: what was left out, and why.
        warnings: Of the runs' audits.
    """

    places: dict[str, list[str]]
    num_images: int
    comparisons: list[Comparison]
    notes: list[str]
    warnings: list[AuditWarning]


@dataclass(frozen=True)
class MetricDifference:
    """How two detectors differ in one metric on one group of images; None where undefined.

    Attributes:
        detector: What is compared.
        against: With what.
        seeds: Of the runs; empty for a single pair of runs.
        kind: See `fakeid.evaluation.comparison.Group`.
        group: Its name.
        num_real: Its real images.
        num_fake: Its fakes.
        metric: `accuracy` or `auroc`.
        value: Of the detector, in [0, 1], averaged over runs.
        value_against: Of the other.
        difference: The first minus the second.
        low: Lower bound of its 95 % interval.
        high: Upper bound.
        p_value: Two-sided.
        corrected_p: By Holm.
        verdict: One of `fakeid.reporting.significance.VERDICTS`.
    """

    detector: str
    against: str
    seeds: tuple[int, ...]
    kind: str
    group: str
    num_real: int
    num_fake: int
    metric: str
    value: FiniteFloat | None
    value_against: FiniteFloat | None
    difference: FiniteFloat | None
    low: FiniteFloat | None
    high: FiniteFloat | None
    p_value: FiniteFloat | None
    corrected_p: FiniteFloat | None
    verdict: str


@dataclass(frozen=True)
class ComparisonRecord:
    """The schema of comparison.json.

    Attributes:
        detectors: Where the scores of each detector were read, by its name; the first is the baseline.
        num_images: That all detectors scored, each degradation counted.
        notes: What a reader must know.
        warnings: Of the runs' audits.
        tests: How the detectors were compared.
        differences: One a pair, group and metric.
    """

    detectors: dict[str, list[str]]
    num_images: int
    notes: list[str]
    warnings: list[AuditWarning]
    tests: str
    differences: list[MetricDifference]


def build_record(report: ComparisonReport) -> ComparisonRecord:
    """Put a report's numbers into the form of its file."""
    return ComparisonRecord(
        detectors=report.places,
        num_images=report.num_images,
        notes=report.notes,
        warnings=report.warnings,
        tests=COMPARISON_NOTE,
        differences=[difference for comparison in report.comparisons for difference in _list_differences(comparison)],
    )


def judge_measured(measured: Measured) -> str:
    """Say which verdict on the configurations is allowed, one of `VERDICTS`; `not judged` with one run each."""
    return judge(measured.difference, measured.corrected_p, measured.difference.num_runs)


def name_group(row: GroupComparison) -> str:
    """Name it, such as `coral`, or `test set: photos`."""
    return f"{row.kind.replace('_', ' ')}: {row.name}" if row.kind in (TEST_SET, DEGRADATION) else row.name


def name_comparison(comparison: Comparison) -> str:
    """Say what is compared with what."""
    seeds = ", ".join(str(seed) for seed in comparison.seeds)
    return f"{comparison.second} against {comparison.first}" + (f", seeds {seeds}" if seeds else "")


def describe_comparison(comparison: Comparison) -> str:
    """Say what came out, in two sentences; of one run each, what is and is not said of the two networks comes first."""
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
        noun = "group" if len(others) == 1 else "groups"
        parts.append(f"Of {len(others)} {noun}, accuracy is {accuracy}; AUROC is {auroc}.")
    return " ".join(parts)


def _list_differences(comparison: Comparison) -> Iterator[MetricDifference]:
    for row in comparison.rows:
        for metric, measured in (("accuracy", row.accuracy), ("auroc", row.auroc)):
            difference = Estimate.of(measured.difference)
            yield MetricDifference(
                detector=comparison.second,
                against=comparison.first,
                seeds=comparison.seeds,
                kind=row.kind,
                group=row.name,
                num_real=row.num_real,
                num_fake=row.num_fake,
                metric=metric,
                value=to_known(measured.second),
                value_against=to_known(measured.first),
                difference=difference.value,
                low=difference.low,
                high=difference.high,
                p_value=to_known(measured.difference.p_value),
                corrected_p=to_known(measured.corrected_p),
                verdict=judge_measured(measured),
            )


def to_known(number: float) -> float | None:
    """Turn NaN into None."""
    return None if math.isnan(number) else number


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
    groups = f"{len(comparison.rows)} {'group' if len(comparison.rows) == 1 else 'groups'}"
    return (
        f"{ONE_RUN_EACH.capitalize()}. These two networks would differ on further images of this kind "
        f"({' and '.join(found)} of {groups}, Holm's p < {LEVEL:g}); {nothing}."
    )


def _tell(measured: Measured, form: Form) -> str:
    verdict = judge_measured(measured)
    if verdict == UNDEFINED:
        return verdict
    difference = Estimate.of(measured.difference)
    unit = " points" if form is Form.POINTS else ""
    interval = f"[{format_bounds(difference, form)}]"
    return f"{format_number(difference.value, form)}{unit} {interval}, {_name_verdict(verdict)}"


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
