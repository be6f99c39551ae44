"""Figures of one run: learning curve, accuracy by category and ROC curves."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from fakeid.config.constants import FAKE, REAL
from fakeid.config.degradations import NO_DEGRADATION
from fakeid.evaluation.calibration import AT_HALF, OperatingPoint
from fakeid.evaluation.metrics import auroc, count_above
from fakeid.evaluation.ranking import Floats, call_fake
from fakeid.evaluation.records.results import Estimate, Group
from fakeid.evaluation.records.run_summary import POOLED, RunResults
from fakeid.evaluation.scores import Scores, to_arrays
from fakeid.reporting.run.notes import name_threshold
from fakeid.reporting.style import (
    CHANCE_LINE,
    GRAY,
    GREEN,
    SEEN_COLOR,
    UNSEEN_COLOR,
    label_in_percent,
    mark_chance,
    new_figure,
    styled,
)

_WIDTH_PX: Final = 860


@styled
def plot_learning_curve(history: Sequence[Mapping[str, float]]) -> Figure:
    """Draw training and validation loss, accuracy and AUROC by epoch.

    Args:
        history: One row per epoch with `epoch` and any of `train/loss`, `train/accuracy`, `val/loss`, `val/accuracy`
            and `val/auroc`. Missing and NaN values are not drawn.

    Returns:
        The figure.
    """
    figure = new_figure(_WIDTH_PX, 340)
    loss_ax, accuracy_ax = figure.subplots(1, 2)
    _draw_history(loss_ax, history, "train/loss", "training", SEEN_COLOR)
    _draw_history(loss_ax, history, "val/loss", "validation", UNSEEN_COLOR)
    loss_ax.set(title="Loss", ylabel="cross entropy (nats)")
    loss_ax.set_ylim(0, 1.05 * max(loss_ax.get_ylim()))
    _draw_history(accuracy_ax, history, "train/accuracy", "training accuracy", SEEN_COLOR)
    _draw_history(accuracy_ax, history, "val/accuracy", "validation accuracy", UNSEEN_COLOR)
    _draw_history(accuracy_ax, history, "val/auroc", "validation AUROC", GREEN, linestyle="--")
    accuracy_ax.set(title="Accuracy and AUROC", ylabel="accuracy (%)")
    label_in_percent(accuracy_ax.yaxis)
    accuracy_ax.secondary_yaxis("right").set_ylabel("AUROC")
    # The top is fixed so that the figures of two runs can be compared at a glance.
    accuracy_ax.set_ylim(min(0.45, accuracy_ax.get_ylim()[0]), 1.01)
    mark_chance(accuracy_ax, 0.5)
    for ax in (loss_ax, accuracy_ax):
        ax.set_xlabel("epoch")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        if ax.get_legend_handles_labels()[0]:
            ax.legend()
    return figure


def _draw_history(
    ax: Axes, history: Sequence[Mapping[str, float]], key: str, label: str, color: str, linestyle: str = "-"
) -> None:
    known = [(row["epoch"], row[key]) for row in history if math.isfinite(row.get(key, math.nan))]
    if known:
        # Over the paper's 50 epochs, markers would merge into a thick line.
        marker = "o" if len(known) <= 15 else ""
        ax.plot(*zip(*known, strict=True), color=color, label=label, linestyle=linestyle, marker=marker, markersize=4)


# Metric, marker, offset above the middle of the row (in rows), size in points, label.
_DOTS: Final = (
    ("real_accuracy", "o", 0.24, 4.5, "real images"),
    ("accuracy", "o", 0.0, 7.5, "all images"),
    ("fake_accuracy", "D", -0.24, 4.0, "fake images"),
)


@styled
def plot_category_accuracy(summary: RunResults) -> Figure:
    """Draw accuracies on all, real and fake images with 95 % intervals, one row for each row of a run's table.

    These are seen and unseen content, then each category and each generator.
    """
    pools = list(_list_pools(summary))
    rows = [*pools, *_list_parts(summary)]
    figure = new_figure(_WIDTH_PX, 130 + 42 * len(rows))
    ax = figure.subplots()
    # A gap separates the pools from their parts.
    labels = [name for name, _, _ in rows]
    heights = [-i - (0.5 if i >= len(pools) else 0) for i in range(len(rows))]
    for height, (_, group, seen) in zip(heights, rows, strict=True):
        for metric, marker, offset, size, _ in _DOTS:
            color = SEEN_COLOR if seen else UNSEEN_COLOR
            _draw_dot(ax, group.read(metric), height + offset, color, marker, size, filled=metric == "accuracy")
    ax.set_yticks(heights, labels)
    for label, (_, _, seen) in zip(ax.get_yticklabels(), rows, strict=True):
        label.set_color("black" if seen else UNSEEN_COLOR)
    for label in ax.get_yticklabels()[: len(pools)]:
        label.set_fontweight("bold")
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)
    mark_chance(ax, 0.5, vertical=True)
    ax.set(title="Accuracy on test images, with 95 % intervals", xlabel="images classified correctly (%)")
    ax.set_ylim(heights[-1] - 0.7, 0.7)
    ax.set_xlim(right=1.01)
    label_in_percent(ax.xaxis)
    _add_dot_legend(figure)
    return figure


def _list_pools(summary: RunResults) -> Iterator[tuple[str, Group, bool]]:
    """List seen and unseen content, each with its label and whether it was trained on."""
    for name in POOLED:
        if group := summary.find(name):
            only = summary.find_only_category(name)
            yield f"{name} content{f' ({only})' if only else ''}", group, group is summary.seen


def _list_parts(summary: RunResults) -> Iterator[tuple[str, Group, bool]]:
    """List the categories and generators, each with its label and whether it was trained on."""
    for name, group in summary.list_parts().items():
        note = "" if group.seen else " (held out)" if name == summary.held_out else " (unseen)"
        yield f"{name}{note}", group, group.seen
    for name, group in summary.generators.items():
        yield f"{name}{'' if group.seen else ' (not trained on)'}", group, group.seen


def _draw_dot(
    ax: Axes, estimate: Estimate, height: float, color: str, marker: str, size: float, *, filled: bool
) -> None:
    value, low, high = estimate.value, estimate.low, estimate.high
    if value is None:
        return
    if low is not None and high is not None:
        width = 2.4 if filled else 1.0
        ax.plot([low, high], [height] * 2, color=color, linewidth=width, label="_interval")
    # Dots at 100 % are not clipped by the frame.
    face = color if filled else "white"
    ax.plot(value, height, marker, color=color, markerfacecolor=face, markersize=size, clip_on=False)


def _add_dot_legend(figure: Figure) -> None:
    handles = [
        Line2D(
            [],
            [],
            color=GRAY,
            marker=marker,
            markersize=size,
            label=label,
            linewidth=2.4 if filled else 1.0,
            markerfacecolor=GRAY if filled else "white",
        )
        for metric, marker, _, size, label in _DOTS
        for filled in [metric == "accuracy"]
    ]
    handles += [
        Line2D([], [], color=SEEN_COLOR, linewidth=5, label="trained on"),
        Line2D([], [], color=UNSEEN_COLOR, linewidth=5, label="not trained on"),
        Line2D([], [], **CHANCE_LINE, label="chance level"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), columnspacing=1.4)


@styled
def plot_roc(scores: Scores, seen: Sequence[str], unseen: Sequence[str], threshold: OperatingPoint = AT_HALF) -> Figure:
    """Draw ROC curves of the pooled seen and the pooled unseen categories, with AUROC and the threshold in use.

    Args:
        scores: Scores with one row per test image; only clean images are used.
        seen: Categories that were trained on.
        unseen: Categories that were not trained on.
        threshold: Threshold of the run's accuracies.

    Returns:
        The figure.
    """
    figure = new_figure(520, 520)
    ax = figure.subplots()
    clean = scores[scores.degradation == NO_DEGRADATION]
    ax.plot([0, 1], [0, 1], **CHANCE_LINE, label="chance level, AUROC 0.500")
    for name, categories, color in (("seen", seen, SEEN_COLOR), ("unseen", unseen, UNSEEN_COLOR)):
        _draw_roc(ax, clean[clean.category.isin(categories)], f"{name} content", color, threshold.logit)
    ax.plot([], [], "o", color=GRAY, markersize=6, label=_name_point(threshold))
    ax.set(title="Receiver operating characteristic", xlim=(-0.01, 1), ylim=(0, 1.01), aspect="equal")
    label_roc(ax)
    ax.legend(loc="lower right")
    return figure


def _name_point(threshold: OperatingPoint) -> str:
    return f"at {name_threshold(threshold.rule)}" + (f", for {threshold.note}" if threshold.note else "")


def _draw_roc(ax: Axes, scores: Scores, label: str, color: str, threshold: float) -> None:
    area = float(auroc(*to_arrays(scores)))
    if math.isnan(area):
        return
    ax.plot(*trace_roc(scores), color=color, label=f"{label}, AUROC {area:.3f}", clip_on=False)
    point = place_on_roc(scores, threshold)
    ax.plot(*point, "o", color=color, markeredgecolor="white", markersize=8, clip_on=False, zorder=5)


def label_roc(ax: Axes) -> None:
    """Label both axes of a ROC curve in percent."""
    ax.set(xlabel="reals called fake (false-positive rate, %)", ylabel="fakes called fake (true-positive rate, %)")
    for axis in (ax.xaxis, ax.yaxis):
        label_in_percent(axis)


def trace_roc(scores: Scores) -> tuple[Floats, Floats]:
    """Compute the ROC curve of images of both classes: false-positive and true-positive rates, from 0 to 1."""
    fakes, reals = count_above(*to_arrays(scores))
    return np.append(0, reals / reals[-1]), np.append(0, fakes / fakes[-1])


def place_on_roc(scores: Scores, threshold: float) -> tuple[float, float]:
    """Compute the false-positive rate and the true-positive rate at a threshold on the logit."""
    called_fake = call_fake(scores.logit, threshold)
    wrong, found = (float(np.mean(called_fake[scores.label == label])) for label in (REAL, FAKE))
    return wrong, found
