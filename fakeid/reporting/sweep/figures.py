"""Figures of a report: curves over the number of categories, comparisons of settings, and effects of options."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from textwrap import fill
from typing import Any, Final, TypeAlias

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from fakeid.config.identity import label_changes
from fakeid.evaluation.records.results import Estimate
from fakeid.reporting.forest import (
    ForestDot,
    ForestPanel,
    ForestRow,
    ForestSeries,
    JudgedDifference,
    plot_differences,
    plot_forest,
)
from fakeid.reporting.formatting import format_count
from fakeid.reporting.style import CHANCE_LINE, DASHES, GRAY, PALETTE, label_in_percent, mark_chance, new_figure, styled
from fakeid.reporting.sweep.configurations import Configuration
from fakeid.reporting.sweep.effects import Effect
from fakeid.reporting.sweep.paper_tables import describe_brackets, name_file
from fakeid.reporting.sweep.settings import FIGURES, Setting, split_by_budget
from fakeid.reporting.table import Form

_TITLES: Final = {1: "more categories", 2: "color spaces", 3: "dropout", 4: "HSV with dropout, and Xception"}
"""Titles of the paper's figures."""
_MOST_LINES: Final = 6
_FEWEST_SETTINGS: Final = 3  # from which a list of settings is clearer than curves of single points

# Markers and dashes distinguish the lines without color.
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
_BAND_ALPHA: Final = 0.14
_SHIFT: Final = 0.05  # between lines, so that their whiskers do not overlap
_LEGEND: Final = 52  # characters per line

_Look: TypeAlias = dict[str, Any]
"""Keyword arguments of a plotted line."""


@dataclass(frozen=True, eq=False)
class ReportFigure:
    """A figure of a report, drawn on demand.

    Attributes:
        slug: File name without extension, such as `fig2`.
        title: Displayed title.
        label: Description for screen readers.
        plot: Function that draws the figure.
        is_wide: Whether the figure spans the width of a page.
    """

    slug: str
    title: str
    label: str
    plot: Callable[[], Figure]
    is_wide: bool = False


@dataclass(frozen=True)
class Curves:
    """The curves of one figure: accuracy against the number of training categories, one line per setting.

    Attributes:
        number: Number of the paper's figure; None if the paper does not have it.
        slug: File name without extension, such as `fig2`.
        title: Displayed title.
        configurations: Configurations of all lines, without those that have no unseen content.
    """

    number: int | None
    slug: str
    title: str
    configurations: tuple[Configuration, ...]

    @property
    def draws_held_out(self) -> bool:
        """Tell whether the lines show the held-out category, always the same images, instead of the unseen average."""
        names = {each.held_out for each in self.configurations}
        several = len({each.categories for each in self.configurations}) > 1
        return (
            several
            and len(names) == 1
            and all(each.measure_held_out().value is not None for each in self.configurations)
        )

    @property
    def measured(self) -> str:
        """Name the quantity that the lines show."""
        return "accuracy on the held-out category" if self.draws_held_out else "accuracy on unseen content"

    def measure(self, configuration: Configuration) -> Estimate:
        """Return the estimate for a configuration, which is one point of a line."""
        return configuration.measure_held_out() if self.draws_held_out else configuration.average(seen=False)

    @property
    def settings(self) -> list[Setting]:
        """List the settings, one per line."""
        return list(dict.fromkeys(each.setting for each in self.configurations))


