"""Significance of differences between configurations, with one correction for all comparisons on a page."""

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from fakeid.evaluation.records.results import Estimate
from fakeid.evaluation.statistics.multiple_testing import correct_distinct
from fakeid.evaluation.statistics.paired_tests import Difference
from fakeid.reporting.table import Cell, Tone

LEVEL: Final = 0.05
"""Significance level: a difference is significant if its corrected p-value is below it."""

BETTER: Final = "better"
WORSE: Final = "worse"
NOT_SIGNIFICANT: Final = "not significant"
NOT_JUDGED: Final = "not judged"
UNDEFINED: Final = "undefined"
VERDICTS: Final = (BETTER, WORSE, NOT_SIGNIFICANT, NOT_JUDGED, UNDEFINED)
"""All verdicts in the order in which they are counted; the first two are significant."""

ONE_RUN_EACH: Final = "one run each: not judged"
"""The reason why two configurations are not judged."""

IMAGES_ALONE: Final = "test images, not other seeds or machines"
"""The variation that the interval of a single run covers."""

SEVERAL_RUNS: Final = (
    "runs matched by seed and crossed with images (Obuchowski & Rockette 1995); the 95 % intervals cover runs and "
    "images."
)
"""The method by which several runs are compared."""

CORRECTED: Final = "the intervals are not corrected. A corrected p of 0.05 or more is not significant."
"""The note on how to read a table of differences."""

_FEWEST_SEEDS: Final = 2  # per configuration; with another seed the difference between two networks may change sign


@dataclass(frozen=True, kw_only=True)
class Judged(ABC):
    """A comparison of two configurations, or of pairs of them, on the same images.

    Attributes:
        accuracy: Accuracy of the second configuration minus that of the first.
        auroc: AUROC of the second configuration minus that of the first.
        accuracy_p: Corrected p-value of the accuracy, see `correct_judged`; NaN before the correction and if the
            comparison is not judged.
        auroc_p: Corrected p-value of the AUROC, likewise.
    """

    accuracy: Difference
    auroc: Difference
    accuracy_p: float = math.nan
    auroc_p: float = math.nan

    @property
    @abstractmethod
    def test(self) -> Hashable:
        """Identify the test; rows of different tables with the same identity are one test."""

    @property
    def num_seeds(self) -> int:
        """Count the runs of each configuration; with one run, nothing is judged."""
        return self.accuracy.num_runs

    @property
    def verdict(self) -> str:
        """Judge the accuracy as one of `VERDICTS`."""
        return judge(self.accuracy, self.accuracy_p, self.num_seeds)

    @property
    def auroc_verdict(self) -> str:
        """Judge the AUROC as one of `VERDICTS`."""
        return judge(self.auroc, self.auroc_p, self.num_seeds)

    @property
    def is_significant(self) -> bool:
        """Tell whether the accuracy differs significantly."""
        return self.verdict in (BETTER, WORSE)


_Judged = TypeVar("_Judged", bound=Judged)


def judge(difference: Difference, corrected_p: float, num_seeds: int) -> str:
    """Judge the second of two configurations against the first as one of `VERDICTS`.

    With one seed each, the verdict is `NOT_JUDGED`, whatever the p-value of the two networks.
    """
    if math.isnan(difference.value):
        return UNDEFINED
    if num_seeds < _FEWEST_SEEDS:
        return NOT_JUDGED
    if math.isnan(corrected_p):
        return UNDEFINED
    if corrected_p >= LEVEL:
        return NOT_SIGNIFICANT
    return BETTER if difference.value > 0 else WORSE


def name_verdict(verdict: str) -> str:
    """Word one of `VERDICTS` for a sentence, such as `significantly better`."""
    return f"significantly {verdict}" if verdict in (BETTER, WORSE) else verdict


def list_cells(difference: Difference, corrected_p: float, verdict: str) -> list[Cell]:
    """Build the cells of a difference: its value with interval, the corrected p-value, and the colored verdict."""
    tone = {BETTER: Tone.GOOD, WORSE: Tone.BAD}.get(verdict, Tone.OPEN)
    return [Cell(Estimate.of(difference)), Cell(to_known(corrected_p)), Cell(verdict, tone=tone)]


def to_known(number: float) -> float | None:
    """Convert NaN to None."""
    return None if math.isnan(number) else number


def correct_judged(*tables: Sequence[_Judged]) -> list[list[_Judged]]:
    """Apply Holm's correction to the p-values of all tables, with accuracy and AUROC in one family.

    A test that appears in several tables counts once; comparisons that are not judged do not count.

    Args:
        tables: Tables of comparisons.

    Returns:
        The same tables with corrected p-values.
    """
    rows = [row for table in tables for row in table]
    tests = [(row.test, metric) for metric in ("accuracy", "auroc") for row in rows]
    p_values = [_find_p(row, row.accuracy) for row in rows] + [_find_p(row, row.auroc) for row in rows]
    corrected = correct_distinct(tests, p_values)
    judged = (
        replace(row, accuracy_p=accuracy_p, auroc_p=auroc_p)
        for row, accuracy_p, auroc_p in zip(rows, corrected[: len(rows)], corrected[len(rows) :], strict=True)
    )
    return [[next(judged) for _ in table] for table in tables]


def _find_p(row: Judged, difference: Difference) -> float:
    return difference.p_value if row.num_seeds >= _FEWEST_SEEDS else math.nan
