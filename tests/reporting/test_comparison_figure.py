import io
import math

import pytest
from rich.console import Console

from fakeid.evaluation.comparison import Comparison, GroupComparison, Measured
from fakeid.evaluation.statistics.paired_tests import Difference
from fakeid.reporting.comparison.findings import describe_comparison
from fakeid.reporting.comparison.page import plot_comparison
from fakeid.reporting.comparison.tables import split_metrics, tabulate_comparison
from fakeid.reporting.renderers import render_markdown, render_terminal
from fakeid.reporting.svg import inline_svg


def measured(value: float, corrected_p: float, runs: int = 2) -> Measured:
    difference = Difference(value, value - 0.1, value + 0.1, corrected_p / 9, runs)
    return Measured(0.5, 0.5 + value, difference, corrected_p)


def row(name: str, accuracy: Measured, auroc: Measured, kind: str = "category") -> GroupComparison:
    return GroupComparison(kind, name, 40, 60, accuracy, auroc)


@pytest.fixture
def comparison() -> Comparison:
    undefined = Measured(math.nan, math.nan, Difference(*[math.nan] * 4, 2))
    rows = (
        row("all images", measured(0.2, 0.01), measured(0.1, 0.2), "all"),
        row("a rather long name of a category that must be folded", measured(-0.3, 0.0001), undefined),
        row("b$_{x}$", measured(0.0, 1.0), measured(-0.25, 0.04)),
        row("photos", measured(0.01, 1.0), measured(0.0, 1.0), "test_set"),
    )
    return Comparison("old", "new", (0, 1), rows)


def test_what_is_significant_is_filled(comparison):
    figure = plot_comparison([comparison])
    filled, values = [], []
    for ax in figure.axes:
        dots = [line for line in ax.lines if line.get_marker() == "o"]
        values.append([round(float(dot.get_xdata()[0]), 6) for dot in dots])
        filled.append([dot.get_markerfacecolor() != "white" for dot in dots])
    assert values == [[0.2, -0.3, 0.0, 0.01], [0.1, -0.25, 0.0]]
    assert filled == [[True, True, False, False], [False, True, False]]
    figure.savefig(io.BytesIO())


def test_detectors_of_one_group_do_not_cover_each_other(comparison):
    figure = plot_comparison([comparison] * 3)
    heights = {float(line.get_ydata()[0]) for line in figure.axes[0].lines if len(line.get_xdata()) == 1}
    assert len(heights) == 3 * len(comparison.rows)


def test_nothing_but_zeros_can_be_drawn():
    zero = Measured(1.0, 1.0, Difference(0.0, 0.0, 0.0, 1.0, 1), 1.0)
    figure = plot_comparison([Comparison("old", "new", (), (row("all images", zero, zero, "all"),))])
    low, high = figure.axes[0].get_xlim()
    assert low < 0 < high


def test_a_narrow_screen_scrolls_it_instead_of_shrinking_its_letters(comparison):
    assert 'style="min-width: 735px"' in inline_svg(plot_comparison([comparison]), "figure", "differences")  # of 980


def test_the_table_fits_80_columns(comparison):
    console = Console(file=io.StringIO(), width=80)
    for table in split_metrics(tabulate_comparison(comparison)):
        console.print(render_terminal(table, stacked=False))
    text = console.file.getvalue()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert "0.20  not significant" in text
    assert "0.0001  worse" in text
    assert "\N{EN DASH}  undefined" in text


def test_words(comparison):
    finding = describe_comparison(comparison)
    assert finding.topic == "new against old, seeds 0, 1"
    assert finding.text == (
        "On all 100 images: accuracy +20.0 points [+10.0, +30.0], significantly better; AUROC +0.100 [+0.000, "
        "+0.200], not significant. Of 3 groups, accuracy is significantly worse in 1 (a rather long name of a category "
        "that must be folded), not significant in 2; AUROC is significantly worse in 1 (b$_{x}$), not significant in "
        "1, undefined in 1."
    )
    lines = render_markdown(tabulate_comparison(comparison)).splitlines()
    assert lines[2].startswith("| all images | 40 | 60 | 50.0 | 70.0 | +20.0 [+10.0, +30.0] | 0.01 | better |")
    assert lines[5].startswith("| test set: photos |")


def test_one_run_each_says_something_of_the_networks_alone():
    rows = (
        row("all images", measured(0.2, 0.01, runs=1), measured(0.1, 0.2, runs=1), "all"),
        row("photos", measured(0.1, 0.5, runs=1), measured(0.1, 0.2, runs=1)),
    )
    single = Comparison("old", "new", (0,), rows)
    words = describe_comparison(single).text
    assert words.startswith(
        "One run each: not judged. These two networks would differ on further images of this kind (in accuracy on 1 of"
    )
    alike = Comparison("old", "new", (0,), rows[1:])
    assert "It is not shown that these two networks would differ on further images of this kind;" in (
        describe_comparison(alike).text
    )
    assert "each was trained once, so the comparison says nothing about their configurations" in words
    assert "better" not in words
    figure = plot_comparison([single])
    dots = [line for ax in figure.axes for line in ax.lines if line.get_marker() == "o"]
    assert {dot.get_markerfacecolor() for dot in dots} == {"white"}
    assert "better" not in render_markdown(tabulate_comparison(single))
