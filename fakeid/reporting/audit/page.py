"""HTML page of an audit, with histograms that overlay the measurements of both classes."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fakeid.audit.result import AuditResult, Histogram
from fakeid.reporting.audit.tables import name_feature, tabulate_classes, tabulate_duplicates, tabulate_probes
from fakeid.reporting.html import render_page
from fakeid.reporting.style import BLUE, VERMILION, new_figure, styled
from fakeid.reporting.svg import LINE_STYLE, inline_svg

_A_ROW: Final = 4
_WIDTH_PX: Final = 1040
_PANEL_PX: Final = 150
_LEGEND_PX: Final = 40
_SMALL: Final = 8  # points


def render_audit_page(audit: AuditResult) -> str:
    """Render the audit page: the verdict with advice, then the evidence for it.

    Returns:
        A self-contained HTML document.
    """
    undecided = None in audit.probes.values()
    statistics = {name: each for name, each in audit.histograms.items() if name.startswith(("luma_", "chroma_"))}
    facts = {name: each for name, each in audit.histograms.items() if name not in statistics}
    return render_page(
        "audit.html",
        title="Audit",
        css=LINE_STYLE,
        styles=("report.css",),
        audit=audit,
        mood="bad" if audit.warnings else "unknown" if undecided else "good",
        warnings=[warning[0].upper() + warning[1:] + "." for warning in audit.warnings],
        probes=tabulate_probes(audit),
        classes=tabulate_classes(audit),
        duplicates=tabulate_duplicates(audit.duplicates),
        facts=_draw(facts, "facts", "File and pixel facts of reals and fakes"),
        statistics=_draw(statistics, "statistics", "Residual statistics of reals and fakes"),
    )


def _draw(histograms: dict[str, Histogram], name: str, label: str) -> str:
    return inline_svg(plot_histograms(histograms), name, label) if histograms else ""


@styled
def plot_histograms(histograms: Mapping[str, Histogram]) -> Figure:
    """Draw one panel per feature with the shares of reals (solid) and fakes (dashed) in common bins.

    Args:
        histograms: Histograms by feature name; at least one.

    Returns:
        The figure.
    """
    num_rows = -(-len(histograms) // _A_ROW)
    figure = new_figure(_WIDTH_PX, num_rows * _PANEL_PX + _LEGEND_PX)
    axes = figure.subplots(num_rows, _A_ROW, squeeze=False).ravel()
    for ax, (name, histogram) in zip(axes, histograms.items(), strict=False):
        ax.set_title(name_feature(name), fontsize=9, pad=4)
        _draw_class(ax, histogram.edges, histogram.real, BLUE, "-", "real")
        _draw_class(ax, histogram.edges, histogram.fake, VERMILION, (0, (4, 2)), "fake")
        ax.set_xticks([histogram.edges[0], histogram.edges[-1]])
        ax.set_xticklabels([f"{histogram.edges[0]:.3g}", f"{histogram.edges[-1]:.3g}"], fontsize=_SMALL)
        for label, side in zip(ax.get_xticklabels(), ("left", "right"), strict=True):
            label.set_horizontalalignment(side)
        ax.set_yticks([])
        ax.set_ylim(bottom=0)
        ax.grid(visible=False)
        ax.spines["left"].set_visible(False)
    for ax in axes[len(histograms) :]:
        ax.set_axis_off()
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=2)
    return figure


def _draw_class(
    ax: Axes, edges: Sequence[float], counts: Sequence[int], color: str, linestyle: str | tuple[int, tuple[int, int]],
    label: str,
) -> None:  # fmt: skip
    shares = np.asarray(counts) / (sum(counts) or 1)  # a class without values is drawn on the axis
    ax.stairs(shares, edges, fill=True, color=color, alpha=0.2)
    ax.stairs(shares, edges, color=color, linestyle=linestyle, linewidth=1.4, label=label)
