"""The paper's figures: accuracy on new content against the number of training categories, one line a setting.

The paper draws the average over the unseen categories. It loses categories as the training gains them, so it rises or
falls with the hard ones among them even where the training makes no difference. Where all runs of a figure hold the
same category out, and they have several numbers of categories, that one is drawn instead: the same images throughout.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any, Final

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from fakeid.reporting.averages import Cell
from fakeid.reporting.numbers import NO_ESTIMATE, Estimate
from fakeid.reporting.paper import FIGURES, Setting
from fakeid.reporting.style import CHANCE_LINE, GRAY, PALETTE, label_in_percent, mark_chance, new_figure, styled
from fakeid.reporting.sweep_tables import describe_brackets, name_file

_Look = dict[str, Any]  # keywords of a line
# Markers and dashes tell the lines apart where there is no color.
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
_DASHES: Final[tuple[Any, ...]] = ("-", (0, (7, 2)), (0, (3, 1.5)), (0, (7, 2, 1.5, 2)), (0, (1.2, 1.5)))
_TITLES: Final = {1: "more categories", 2: "color spaces", 3: "dropout", 4: "HSV with dropout, and Xception"}
_MOST_LINES: Final = 6
_LEGEND: Final = 52  # characters in a line
_BAND_ALPHA: Final = 0.14
_SHIFT: Final = 0.05  # of lines beside each other, so that their whiskers do not cover each other


@dataclass(frozen=True)
class SweepFigure:
    """Lines that belong together.

    Attributes:
        number: Of the paper's figure, None where it has none.
        slug: Name of its files, such as `fig2`.
        title: For people.
        cells: Of all lines, those without unseen content left out.
    """

    number: int | None
    slug: str
    title: str
    cells: tuple[Cell, ...]

    @property
    def draws_held_out(self) -> bool:
        """Whether the lines are of the held-out category, see above; otherwise of the unseen average."""
        names = {cell.held_out for cell in self.cells}
        several = len({cell.categories for cell in self.cells}) > 1
        return several and len(names) == 1 and all(_measure_held_out(cell)["value"] is not None for cell in self.cells)

    @property
    def measured(self) -> str:
        """What the lines are of."""
        return "accuracy on the held-out category" if self.draws_held_out else "accuracy on unseen content"

    def measure(self, cell: Cell) -> Estimate:
        """A point of a line."""
        return _measure_held_out(cell) if self.draws_held_out else cell.average(seen=False)

    @property
    def settings(self) -> list[Setting]:
        """One a line."""
        return list(dict.fromkeys(cell.setting for cell in self.cells))


def build_figures(cells: Sequence[Cell]) -> list[SweepFigure]:
    """The paper's Fig 1 to 4 as far as there are runs, then those settings that it does not have.

    A figure is left out where another, earlier one shows the same lines: Fig 2 without HSV and YCbCr is Fig 1.
    """
    drawable = [cell for cell in cells if cell.average(seen=False)["value"] is not None]
    figures: list[SweepFigure] = []
    for variant in dict.fromkeys(cell.setting.tag for cell in drawable):
        chosen = [cell for cell in drawable if cell.setting.tag == variant]
        drawn: list[list[Setting]] = []
        for number, tables in FIGURES.items():
            lines = [cell for cell in chosen if cell.setting.table in tables]
            settings = list(dict.fromkeys(cell.setting for cell in lines))
            if settings and settings not in drawn:
                drawn.append(settings)
                figures.append(_name(number, f"fig{number}", f"Fig {number}: {_TITLES[number]}", variant, lines))
        figures += _build_others([cell for cell in chosen if cell.setting.table is None], variant)
    return figures


@styled
def plot_sweep_figure(sweep_figure: SweepFigure, *, narrow: bool = False) -> Figure:
    """The lines with bands; with a single number of categories, with whiskers.

    Args:
        sweep_figure: What to draw.
        narrow: For a phone: taller, with the legend in one column.
    """
    figure = new_figure(420, 430) if narrow else new_figure(820, 440)
    ax = figure.subplots()
    looks = {
        setting: {
            "color": PALETTE[i % len(PALETTE)],
            "marker": _MARKERS[i % len(_MARKERS)],
            "linestyle": _DASHES[i % len(_DASHES)],
        }
        for i, setting in enumerate(sweep_figure.settings)
    }
    for i, (setting, look) in enumerate(looks.items()):
        cells = [cell for cell in sweep_figure.cells if cell.setting == setting]
        _draw_line(ax, cells, [sweep_figure.measure(cell) for cell in cells], look, _SHIFT * i)
    mark_chance(ax, 0.5)
    ax.set(
        xlabel="number of training categories" + ("" if narrow else ", same images in total"),
        ylabel=f"{sweep_figure.measured} (%)",
    )
    ax.set_xticks(sorted({cell.categories for cell in sweep_figure.cells}))
    ax.margins(x=0.04)
    label_in_percent(ax.yaxis)
    ax.grid(visible=False, axis="x")
    ax.set_ylim(top=min(1.01, ax.get_ylim()[1]))
    _add_legend(figure, looks, sweep_figure.cells, 1 if narrow else 2)
    return figure


def _measure_held_out(cell: Cell) -> Estimate:
    return cell.measure(cell.held_out, "accuracy") if cell.held_out else NO_ESTIMATE


def _draw_line(ax: Axes, cells: Sequence[Cell], estimates: Sequence[Estimate], look: _Look, shift: float) -> None:
    # What is undefined is not drawn, see build_figures.
    value, low, high = ([estimate[name] or 0.0 for estimate in estimates] for name in ("value", "low", "high"))
    x: list[float] = [cell.categories for cell in cells]
    # A band of one point has no width.
    if len(cells) > 1:
        ax.fill_between(x, low, high, color=look["color"], alpha=_BAND_ALPHA, linewidth=0)
    else:
        x = [x[0] + shift]
        ax.vlines(x, low, high, color=look["color"], alpha=0.6)
    ax.plot(x, value, label=cells[0].setting.short_name, **look)


def _add_legend(figure: Figure, looks: Mapping[Setting, _Look], cells: Sequence[Cell], columns: int) -> None:
    handles: list[Artist] = [Line2D([], [], **look, label=_describe_line(setting)) for setting, look in looks.items()]
    handles.append(Line2D([], [], **CHANCE_LINE, label="chance level"))
    handles.append(Patch(color=GRAY, alpha=0.3, linewidth=0, label=fill(describe_brackets(cells), _LEGEND)))
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, handlelength=3.2)


def _describe_line(setting: Setting) -> str:
    return f"{setting.short_name} (Tab {setting.table})" if setting.table else setting.short_name


def _build_others(cells: Sequence[Cell], variant: str) -> list[SweepFigure]:
    settings = list(dict.fromkeys(cell.setting for cell in cells))
    groups = [settings[i : i + _MOST_LINES] for i in range(0, len(settings), _MOST_LINES)]
    return [
        _name(
            None,
            "others" if len(groups) == 1 else f"others-{i}",
            "Other settings" if len(groups) == 1 else f"Other settings, {i} of {len(groups)}",
            variant,
            [cell for cell in cells if cell.setting in group],
        )
        for i, group in enumerate(groups, start=1)
    ]


def _name(number: int | None, slug: str, title: str, variant: str, cells: Sequence[Cell]) -> SweepFigure:
    if variant:
        slug, title = f"{slug}-{name_file(variant)}", f"{title} ({variant})"
    return SweepFigure(number, slug, title, tuple(cells))
