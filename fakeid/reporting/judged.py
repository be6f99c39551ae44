"""What may be said about differences in accuracy and AUROC between configurations."""

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from fakeid.evaluation.holm import correct_distinct
from fakeid.evaluation.paired import Difference

LEVEL: Final = 0.05
"""A difference with a corrected p-value below it is significant."""

BETTER: Final = "better"
WORSE: Final = "worse"
NOT_SIGNIFICANT: Final = "not significant"
NOT_JUDGED: Final = "not judged"
UNDEFINED: Final = "undefined"
VERDICTS: Final = (BETTER, WORSE, NOT_SIGNIFICANT, NOT_JUDGED, UNDEFINED)
"""In the order in which they are counted; the first two are significant."""

ONE_RUN_EACH: Final = "one run each: not judged"
"""Why two configurations are not judged."""

_FEWEST_RUNS: Final = 2  # a side; another seed may turn the difference of two networks round


@dataclass(frozen=True, kw_only=True)
class Judged(ABC):
    """Two configurations, or pairs of them, on the same images.

    Attributes:
        accuracy: Of the second minus that of the first.
        auroc: Likewise.
        accuracy_p: Corrected, see `correct_judged`; NaN before, and where nothing is judged.
        auroc_p: Likewise.
    """

    accuracy: Difference
    auroc: Difference
    accuracy_p: float = math.nan
    auroc_p: float = math.nan

    @property
    @abstractmethod
    def test(self) -> Hashable:
        """What is tested; rows of several tables with equal ones are one test."""

    @property
    def verdict(self) -> str:
        """Of the accuracy, one of `VERDICTS`."""
        return judge(self.accuracy, self.accuracy_p)

    @property
    def is_significant(self) -> bool:
        """Whether the accuracy is `better` or `worse`."""
        return self.verdict in (BETTER, WORSE)


_Judged = TypeVar("_Judged", bound=Judged)


def judge(difference: Difference, corrected_p: float) -> str:
    """What may be said about the second of two configurations: one of `VERDICTS`.

    With one run each nothing, whatever the p-value of the two networks.
    """
    if math.isnan(difference.value):
        return UNDEFINED
    if difference.num_runs < _FEWEST_RUNS:
        return NOT_JUDGED
    if math.isnan(corrected_p):
        return UNDEFINED
    if corrected_p >= LEVEL:
        return NOT_SIGNIFICANT
    return BETTER if difference.value > 0 else WORSE


def correct_judged(*tables: Sequence[_Judged]) -> list[list[_Judged]]:
    """With p-values corrected by Holm for all tables together, accuracy and AUROC apart.

    A test that stands in several tables counts once; what is not judged does not count.
    """
    rows = [row for table in tables for row in table]
    tests = [row.test for row in rows]
    columns = ([row.accuracy for row in rows], [row.auroc for row in rows])
    corrected = (correct_distinct(tests, [_find_p(difference) for difference in column]) for column in columns)
    judged = iter([
        replace(row, accuracy_p=accuracy_p, auroc_p=auroc_p)
        for row, accuracy_p, auroc_p in zip(rows, *corrected, strict=True)
    ])  # fmt: skip
    return [[next(judged) for _ in table] for table in tables]


def _find_p(difference: Difference) -> float:
    return difference.p_value if difference.num_runs >= _FEWEST_RUNS else math.nan
