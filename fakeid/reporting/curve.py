"""The paper's main figure: accuracy on never-seen content against the number of training categories, from many runs."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter
from scipy.stats import t as student_t

from fakeid.errors import DataError
from fakeid.evaluation.intervals import CONFIDENCE
from fakeid.reporting.numbers import format_percent_estimate, format_unit_estimate
from fakeid.reporting.settings import label_settings
from fakeid.reporting.style import CHANCE_LINE, GRAY, PALETTE, mark_chance, new_figure, styled

_METRICS: Final = ("accuracy", "auroc")
_CONTENTS: Final = ("unseen", "held_out", "seen")
_MARKERS: Final = ("o", "s", "^", "D")
_Look = dict[str, Any]  # keywords of a line
_SEEN_LINE: Final[_Look] = {"linestyle": (0, (6, 2)), "linewidth": 1.2, "alpha": 0.6}
_BAND_ALPHA: Final = 0.16


def collect_curve(summaries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Average runs that differ in their seed only.

    With several seeds the 95 % interval is Student's over seeds: it says where another training would land. With one
    it is the run's own interval over test images, which says nothing about that; `num_seeds` tells which it is.

    Args:
        summaries: One a run, with `config`, `seen`, `unseen`, `categories` and `held_out`. The setting is made of the
            configuration values that differ between them, apart from categories, seed and what cannot change a result.

    Returns:
        One row for each setting and number of categories, settings in the order of their first run and categories
        rising: `setting`, `categories`, `num_seeds`, and for `unseen` (all categories that were not trained on),
        `held_out` (the one that no run trains on) and `seen` the estimates `accuracy` and `auroc` (`value`, `low`,
        `high` in [0, 1], None where undefined).

    Raises:
        DataError: Two runs of one setting, number of categories and seed.
    """
    labels = label_settings([summary["config"] for summary in summaries])
    cells: dict[tuple[str, int], dict[int, Mapping[str, Any]]] = {}
    for label, summary in zip(labels, summaries, strict=True):
        categories, seed = _num_categories(summary), int(summary["config"]["seed"])
        runs = cells.setdefault((label, categories), {})
        if seed in runs:
            raise DataError(
                f"expected one run of {label} with categories={categories} and seed={seed}, got two; leave one out"
            )
        runs[seed] = summary
    order = list(dict.fromkeys(labels))
    ordered = sorted(cells, key=lambda cell: (order.index(cell[0]), cell[1]))
    return [_average_runs(*cell, list(cells[cell].values())) for cell in ordered]


def _average_runs(setting: str, categories: int, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    averages = {content: {metric: _average(runs, content, metric) for metric in _METRICS} for content in _CONTENTS}
    return {"setting": setting, "categories": categories, "num_seeds": len(runs), **averages}


def _num_categories(summary: Mapping[str, Any]) -> int:
    asked = summary["config"]["categories"]
    if asked is not None:
        return int(asked)
    # None asks for all that there are.
    return sum(group["seen"] for group in summary["categories"].values())


def _average(runs: Sequence[Mapping[str, Any]], content: str, metric: str) -> dict[str, float | None]:
    groups = [_group(run, content) for run in runs]
    estimates = [group[metric] if group else {"value": None, "low": None, "high": None} for group in groups]
    if len(runs) == 1:
        return dict(estimates[0])
    values = [estimate["value"] for estimate in estimates if estimate["value"] is not None]
    if len(values) < len(runs):
        return {"value": None, "low": None, "high": None}
    mean = float(np.mean(values))
    quantile = student_t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)
    margin = float(quantile * np.std(values, ddof=1) / math.sqrt(len(values)))
    return {"value": mean, "low": max(0.0, mean - margin), "high": min(1.0, mean + margin)}


def _group(run: Mapping[str, Any], content: str) -> Mapping[str, Any] | None:
    """`seen` and `unseen` change with the number of categories; the held-out category is the same for all."""
    group = run["categories"].get(run.get("held_out")) if content == "held_out" else run[content]
    assert group is None or isinstance(group, Mapping)
    return group


