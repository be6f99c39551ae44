"""The logits of reals and fakes in each quadrant, with the thresholds that cut them."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy.special import logit as log_odds

from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.operating_point import AT_HALF
from fakeid.evaluation.quadrants import QUADRANTS, TrainedOn, select_quadrant
from fakeid.evaluation.ranking import Floats
from fakeid.evaluation.scores import NO_DEGRADATION, Scores
from fakeid.reporting.single_run import name_alarm_threshold, name_threshold
from fakeid.reporting.style import BLUE, GRAY, GREEN, VERMILION, new_figure, styled
from fakeid.vocabulary import FAKE, REAL

_NUM_BINS: Final = 40
_TAIL: Final = 0.005  # share of the logits on each side that goes into the last bin
_LINEAR: Final = 60.0  # beyond this the axis is logarithmic
_LARGEST: Final = 1e300
_LOOKS: Final[dict[int, Any]] = {REAL: ("real", BLUE, "-"), FAKE: ("fake", VERMILION, (0, (4, 1.5)))}


@styled
def plot_score_histograms(
    scores: Scores, trained_on: TrainedOn, calibration: Calibration | None,
    threshold: Mapping[str, Any] | None = None, *, narrow: bool = False,
) -> Figure:  # fmt: skip
    """Shares of the reals and of the fakes by logit; the outermost 0.5 % are in the last bins.

    Args:
        scores: One row for each test image; only those without degradation enter, and NaN is left out.
        trained_on: What counts as seen.
        calibration: Its threshold for few false positives and its unsure band are drawn.
        threshold: The one in use, `threshold` of an `evaluation.json`; None is P(fake) = 0.5.
        narrow: For a phone: one quadrant a row.
    """
    clean = scores.select((scores.degradation == NO_DEGRADATION) & ~np.isnan(scores.logit))
    parts = {str(quadrant): select_quadrant(clean, trained_on, quadrant) for quadrant in QUADRANTS}
    parts = {name: part for name, part in parts.items() if len(part)} or {"no images": clean.select(clean.label < 0)}
    columns = 1 if narrow else min(2, len(parts))
    rows = -(-len(parts) // columns)
    figure = new_figure(420 if narrow else max(720, 550 * columns), 110 + 190 * rows)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True)
    used = threshold or AT_HALF.to_plain()
    band = _place_thresholds(calibration)
    edges, is_linear = _choose_edges(np.concatenate([part.logit for part in parts.values()]), used["logit"], band)
    for ax, (name, part) in zip(axes.flat, parts.items(), strict=False):
        _draw_classes(ax, part, edges, is_linear)
        _draw_thresholds(ax, used["logit"], band, is_linear)
        ax.set_title(name, fontsize=9)
        ax.set_xlim(edges[0], edges[-1])
        ax.set_ylim(bottom=0)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
    for ax in axes.flat[len(parts) :]:
        ax.set_axis_off()
    _label_logits(axes.flat[0], edges, is_linear)
    for ax in axes[-1]:
        ax.set_xlabel("logit" if is_linear else "logit (logarithmic on both sides of 0)")
    _add_legend(figure, used["rule"], calibration, narrow=narrow)
    return figure


def _place_thresholds(calibration: Calibration | None) -> tuple[float, float, float] | None:
    """Lower end of the unsure band, threshold and upper end, as uncalibrated logits; ends may be infinite."""
    if calibration is None:
        return None
    points = (log_odds(calibration.unsure_low), log_odds(calibration.unsure_high))
    low, high = (float(point - calibration.bias) / calibration.scale for point in points)
    return low, calibration.threshold, high


def _squeeze(logits: Floats | float, is_linear: bool) -> Floats:
    """Where a logit stands on the axis."""
    finite = np.clip(logits, -_LARGEST, _LARGEST)
    return np.asarray(finite if is_linear else np.sign(finite) * np.log10(1 + np.abs(finite)))


def _choose_edges(logits: Floats, used: float, band: tuple[float, float, float] | None) -> tuple[Floats, bool]:
    """The bins' bounds on the axis, around the logits, 0 and the thresholds."""
    bounds = np.clip(logits, -_LARGEST, _LARGEST)
    low, high = np.quantile(bounds, (_TAIL, 1 - _TAIL), method="nearest") if len(bounds) else (-1.0, 1.0)
    is_linear = max(-low, high) <= _LINEAR
    shown = [0.0, used, *([band[1]] if band is not None and np.isfinite(band[1]) else [])]
    ends = _squeeze(np.array([min(low, *shown), max(high, *shown)]), is_linear)
    margin = 0.05 * (ends[1] - ends[0]) or 1.0
    return np.linspace(ends[0] - margin, ends[1] + margin, _NUM_BINS + 1), is_linear


def _draw_classes(ax: Axes, part: Scores, edges: Floats, is_linear: bool) -> None:
    for label, (name, color, dashes) in _LOOKS.items():
        places = np.clip(_squeeze(part.logit[part.label == label], is_linear), edges[0], edges[-1])
        if len(places):
            counts, _ = np.histogram(places, edges)
            ax.stairs(counts / len(places), edges, fill=True, color=color, alpha=0.25, linewidth=0)
            ax.stairs(counts / len(places), edges, color=color, linestyle=dashes, linewidth=1.4, label=name)


def _draw_thresholds(ax: Axes, used: float, band: tuple[float, float, float] | None, is_linear: bool) -> None:
    ax.axvline(float(_squeeze(used, is_linear)), color=GRAY, linewidth=1, linestyle=(0, (2, 2)), zorder=3)
    if band is not None:
        low, middle, high = (float(_squeeze(point, is_linear)) for point in band)
        ax.axvspan(low, high, color=GRAY, alpha=0.16, linewidth=0, zorder=0)
        ax.axvline(middle, color=GREEN, linewidth=1.6)


def _label_logits(ax: Axes, edges: Floats, is_linear: bool) -> None:
    if is_linear:
        return
    largest = int(max(-edges[0], edges[-1]))
    step = max(1, -(-largest // 4))
    powers = np.arange(step, largest + 1, step)
    ax.set_xticks(
        [*-powers[::-1], 0, *powers],
        [*(f"\N{MINUS SIGN}1e{power}" for power in powers[::-1]), "0", *(f"1e{power}" for power in powers)],
    )


def _add_legend(figure: Figure, rule: str, calibration: Calibration | None, *, narrow: bool) -> None:
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=color, linestyle=dashes, linewidth=1.4, label=name)
        for name, color, dashes in _LOOKS.values()
    ]
    handles.append(Line2D([], [], color=GRAY, linewidth=1, linestyle=(0, (2, 2)), label=name_threshold(rule)))
    if calibration is not None:
        name = name_alarm_threshold(calibration.false_alarm_rate)
        handles.append(Line2D([], [], color=GREEN, linewidth=1.6, label=name))
        handles.append(Patch(color=GRAY, alpha=0.3, linewidth=0, label="unsure"))
    figure.legend(handles=handles, loc="outside lower center", ncols=1 if narrow else 3)
