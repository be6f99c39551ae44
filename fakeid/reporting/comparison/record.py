"""Report of a comparison of detectors, and the schema of its file comparison.json."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import FiniteFloat

from fakeid.evaluation.comparison import Comparison
from fakeid.evaluation.records.results import Estimate
from fakeid.reporting.audit.warnings import AuditWarning
from fakeid.reporting.comparison.findings import COMPARISON_NOTE, judge_measured
from fakeid.reporting.significance import to_known


@dataclass(frozen=True, eq=False)
class ComparisonReport:
    """The content of a comparison report.

    Attributes:
        places: Paths from which the scores of each detector were read, by detector name; the first is the baseline.
        num_images: Number of images that all detectors scored, counting each degradation separately.
        comparisons: Comparisons, one per pair of detectors.
        notes: Notes for the reader on what was left out, and why.
        warnings: Audit warnings of the runs.
    """

    places: dict[str, list[str]]
    num_images: int
    comparisons: list[Comparison]
    notes: list[str]
    warnings: list[AuditWarning]


@dataclass(frozen=True)
class MetricDifference:
    """The difference between two detectors in one metric on one group of images; undefined numbers are None.

    Attributes:
        detector: Name of the detector.
        against: Name of the detector that it is compared with.
        seeds: Seeds of the runs; empty for a single pair of runs.
        kind: Kind of the group, see `fakeid.evaluation.comparison.Group`.
        group: Name of the group.
        num_real: Number of real images in the group.
        num_fake: Number of fake images in the group.
        metric: `accuracy` or `auroc`.
        value: Value of `detector`, in [0, 1], averaged over runs.
        value_against: Value of `against`, likewise.
        difference: `value` minus `value_against`.
        low: Lower bound of the difference's 95 % interval.
        high: Upper bound of that interval.
        p_value: Two-sided p-value.
        corrected_p: P-value after Holm's correction.
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
        detectors: Paths from which the scores of each detector were read, by detector name; the first is the baseline.
        num_images: Number of images that all detectors scored, counting each degradation separately.
        notes: Notes for the reader.
        warnings: Audit warnings of the runs.
        tests: Explanation of the statistical tests.
        differences: Differences, one per pair of detectors, group and metric.
    """

    detectors: dict[str, list[str]]
    num_images: int
    notes: list[str]
    warnings: list[AuditWarning]
    tests: str
    differences: list[MetricDifference]


def build_record(report: ComparisonReport) -> ComparisonRecord:
    """Convert a report to the record stored in its file."""
    return ComparisonRecord(
        detectors=report.places,
        num_images=report.num_images,
        notes=report.notes,
        warnings=report.warnings,
        tests=COMPARISON_NOTE,
        differences=[difference for comparison in report.comparisons for difference in _list_differences(comparison)],
    )


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
