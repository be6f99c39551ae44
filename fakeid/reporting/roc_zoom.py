"""ROC curves of each quadrant, with the corner in which a detector would be used."""

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.calls import call_fake
from fakeid.evaluation.metrics import auroc, count_above
from fakeid.evaluation.operating_point import AT_HALF
from fakeid.evaluation.quadrants import QUADRANTS, TrainedOn, select_quadrant
from fakeid.evaluation.scores import NO_DEGRADATION, Scores
from fakeid.reporting.quadrant_looks import QUADRANT_LOOKS
from fakeid.reporting.single_run import name_alarm_threshold, name_threshold
from fakeid.reporting.style import CHANCE_LINE, GRAY, label_in_percent, new_figure, styled
from fakeid.vocabulary import FAKE, REAL

FPR_LIMITS: Final = (0.01, 0.05)
"""Shares of false alarms at which detectors are compared; they are marked."""

_ZOOM: Final = 0.1  # the largest false positive rate of the second panel
_LIMIT_LINE: Final[Any] = {"color": GRAY, "linestyle": "-", "linewidth": 0.9}
_MARKS: Final[dict[str, Any]] = {  # a ring, for the two thresholds may coincide
    "o": {"markersize": 11, "fillstyle": "none", "markeredgewidth": 1.6},
    "D": {"markersize": 6},
}


@styled
def plot_roc_zoom(
    scores: Scores, trained_on: TrainedOn, calibration: Calibration | None = None,
    threshold: Mapping[str, Any] | None = None, *, narrow: bool = False,
) -> Figure:  # fmt: skip
    """The whole curve, and the same up to 10 % false alarms with 1 % and 5 % marked.

    Args:
        scores: One row for each test image; only those without degradation enter.
        trained_on: What counts as seen.
        calibration: Its threshold for few false positives is marked too.
        threshold: The one in use, `threshold` of an `evaluation.json`; None is P(fake) = 0.5.
        narrow: For a phone: panels below each other.
    """
    figure = new_figure(420, 960) if narrow else new_figure(1100, 610)
    axes = figure.subplots(2, 1) if narrow else figure.subplots(1, 2)
    clean = scores.select(scores.degradation == NO_DEGRADATION)
    for ax, limit in zip(axes, (1.0, _ZOOM), strict=True):
        _frame(ax, limit)
    marks = _list_marks(threshold or AT_HALF.to_plain(), calibration)
    handles = []
    for quadrant in QUADRANTS:
        part = select_quadrant(clean, trained_on, quadrant)
        area = float(auroc(part.label, part.logit))
        if not math.isnan(area):
            look = QUADRANT_LOOKS[str(quadrant)]
            for ax in axes:
                _draw_curve(ax, part, look["color"], look["linestyle"], marks)
            line = {"color": look["color"], "linestyle": look["linestyle"]}
            handles.append(Line2D([], [], **line, label=f"{quadrant}, AUROC {area:.3f}"))
    handles.append(Line2D([], [], **CHANCE_LINE, label="guessing, AUROC 0.500"))
    for marker, name, _ in marks:
        handles.append(Line2D([], [], color=GRAY, marker=marker, linestyle="", label=name, **_MARKS[marker]))
    figure.legend(handles=handles, loc="outside lower center", ncols=1 if narrow else 2, handlelength=3.2)
    return figure


def _list_marks(threshold: Mapping[str, Any], calibration: Calibration | None) -> list[tuple[str, str, float]]:
    """Marker, name and uncalibrated logit of each threshold, the one in use first."""
    marks = [("o", name_threshold(threshold["rule"]), float(threshold["logit"]))]
    if calibration is not None:
        marks.append(("D", name_alarm_threshold(calibration.false_alarm_rate), calibration.threshold))
    return marks


def _draw_curve(ax: Axes, part: Scores, color: str, linestyle: Any, marks: list[tuple[str, str, float]]) -> None:
    fakes, reals = count_above(part.label, part.logit)
    found, alarms = np.append(0, fakes / fakes[-1]), np.append(0, reals / reals[-1])
    ax.plot(alarms, found, color=color, linestyle=linestyle, solid_capstyle="butt")
    for marker, _, threshold in marks:
        called = call_fake(part.logit, threshold)
        point = [float(np.mean(called[part.label == label])) for label in (REAL, FAKE)]
        # At 100 % it is not cut by the frame, and beyond the zoom it is not there.
        ax.plot(*point, marker, color=color, **_MARKS[marker], clip_on=point[0] > ax.get_xlim()[1])


def _frame(ax: Axes, limit: float) -> None:
    ax.plot([0, 1], [0, 1], **CHANCE_LINE)
    ax.set_xlim(-0.01 * limit, limit)
    ax.set_ylim(-0.01, 1.01)
    ax.set(xlabel="reals called fake (false positive rate, %)", ylabel="fakes called fake (true positive rate, %)")
    zoomed = limit < 1
    ax.set_title(f"Up to {100 * limit:.0f} % false alarms" if zoomed else "Receiver operating characteristic", pad=18)
    for axis in (ax.xaxis, ax.yaxis):
        label_in_percent(axis)
    for rate in FPR_LIMITS if zoomed else ():
        ax.axvline(rate, **_LIMIT_LINE, zorder=1)
        ax.text(rate, 1.02, f"{100 * rate:.0f} %", ha="center", va="bottom", fontsize=8)
