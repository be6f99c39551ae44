"""How a detector fares as images get worse: AUROC against the strength of each degradation."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from fakeid.evaluation.scores import NO_DEGRADATION
from fakeid.images.degradation import parse_degradation
from fakeid.reporting.evaluation_groups import EvaluationGroups
from fakeid.reporting.printable import make_printable
from fakeid.reporting.quadrant_looks import QUADRANT_LOOKS
from fakeid.reporting.style import CHANCE_LINE, GRAY, mark_chance, new_figure, styled

_TITLES: Final = {
    "jpeg": ("JPEG", "quality"),
    "webp": ("WebP", "quality"),
    "blur": ("blur", "sigma (px)"),
    "downup": ("down and up", "scale"),
    "crop": ("crop", "share kept"),
    "noise": ("noise", "sigma (levels)"),
}
_WEAKER_IF_LARGER: Final = frozenset({"jpeg", "webp", "downup", "crop"})
_BAND_ALPHA: Final = 0.14
_SHIFT: Final = 0.13  # of points beside each other
_WIDE_PX: Final = 1400
_LEAST_PX: Final = 880  # for the legend
_NARROW_PX: Final = 420


class _Panel(NamedTuple):
    title: str
    strength: str  # what its numbers mean
    degradations: list[str]
    ticks: list[str]
    joined: bool  # by lines, as strengths of one kind


@styled
def plot_robustness(evaluation: Mapping[str, Any], *, narrow: bool = False) -> Figure:
    """One panel a kind of degradation, one line a quadrant, 95 % bands; untouched images on the left of each.

    Kinds with a single strength share a panel, as points with whiskers.

    Args:
        evaluation: See `render_evaluation_page`.
        narrow: For a phone: two panels a row.
    """
    groups = EvaluationGroups(make_printable(evaluation))
    panels = _list_panels(groups.degradations)
    figure, axes = _lay_out(panels, narrow)
    for ax, panel in zip(axes, panels, strict=True):
        quadrants = groups.list_names("quadrant")
        for i, name in enumerate(quadrants):
            shift = 0.0 if panel.joined else _SHIFT * (i - (len(quadrants) - 1) / 2)
            _draw_line(ax, groups, name, panel, shift)
        mark_chance(ax, 0.5)
        crowded = narrow and len(panel.ticks) > 3
        ax.set_xticks(range(len(panel.ticks)), panel.ticks, rotation=90 if crowded else 0)
        ax.set_xlim(-0.35, len(panel.ticks) - 0.65)
        ax.set_title(panel.title, fontsize=9)
        ax.set_xlabel(panel.strength)
        ax.grid(visible=False, axis="x")
    axes[0].set_ylim(top=1.015)
    figure.supylabel("AUROC", fontsize=9)
    _add_legend(figure, groups.list_names("quadrant"), narrow)
    return figure


def _lay_out(panels: Sequence[_Panel], narrow: bool) -> tuple[Figure, list[Axes]]:
    """Panels side by side, as wide as they have points, or two a row."""
    if narrow:
        rows = -(-len(panels) // 2)
        figure = new_figure(_NARROW_PX, 160 + 235 * rows)
        axes = list(figure.subplots(rows, min(2, len(panels)), sharey=True, squeeze=False).flat)
        for ax in axes[len(panels) :]:
            ax.remove()
        return figure, axes[: len(panels)]
    widths = [len(panel.ticks) + 0.6 for panel in panels]
    figure = new_figure(min(_WIDE_PX, max(_LEAST_PX, 260 + round(110 * sum(widths)))), 450)
    return figure, list(figure.subplots(1, len(panels), sharey=True, squeeze=False, width_ratios=widths).flat)


def _list_panels(degradations: Sequence[str]) -> list[_Panel]:
    kinds: dict[str, list[str]] = {}
    for name in degradations:
        if name != NO_DEGRADATION:
            kinds.setdefault(name.partition("-")[0], []).append(name)
    panels = [
        _Panel(*_TITLES.get(kind, (kind, "strength")), [NO_DEGRADATION, *_sort_by_strength(kind, names)], [], True)
        for kind, names in kinds.items()
        if len(names) > 1
    ]
    single = [names[0] for names in kinds.values() if len(names) == 1]
    if single or not panels:
        panels.append(_Panel("others" if single else "untouched", "", [NO_DEGRADATION, *single], [], False))
    return [panel._replace(ticks=[_name_tick(name, panel.joined) for name in panel.degradations]) for panel in panels]


def _sort_by_strength(kind: str, names: Sequence[str]) -> list[str]:
    """From mild to strong."""
    return sorted(names, key=lambda name: parse_degradation(name).strength or 0.0, reverse=kind in _WEAKER_IF_LARGER)


def _name_tick(degradation: str, joined: bool) -> str:
    kind, hyphen, strength = degradation.partition("-")
    return strength if joined and hyphen else f"{kind}\n{strength}" if hyphen else kind


def _draw_line(ax: Axes, groups: EvaluationGroups, name: str, panel: _Panel, shift: float) -> None:
    look = QUADRANT_LOOKS[name]
    points = [
        (x + shift, estimate["value"], estimate["low"], estimate["high"])
        for x, tested in enumerate(panel.degradations)
        for estimate in [groups.read("auroc", "quadrant", name, tested)]
        if estimate["value"] is not None
    ]
    bounded = [(x, low, high) for x, _, low, high in points if low is not None and high is not None]
    if bounded and panel.joined:
        x, low, high = zip(*bounded, strict=True)
        ax.fill_between(x, low, high, color=look["color"], alpha=_BAND_ALPHA, linewidth=0)
    elif bounded:
        x, low, high = zip(*bounded, strict=True)
        ax.vlines(x, low, high, color=look["color"], alpha=0.6)
    if points:
        x, value, _, _ = zip(*points, strict=True)
        ax.plot(x, value, label=name, clip_on=False, **(look if panel.joined else {**look, "linestyle": ""}))


def _add_legend(figure: Figure, quadrants: Sequence[str], narrow: bool) -> None:
    handles: list[Any] = [Line2D([], [], **QUADRANT_LOOKS[name], label=name) for name in quadrants]
    handles.append(Line2D([], [], **CHANCE_LINE, label="guessing"))
    handles.append(Patch(color=GRAY, alpha=0.3, linewidth=0, label="95 % interval"))
    columns = 1 if narrow else 3
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, handlelength=3.2)