def collect_figures(
    configurations: Sequence[Configuration], curves: Sequence[Curves], effects: Sequence[Effect]
) -> list[ReportFigure]:
    """List the figures of a report: curves, or a comparison of settings, and effects of options.

    Settings are compared instead of drawing curves if there is only one number of categories.

    Args:
        configurations: Configurations of the report.
        curves: Curves from `build_curves`.
        effects: Effects from `fakeid.reporting.sweep.effects`.

    Returns:
        The figures in the order of the page.
    """
    drawable = [each for each in configurations if each.average(seen=False).value is not None]
    numbers = {each.categories for each in drawable}
    if len(numbers) == 1 and len(drawable) >= _FEWEST_SETTINGS:
        figures = _compare_settings(drawable, numbers.pop())
    else:
        figures = [
            ReportFigure(
                curve.slug,
                curve.title,
                f"{curve.title}: {curve.measured} against the number of training categories",
                partial(plot_curves, curve),
            )
            for curve in curves
        ]
    if effects:
        title = "One option changed, all else equal"
        figures.append(ReportFigure("effects", title, title, partial(plot_effects, effects), True))
    return figures


def _compare_settings(configurations: Sequence[Configuration], number: int) -> list[ReportFigure]:
    """List one figure that compares settings for each budget."""
    title = f"Settings at {format_count(number, 'category', 'categories')}, on unseen content"
    groups = split_by_budget(configurations, attrgetter("setting"))
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


def build_curves(configurations: Sequence[Configuration]) -> list[Curves]:
    """Build the paper's Fig 1 to 4 as far as runs exist, then figures of the settings that the paper does not have.

    A figure is left out if an earlier one shows the same lines: Fig 2 without HSV and YCbCr equals Fig 1.
    """
    drawable = [each for each in configurations if each.average(seen=False).value is not None]
    figures: list[Curves] = []
    for variant in dict.fromkeys(each.setting.tag for each in drawable):
        chosen = [each for each in drawable if each.setting.tag == variant]
        drawn: list[list[Setting]] = []
        for number, tables in FIGURES.items():
            lines = [each for each in chosen if each.setting.table in tables]
            settings = list(dict.fromkeys(each.setting for each in lines))
            if settings and settings not in drawn:
                drawn.append(settings)
                figures.append(_name(number, f"fig{number}", f"Fig {number}: {_TITLES[number]}", variant, lines))
        figures += _build_others([each for each in chosen if each.setting.table is None], variant)
    return figures


def _build_others(configurations: Sequence[Configuration], variant: str) -> list[Curves]:
    settings = list(dict.fromkeys(each.setting for each in configurations))
    groups = [settings[i : i + _MOST_LINES] for i in range(0, len(settings), _MOST_LINES)]
    return [
        _name(
            None,
            "others" if len(groups) == 1 else f"others-{i}",
            "Other settings" if len(groups) == 1 else f"Other settings, {i} of {len(groups)}",
            variant,
            [each for each in configurations if each.setting in group],
        )
        for i, group in enumerate(groups, start=1)
    ]


def _name(number: int | None, slug: str, title: str, variant: str, configurations: Sequence[Configuration]) -> Curves:
    if variant:
        slug, title = f"{slug}-{name_file(variant)}", f"{title} ({variant})"
    return Curves(number, slug, title, tuple(configurations))


@styled
def plot_curves(curves: Curves) -> Figure:
    """Plot the curves with interval bands, or with whiskers if a line has a single point."""
    figure = new_figure(740, 420)  # two of them fill a page
    ax = figure.subplots()
    looks = {
        setting: {
            "color": PALETTE[i % len(PALETTE)],
            "marker": _MARKERS[i % len(_MARKERS)],
            "linestyle": DASHES[i % len(DASHES)],
        }
        for i, setting in enumerate(curves.settings)
    }
    for i, (setting, look) in enumerate(looks.items()):
        configurations = [each for each in curves.configurations if each.setting == setting]
        _draw_line(ax, configurations, [curves.measure(each) for each in configurations], look, _SHIFT * i)
    mark_chance(ax, 0.5)
    ax.set(xlabel="number of training categories, same images in total", ylabel=f"{curves.measured} (%)")
    ax.set_xticks(sorted({each.categories for each in curves.configurations}))
    ax.margins(x=0.04)
    label_in_percent(ax.yaxis)
    ax.grid(visible=False, axis="x")
    ax.set_ylim(top=min(1.01, ax.get_ylim()[1]))
    _add_legend(figure, looks, curves.configurations)
    return figure


