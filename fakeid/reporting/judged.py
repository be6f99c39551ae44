"""What may be said about differences in accuracy and AUROC that were tested in one table."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from fakeid.evaluation.holm import correct_holm
from fakeid.evaluation.paired import Difference

LEVEL: Final = 0.05
"""A corrected p-value below it is more than noise."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Two runs, or groups of runs, on the same images.

    Attributes:
        accuracy: Of the second minus that of the first.
        auroc: Likewise.
        accuracy_p: Corrected for the comparisons of its table; NaN before.
        auroc_p: Likewise.
    """

    accuracy: Difference
    auroc: Difference
    accuracy_p: float = math.nan
    auroc_p: float = math.nan

    @property
    def verdict(self) -> str:
        """Of the accuracy: `better`, `worse` or `inside the noise`."""
        return judge(self.accuracy, self.accuracy_p)


_Judged = TypeVar("_Judged", bound=Judged)


def judge(difference: Difference, corrected_p: float) -> str:
    """What may be said about the second of two."""
    if math.isnan(corrected_p):
        return "undefined"
    if corrected_p >= LEVEL:
        return "inside the noise"
    return "better" if difference.value > 0 else "worse"


def correct_judged(table: Sequence[_Judged]) -> list[_Judged]:
    """With p-values corrected by Holm for the whole table, accuracy and AUROC apart."""
    columns = ([row.accuracy for row in table], [row.auroc for row in table])
    corrected = (correct_holm([difference.p_value for difference in column]) for column in columns)
    return [
        replace(row, accuracy_p=accuracy_p, auroc_p=auroc_p)
        for row, accuracy_p, auroc_p in zip(table, *corrected, strict=True)
    ]
