"""Everything that a comparison of detectors says, and the schema of its file, comparison.json."""

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
