"""Score figures for each quadrant on clean images: ROC curves, logit histograms and reliability diagrams."""

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy.special import logit as log_odds

from fakeid.config.constants import FAKE, REAL
from fakeid.config.degradations import NO_DEGRADATION
from fakeid.evaluation.calibration import AT_HALF, Calibration, OperatingPoint
from fakeid.evaluation.fit_calibration import tabulate_reliability
from fakeid.evaluation.metrics import auroc
from fakeid.evaluation.quadrants import QUADRANTS, TrainedOn, select_quadrant
from fakeid.evaluation.ranking import Floats, Labels
from fakeid.evaluation.scores import Scores, to_arrays
from fakeid.reporting.run.figures import label_roc, place_on_roc, trace_roc
from fakeid.reporting.run.notes import name_chosen_threshold, name_threshold
from fakeid.reporting.style import (
    BLUE,
    CHANCE_LINE,
    GRAY,
    GREEN,
    QUADRANT_LOOKS,
    VERMILION,
    label_in_percent,
    new_figure,
    styled,
)

_FPR_LIMITS: Final = (0.01, 0.05)
"""False-positive rates at which detectors are compared, marked in the figure."""

_ZOOM: Final = 0.1  # the largest false-positive rate of the second panel
_LIMIT_LINE: Final[Any] = {"color": GRAY, "linestyle": "-", "linewidth": 0.9}
_MARKS: Final[dict[str, Any]] = {  # a ring, because the two thresholds may coincide
    "o": {"markersize": 11, "fillstyle": "none", "markeredgewidth": 1.6},
    "D": {"markersize": 6},
}
_NUM_BINS: Final = 40
_TAIL: Final = 0.005  # share of the logits that the last bin on each side collects
_LARGEST: Final = float(np.finfo(np.float32).max)  # networks output float32, and infinity beyond it
_CLASSES: Final[dict[int, Any]] = {REAL: ("real", BLUE, "-"), FAKE: ("fake", VERMILION, (0, (4, 1.5)))}
_THRESHOLD_LINE: Final[Any] = {"color": GRAY, "linewidth": 1, "linestyle": (0, (2, 2))}
_BEFORE: Final[dict[str, Any]] = {"color": GRAY, "marker": "s", "linestyle": ""}
_AFTER: Final[dict[str, Any]] = {"color": BLUE, "marker": "o", "linestyle": ""}
_LEGEND_PX: Final = 720
_BAR_SHARE: Final = 0.8  # share of the bin width


@styled
def plot_roc_zoom(
    scores: Scores, trained_on: TrainedOn, calibration: Calibration | None = None, threshold: OperatingPoint = AT_HALF
) -> Figure:
    """Plot the ROC curve of each quadrant, complete and up to a false-positive rate of 10 % with 1 % and 5 % marked.

    Args:
        scores: Scores with one row per test image; only clean images are used.
        trained_on: Content and generators that count as seen.
        calibration: Calibration whose threshold for few false positives is also marked; None marks none.
        threshold: Threshold in use.

    Returns:
        The figure.
    """
    figure = new_figure(1100, 610)
    axes = figure.subplots(1, 2)
    for ax, limit in zip(axes, (1.0, _ZOOM), strict=True):
        _frame_roc(ax, limit)
    marks = [("o", name_threshold(threshold.rule, calibration), threshold.logit)]
    if calibration is not None:
        marks.append(("D", name_chosen_threshold(calibration.false_alarm_rate), calibration.threshold))
    handles = []
    for name, part in _split(scores, trained_on).items():
        area = float(auroc(*to_arrays(part)))
        if not math.isnan(area):
            line = {key: QUADRANT_LOOKS[name][key] for key in ("color", "linestyle")}
            for ax in axes:
                _draw_roc(ax, part, line, marks)
            handles.append(Line2D([], [], **line, label=f"{name}, AUROC {area:.3f}"))
    handles.append(Line2D([], [], **CHANCE_LINE, label="chance level, AUROC 0.500"))
    for marker, name, _ in marks:
        handles.append(Line2D([], [], color=GRAY, marker=marker, linestyle="", label=name, **_MARKS[marker]))
    figure.legend(handles=handles, loc="outside lower center", ncols=2, handlelength=3.2)
    return figure


def _split(scores: Scores, trained_on: TrainedOn) -> dict[str, Scores]:
    """Select the clean images of each quadrant that has any."""
    clean = scores[scores.degradation == NO_DEGRADATION]
    parts = {str(quadrant): select_quadrant(clean, trained_on, quadrant) for quadrant in QUADRANTS}
    return {name: part for name, part in parts.items() if len(part)}