@styled
def plot_curve(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Accuracy on unseen (solid) and seen content (dashed, pale) against the number of training categories.

    Args:
        rows: What `collect_curve` gives.
    """
    figure = new_figure(860, 500)
    ax = figure.subplots()
    settings = list(dict.fromkeys(row["setting"] for row in rows))
    # Beyond the colors there are, another marker tells settings apart.
    looks = {
        setting: {"color": PALETTE[i % len(PALETTE)], "marker": _MARKERS[i // len(PALETTE) % len(_MARKERS)]}
        for i, setting in enumerate(settings)
    }
    # Unseen content, the answer, lies on top.
    for content in ("seen", "unseen"):
        for setting in settings:
            chosen = [
                row for row in rows if row["setting"] == setting and row[content]["accuracy"]["value"] is not None
            ]
            if chosen:
                _draw_line(ax, chosen, content, setting, looks[setting])
    mark_chance(ax, 0.5)
    ax.set(title="Does more content in training help on content never seen?")
    ax.set(xlabel="number of training categories, same number of images in total", ylabel="accuracy (%)")
    ax.set_xticks(sorted({row["categories"] for row in rows}))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=""))
    ax.grid(visible=False, axis="x")
    ax.set_ylim(top=min(1.01, ax.get_ylim()[1]))
    _add_legend(figure, looks, rows)
    return figure


def _draw_line(ax: Axes, rows: Sequence[Mapping[str, Any]], content: str, setting: str, look: _Look) -> None:
    unseen = content == "unseen"
    x = [row["categories"] for row in rows]
    value, low, high = ([row[content]["accuracy"][name] for row in rows] for name in ("value", "low", "high"))
    # A band of one point has no width.
    if len(rows) > 1:
        ax.fill_between(
            x, low, high, color=look["color"], alpha=_BAND_ALPHA if unseen else _BAND_ALPHA / 2, linewidth=0
        )
    else:
        ax.vlines(x, low, high, color=look["color"], alpha=0.5)
    line = look if unseen else {**look, **_SEEN_LINE, "marker": "_" if len(rows) == 1 else ""}
    ax.plot(x, value, label=f"{setting}, {content}", **line)


def _add_legend(figure: Figure, looks: Mapping[str, _Look], rows: Sequence[Mapping[str, Any]]) -> None:
    handles: list[Artist] = [Line2D([], [], **look, label=setting) for setting, look in looks.items()]
    handles += [
        Line2D([], [], color=GRAY, label="unseen content"),
        Line2D([], [], color=GRAY, **_SEEN_LINE, label="seen content"),
        Line2D([], [], **CHANCE_LINE, label="guessing"),
        Patch(color=GRAY, alpha=_BAND_ALPHA, linewidth=0, label=_describe_interval(rows)),
    ]
    longest = max(len(str(handle.get_label())) for handle in handles)
    figure.legend(handles=handles, loc="outside lower center", ncols=3 if longest <= 32 else 2)


def _describe_interval(rows: Sequence[Mapping[str, Any]]) -> str:
    counts = sorted({row["num_seeds"] for row in rows}) or [1]
    several = f"95 % interval over {'/'.join(str(count) for count in counts if count > 1)} seeds"
    if counts[0] > 1:
        return several
    return "95 % interval over images" if counts[-1] == 1 else f"{several} (1: images)"


def render_curve_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """The same numbers as a Markdown table, accuracies in percent, each as `91.2 [89.9, 92.4]`."""
    lines = [
        (
            "| setting | categories | seeds | unseen acc. % | held-out acc. % | seen acc. % "
            "| unseen AUROC | held-out AUROC | seen AUROC |"
        ),
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        head = (row["setting"].replace("|", "\\|"), str(row["categories"]), str(row["num_seeds"]))
        accuracies = (format_percent_estimate(row[content]["accuracy"]) for content in _CONTENTS)
        areas = (format_unit_estimate(row[content]["auroc"]) for content in _CONTENTS)
        lines.append(f"| {' | '.join((*head, *accuracies, *areas))} |")
    if rows:
        lines += ["", f"In brackets: {_describe_interval(rows)}."]
    return "\n".join(lines) + "\n"