def _draw_line(
    ax: Axes, configurations: Sequence[Configuration], estimates: Sequence[Estimate], look: _Look, shift: float
) -> None:
    # Undefined estimates do not occur here, see build_curves.
    value, low, high = ([getattr(each, name) or 0.0 for each in estimates] for name in ("value", "low", "high"))
    x: list[float] = [each.categories for each in configurations]
    # A band around a single point would have no width.
    if len(configurations) > 1:
        ax.fill_between(x, low, high, color=look["color"], alpha=_BAND_ALPHA, linewidth=0)
    else:
        x = [x[0] + shift]
        ax.vlines(x, low, high, color=look["color"], alpha=0.6)
    ax.plot(x, value, label=configurations[0].setting.bare_name, **look)


def _add_legend(figure: Figure, looks: Mapping[Setting, _Look], configurations: Sequence[Configuration]) -> None:
    handles: list[Artist] = [Line2D([], [], **look, label=_describe_line(setting)) for setting, look in looks.items()]
    handles.append(Line2D([], [], **CHANCE_LINE, label="chance level"))
    handles.append(Patch(color=GRAY, alpha=0.3, linewidth=0, label=fill(describe_brackets(configurations), _LEGEND)))
    figure.legend(handles=handles, loc="outside lower center", ncols=2, handlelength=3.2)


def _describe_line(setting: Setting) -> str:
    return f"{setting.bare_name} (Tab {setting.table})" if setting.table else setting.bare_name


def plot_settings(configurations: Sequence[Configuration]) -> Figure:
    """Plot accuracy and AUROC on unseen content with intervals, sorted by falling accuracy.

    Args:
        configurations: Configurations with the same number of categories. They are named as in the tables if any
            setting has a short name, otherwise by the options in which they differ, omitting default values.

    Returns:
        The figure.
    """
    labels = label_changes([each.runs[0].config for each in configurations])
    if any(each.setting.short for each in configurations):
        labels = [each.setting.name for each in configurations]  # as in the tables
    ranked = sorted(
        zip(configurations, labels, strict=True), key=lambda entry: -(entry[0].average(seen=False).value or 0.0)
    )
    dots = [
        [ForestDot(each.average(seen=False)) for each, _ in ranked],
        [ForestDot(each.measure("unseen", "auroc")) for each, _ in ranked],
    ]
    return plot_forest(
        [ForestRow(label) for _, label in ranked],
        [ForestPanel("Accuracy (%)", form=Form.PERCENT, reference=0.5), ForestPanel("AUROC", reference=0.5)],
        [ForestSeries(fill(describe_brackets(configurations), 2 * _LEGEND), dots)],
        reference="chance level",
    )


def plot_effects(effects: Sequence[Effect]) -> Figure:
    """Draw the effects of options with one row per change, one color per group of images, and significant dots filled.

    Args:
        effects: Effects; at least one.

    Returns:
        The figure.
    """
    changes = list(dict.fromkeys((effect.option, effect.value, effect.against) for effect in effects))
    found = {(effect.group, effect.option, effect.value): effect for effect in effects}
    groups = dict.fromkeys(effect.group for effect in effects)
    return plot_differences(
        [ForestRow(f"{option}={value} against {against}", option) for option, value, against in changes],
        [
            (group, _list_differences([found.get((group, option, value)) for option, value, _ in changes]))
            for group in groups
        ],
        reference="the other value",
    )


def _list_differences(effects: Sequence[Effect | None]) -> list[list[JudgedDifference | None]]:
    """List the differences in accuracy, then those in AUROC."""
    return [
        [(effect.accuracy, effect.verdict) if effect else None for effect in effects],
        [(effect.auroc, effect.auroc_verdict) if effect else None for effect in effects],
    ]
