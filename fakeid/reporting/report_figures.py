"""The figures of a report over many runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from matplotlib.figure import Figure

from fakeid.reporting.averages import Cell
from fakeid.reporting.effects import Effect
from fakeid.reporting.effects_figure import plot_effects
from fakeid.reporting.settings_figure import plot_settings
from fakeid.reporting.sweep_figures import SweepFigure, plot_sweep_figure
from fakeid.reporting.sweep_rows import split_cells

_FEWEST_SETTINGS: Final = 3  # that a list of them shows better than a curve of single points


@dataclass(frozen=True, eq=False)
class ReportFigure:
    """One of them, drawn when it is needed.

    Attributes:
        slug: Name of its files, such as `fig2`.
        title: For people.
        label: What it shows, for those who cannot see it.
        plot: Draws it; with `narrow=True` for a phone.
        is_wide: Whether it takes the width of a page.
    """

    slug: str
    title: str
    label: str
    plot: Callable[..., Figure]
    is_wide: bool = False


def collect_figures(
    cells: Sequence[Cell], curves: Sequence[SweepFigure], effects: Sequence[Effect]
) -> list[ReportFigure]:
    """What each option does; the settings side by side, or against the number of categories where it differs.

    Args:
        cells: Of the report.
        curves: See `fakeid.reporting.sweep_figures`.
        effects: See `fakeid.reporting.effects`.
    """
    figures = []
    drawable = [cell for cell in cells if cell.average(seen=False)["value"] is not None]
    numbers = {cell.categories for cell in drawable}
    if len(numbers) == 1 and len(drawable) >= _FEWEST_SETTINGS:
        figures += _compare_settings(drawable, numbers.pop())
    else:
        figures += [
            ReportFigure(
                curve.slug,
                curve.title,
                f"{curve.title}: {curve.measured} against the number of training categories",
                partial(plot_sweep_figure, curve),
            )
            for curve in curves
        ]
    if effects:
        title = "One option changed, all else equal"
        figures.append(ReportFigure("effects", title, title, partial(plot_effects, effects), True))
    return figures


def _compare_settings(cells: Sequence[Cell], number: int) -> list[ReportFigure]:
    """One for each budget."""
    title = f"Settings at {number} {'category' if number == 1 else 'categories'}, on unseen content"
    groups = split_cells(cells)
    return [
        ReportFigure(
            f"settings-{place}" if len(groups) > 1 else "settings",
            named := f"{title}. {budget}" if budget else title,
            named,
            partial(plot_settings, group),
            True,
        )
        for place, (budget, group) in enumerate(groups, start=1)
    ]
