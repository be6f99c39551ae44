"""Reliability diagrams: of the images with this P(fake), how many are fake?"""

from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.quadrants import QUADRANTS, TrainedOn, select_quadrant
from fakeid.evaluation.ranking import Floats
from fakeid.evaluation.reliability import tabulate_reliability
from fakeid.evaluation.scores import NO_DEGRADATION, Scores
from fakeid.reporting.style import BLUE, CHANCE_LINE, GRAY, label_in_percent, new_figure, styled

_BEFORE: Final[dict[str, Any]] = {"color": GRAY, "marker": "s", "linestyle": ""}
_AFTER: Final[dict[str, Any]] = {"color": BLUE, "marker": "o", "linestyle": ""}
_LEAST_PX: Final = 720  # for the legend
_BAR_SHARE: Final = 0.8  # of a bin's width


@styled
def plot_reliability(
    scores: Scores, trained_on: TrainedOn, calibration: Calibration | None, *, narrow: bool = False
) -> Figure:
    """Share of fakes against P(fake) with 95 % intervals, before and after calibration, and the images in each bin.

    Args:
        scores: One row for each test image; only those without degradation enter.
        trained_on: What counts as seen.
        calibration: Fitted on validation; None draws the detector's own P(fake) alone.
        narrow: For a phone: two quadrants a row.
    """
    clean = scores.select(scores.degradation == NO_DEGRADATION)
    parts = {str(quadrant): select_quadrant(clean, trained_on, quadrant) for quadrant in QUADRANTS}
    parts = {name: part for name, part in parts.items() if len(part)} or {"no images": clean.select(clean.label < 0)}
    columns = min(len(parts), 2 if narrow else len(parts))
    rows = -(-len(parts) // columns)
    figure = new_figure(420 if narrow else max(_LEAST_PX, 60 + 335 * columns), 90 + 330 * rows if narrow else 460)
    axes = figure.subplots(2 * rows, columns, squeeze=False, sharex=True, height_ratios=[3.2, 1] * rows)
    cells = [(axes[2 * row, column], axes[2 * row + 1, column]) for row in range(rows) for column in range(columns)]
    looks = {"as trained": (_BEFORE, None), "calibrated on validation": (_AFTER, calibration)}
    if calibration is None:
        looks.pop("calibrated on validation")
    for (ax, counts_ax), (name, part) in zip(cells, parts.items(), strict=False):
        for i, (look, fitted) in enumerate(looks.values()):
            logits = part.logit if fitted is None else fitted.apply(part.logit)
            _draw_bins(ax, counts_ax, part, logits, look, side=(i - 0.5) * (len(looks) - 1))
        _frame(ax, counts_ax, name, 8 if narrow else 9)
    for ax in (ax for pair in cells[len(parts) :] for ax in pair):
        ax.set_axis_off()
    for row in range(rows):
        axes[2 * row, 0].set_ylabel("share of fakes (%)")
        axes[2 * row + 1, 0].set_ylabel("images")
    handles = [Line2D([], [], **look, label=label) for label, (look, _) in looks.items()]
    handles.append(Line2D([], [], **CHANCE_LINE, label="P(fake) as it should be"))
    figure.legend(handles=handles, loc="outside lower center", ncols=1 if narrow else 3, handlelength=2.4)
    return figure


def _draw_bins(ax: Axes, counts_ax: Axes, part: Scores, logits: Floats, look: dict[str, Any], *, side: float) -> None:
    """Points with whiskers above, bars below; those of several looks stand left and right of each other."""
    bins = tabulate_reliability(part.label, logits)
    filled = [found for found in bins if found.num_images]
    if not filled:
        return
    x = np.array([found.mean_p_fake for found in filled])
    ax.vlines(x, [found.low for found in filled], [found.high for found in filled], color=look["color"], alpha=0.55)
    ax.plot(x, [found.fake_share for found in filled], **look, clip_on=False)
    width = (bins[0].upper - bins[0].lower) * _BAR_SHARE * (0.5 if side else 1.0)
    centers = [(found.lower + found.upper) / 2 + side * width for found in bins]
    counts_ax.bar(centers, [found.num_images for found in bins], width=width, color=look["color"])


def _frame(ax: Axes, counts_ax: Axes, name: str, font_size: float) -> None:
    ax.plot([0, 1], [0, 1], **CHANCE_LINE, zorder=1)
    ax.set_title(name.replace(", ", ",\n"), fontsize=font_size)
    ax.set(xlim=(-0.01, 1.01), ylim=(-0.02, 1.02))
    label_in_percent(ax.yaxis)
    counts_ax.set_xlabel("P(fake)")
    counts_ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    counts_ax.grid(visible=False, axis="x")