def _draw_roc(ax: Axes, part: Scores, line: dict[str, Any], marks: Sequence[tuple[str, str, float]]) -> None:
    ax.plot(*trace_roc(part), **line, solid_capstyle="butt")
    for marker, _, threshold in marks:
        point = place_on_roc(part, threshold)
        # A mark at 100 % is not clipped by the frame; one beyond the zoomed range is not drawn.
        ax.plot(*point, marker, color=line["color"], **_MARKS[marker], clip_on=point[0] > ax.get_xlim()[1])


def _frame_roc(ax: Axes, limit: float) -> None:
    ax.plot([0, 1], [0, 1], **CHANCE_LINE)
    ax.set_xlim(-0.01 * limit, limit)
    ax.set_ylim(-0.01, 1.01)
    label_roc(ax)
    zoomed = limit < 1
    title = f"Up to {100 * limit:.0f} % false-positive rate" if zoomed else "Receiver operating characteristic"
    ax.set_title(title, pad=18)
    for rate in _FPR_LIMITS if zoomed else ():
        ax.axvline(rate, **_LIMIT_LINE, zorder=1)
        ax.text(rate, 1.02, f"{100 * rate:.0f} %", ha="center", va="bottom", fontsize=8)


class _Cuts(NamedTuple):
    """Uncalibrated logits marked in histograms; the ends of the unsure band may be infinite."""

    used: float
    few_false_positives: float | None = None
    unsure: tuple[float, float] = (0.0, 0.0)


@styled
def plot_score_histograms(
    scores: Scores, trained_on: TrainedOn, calibration: Calibration | None, threshold: OperatingPoint = AT_HALF
) -> Figure:
    """Plot histograms of the logits of reals and fakes; the last bins collect the outermost 0.5 %.

    Args:
        scores: Scores with one row per test image; only clean images without NaN are used.
        trained_on: Content and generators that count as seen.
        calibration: Calibration whose threshold for few false positives and unsure band are drawn; None draws neither.
        threshold: Threshold in use.

    Returns:
        The figure.
    """
    known = scores[scores.logit.notna()]
    parts = _split(known, trained_on) or {"no images": known[known.label < 0]}
    columns = min(2, len(parts))
    rows = -(-len(parts) // columns)
    figure = new_figure(max(_LEGEND_PX, 550 * columns), 110 + 190 * rows)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True)
    cuts = _place_cuts(threshold, calibration)
    edges = _choose_edges(np.concatenate([part.logit for part in parts.values()]), cuts)
    for ax, (name, part) in zip(axes.flat, parts.items(), strict=False):
        _draw_classes(ax, part, edges)
        ax.set_xlim(edges[0], edges[-1])
        _draw_cuts(ax, cuts)
        ax.set_title(name, fontsize=9)
        ax.set_ylim(bottom=0)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
    for ax in axes.flat[len(parts) :]:
        ax.set_axis_off()
    for ax in axes[-1]:
        ax.set_xlabel("logit")
    _add_histogram_legend(figure, threshold, calibration)
    return figure


def _place_cuts(threshold: OperatingPoint, calibration: Calibration | None) -> _Cuts:
    if calibration is None:
        return _Cuts(threshold.logit)
    points = (log_odds(calibration.unsure_low), log_odds(calibration.unsure_high))
    low, high = (float(point - calibration.bias) / calibration.scale for point in points)
    return _Cuts(threshold.logit, calibration.threshold, (low, high))


def _choose_edges(logits: Floats, cuts: _Cuts) -> Floats:
    """Choose bin edges that cover the logits, 0 and the thresholds."""
    bounded = np.clip(logits, -_LARGEST, _LARGEST)
    low, high = np.quantile(bounded, (_TAIL, 1 - _TAIL), method="nearest") if len(bounded) else (-1.0, 1.0)
    shown = [0.0, cuts.used, *([] if cuts.few_false_positives is None else [cuts.few_false_positives])]
    low, high = min(low, *shown), max(high, *shown)
    margin = 0.05 * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, _NUM_BINS + 1)


def _draw_classes(ax: Axes, part: Scores, edges: Floats) -> None:
    for label, (name, color, dashes) in _CLASSES.items():
        places = np.clip(part.logit[part.label == label], edges[0], edges[-1])
        if len(places):
            counts, _ = np.histogram(places, edges)
            ax.stairs(counts / len(places), edges, fill=True, color=color, alpha=0.25, linewidth=0)
            ax.stairs(counts / len(places), edges, color=color, linestyle=dashes, linewidth=1.4, label=name)


