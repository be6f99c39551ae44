"""A forest plot of what each option does by itself."""

import math
from collections.abc import Sequence

from matplotlib.figure import Figure

from fakeid.evaluation.comparison import Comparison, GroupComparison, Measured
from fakeid.evaluation.paired import Difference
from fakeid.reporting.comparison_figure import plot_comparison
from fakeid.reporting.effects import Effect

_UNKNOWN = Difference(math.nan, math.nan, math.nan, math.nan, 0)


def plot_effects(effects: Sequence[Effect], *, narrow: bool = False) -> Figure:
    """One row a change, one color a group of images.

    Args:
        effects: At least one.
        narrow: For a phone.
    """
    changes = list(dict.fromkeys((effect.option, effect.value, effect.against) for effect in effects))
    found = {(effect.group, effect.option, effect.value): effect for effect in effects}
    comparisons = [
        Comparison(
            "the other value",
            group,
            (),
            tuple(_describe(*change, found.get((group, *change[:2]))) for change in changes),
        )
        for group in dict.fromkeys(effect.group for effect in effects)
    ]
    return plot_comparison(comparisons, narrow=narrow)


def _describe(option: str, value: str, against: str, effect: Effect | None) -> GroupComparison:
    accuracy, auroc = (effect.accuracy, effect.auroc) if effect else (_UNKNOWN, _UNKNOWN)
    accuracy_p, auroc_p = (effect.accuracy_p, effect.auroc_p) if effect else (math.nan, math.nan)
    return GroupComparison(
        option,
        f"{option}={value} against {against}",
        0,
        0,
        Measured(math.nan, math.nan, accuracy, accuracy_p),
        Measured(math.nan, math.nan, auroc, auroc_p),
    )
