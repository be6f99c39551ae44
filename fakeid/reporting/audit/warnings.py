"""What the audits of several runs warned of."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from fakeid.evaluation.records.run_summary import RunSummary


@dataclass(frozen=True)
class AuditWarning:
    """What the audits of some runs warned of.

    Attributes:
        text: The warning.
        num_runs: How many runs it concerns.
    """

    text: str
    num_runs: int


def count_warnings(summaries: Iterable[RunSummary]) -> list[AuditWarning]:
    """Count the runs that each warning concerns, the most frequent first."""
    counts = Counter(warning for summary in summaries for warning in summary.warnings)
    return [AuditWarning(*item) for item in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