def _draw_cuts(ax: Axes, cuts: _Cuts) -> None:
    ax.axvline(cuts.used, **_THRESHOLD_LINE, zorder=3)
    if cuts.few_false_positives is not None:
        low, high = np.clip(cuts.unsure, *ax.get_xlim())
        ax.axvspan(low, high, color=GRAY, alpha=0.16, linewidth=0, zorder=0)
        ax.axvline(cuts.few_false_positives, color=GREEN, linewidth=1.6)


def _add_histogram_legend(figure: Figure, threshold: OperatingPoint, calibration: Calibration | None) -> None:
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=color, linestyle=dashes, linewidth=1.4, label=name)
        for name, color, dashes in _CLASSES.values()
    ]
    handles.append(Line2D([], [], **_THRESHOLD_LINE, label=name_threshold(threshold.rule, calibration)))
    if calibration is not None:
        name = name_chosen_threshold(calibration.false_alarm_rate)
        handles.append(Line2D([], [], color=GREEN, linewidth=1.6, label=name))
        handles.append(Patch(color=GRAY, alpha=0.3, linewidth=0, label="unsure"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3)


@styled
def plot_reliability(scores: Scores, trained_on: TrainedOn, calibration: Calibration | None) -> Figure:
    """Plot reliability diagrams with 95 % intervals, before and after calibration, and the number of images per bin.

    Args:
        scores: Scores with one row per test image; only clean images are used.
        trained_on: Content and generators that count as seen.
        calibration: Calibration fitted on validation images; None draws only the uncalibrated P(fake).

    Returns:
        The figure.
    """
    parts = _split(scores, trained_on) or {"no images": scores[scores.label < 0]}
    figure = new_figure(max(_LEGEND_PX, 60 + 275 * len(parts)), 460)
    axes = figure.subplots(2, len(parts), squeeze=False, sharex=True, height_ratios=[3.2, 1])
    looks: dict[str, tuple[dict[str, Any], Calibration | None]] = {"uncalibrated": (_BEFORE, None)}
    if calibration is not None:
        looks["calibrated on validation"] = (_AFTER, calibration)
    for ax, counts_ax, (name, part) in zip(*axes, parts.items(), strict=True):
        label, logit = to_arrays(part)
        for i, (look, fitted) in enumerate(looks.values()):
            logits = logit if fitted is None else fitted.apply(logit)
            _draw_bins(ax, counts_ax, label, logits, look, side=(i - 0.5) * (len(looks) - 1))
        _frame_reliability(ax, counts_ax, name)
    axes[0, 0].set_ylabel("share of fakes (%)")
    axes[1, 0].set_ylabel("images")
    handles = [Line2D([], [], **look, label=label) for label, (look, _) in looks.items()]
    handles.append(Line2D([], [], **CHANCE_LINE, label="perfect calibration"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3, handlelength=2.4)
    return figure


def _draw_bins(ax: Axes, counts_ax: Axes, labels: Labels, logits: Floats, look: dict[str, Any], *, side: float) -> None:
    """Draw points with whiskers above and bars below; two styles are drawn side by side."""
    bins = tabulate_reliability(labels, logits)
    filled = [found for found in bins if found.num_images]
    if not filled:
        return
    x = np.array([found.mean_p_fake for found in filled])
    ax.vlines(x, [found.low for found in filled], [found.high for found in filled], color=look["color"], alpha=0.55)
    ax.plot(x, [found.fake_share for found in filled], **look, clip_on=False)
    width = (bins[0].upper - bins[0].lower) * _BAR_SHARE * (0.5 if side else 1.0)
    centers = [(found.lower + found.upper) / 2 + side * width for found in bins]
    counts_ax.bar(centers, [found.num_images for found in bins], width=width, color=look["color"])


def _frame_reliability(ax: Axes, counts_ax: Axes, name: str) -> None:
    ax.plot([0, 1], [0, 1], **CHANCE_LINE, zorder=1)
    ax.set_title(name.replace(", ", ",\n"), fontsize=9)
    ax.set(xlim=(-0.01, 1.01), ylim=(-0.02, 1.02))
    label_in_percent(ax.yaxis)
    counts_ax.set_xlabel("P(fake)")
    counts_ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    counts_ax.grid(visible=False, axis="x")
