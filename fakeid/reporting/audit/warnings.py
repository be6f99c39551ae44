"""Audit warnings of several runs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from fakeid.evaluation.records.run_summary import RunSummary


@dataclass(frozen=True)
class AuditWarning:
    """A warning given by the audits of one or more runs.

    Attributes:
        text: Text of the warning.
        num_runs: Number of runs with this warning.
    """

    text: str
    num_runs: int


def count_warnings(summaries: Iterable[RunSummary]) -> list[AuditWarning]:
    """Count the runs with each warning, most frequent first."""
    counts = Counter(warning for summary in summaries for warning in summary.warnings)
    return [AuditWarning(*item) for item in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
