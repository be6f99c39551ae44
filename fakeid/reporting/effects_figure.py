"""What each option does by itself, as a figure."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from fakeid.evaluation.results import UNKNOWN, Estimate
from fakeid.reporting.comparison_figure import DIFFERENCE_PANELS, SIGNIFICANT, name_hollow
from fakeid.reporting.effects import Effect
from fakeid.reporting.forest import ForestDot, ForestRow, ForestSeries, plot_forest
from fakeid.reporting.judged import BETTER, WORSE


def plot_effects(effects: Sequence[Effect], *, narrow: bool = False) -> Figure:  # noqa: ARG001
    """Draw one row a change, one color a group of images; filled dots are significant.

    Args:
        effects: At least one.
        narrow: Makes no difference.
    """
    changes = list(dict.fromkeys((effect.option, effect.value, effect.against) for effect in effects))
    found = {(effect.group, effect.option, effect.value): effect for effect in effects}
    groups = dict.fromkeys(effect.group for effect in effects)
    return plot_forest(
        [ForestRow(f"{option}={value} against {against}", option) for option, value, against in changes],
        DIFFERENCE_PANELS,
        [
            ForestSeries(group, _list_dots([found.get((group, option, value)) for option, value, _ in changes]))
            for group in groups
        ],
        reference="the other value; right of it: better",
        filled=SIGNIFICANT,
        hollow=name_hollow(verdict for effect in effects for verdict in (effect.verdict, effect.auroc_verdict)),
    )


def _list_dots(effects: Sequence[Effect | None]) -> list[list[ForestDot]]:
    """List those of the accuracy, then those of the AUROC."""
    nothing = ForestDot(UNKNOWN)
    return [
        [ForestDot(Estimate.of(each.accuracy), each.verdict in (BETTER, WORSE)) if each else nothing
         for each in effects],
        [ForestDot(Estimate.of(each.auroc), each.auroc_verdict in (BETTER, WORSE)) if each else nothing
         for each in effects],
    ]  # fmt: skip
