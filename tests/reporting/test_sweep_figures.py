"""Which figures a report has, and what they show."""

import pytest

from fakeid.reporting.svg import inline_svg, render_svg
from fakeid.reporting.sweep.configurations import collect_configurations
from fakeid.reporting.sweep.effects import measure_effects
from fakeid.reporting.sweep.figures import build_curves, collect_figures, plot_curves, plot_effects, plot_settings

PAPER = (
    ("pelee", "rgb", 0.0), ("pelee", "hsv", 0.0), ("pelee", "ycbcr", 0.0), ("pelee", "rgb", 0.2), ("pelee", "rgb", 0.5),
    ("pelee", "hsv", 0.2), ("legacy_xception", "rgb", 0.0),
)  # fmt: skip


@pytest.fixture
def paper_configurations(invented):
    """Two numbers of categories for the lines of Fig 2, one elsewhere."""
    runs = [invented(5, 0, color, dropout, model) for model, color, dropout in (*PAPER, ("pelee", "hsv", 0.5))]
    return collect_configurations([*runs, *(invented(1, 0, color) for color in ("rgb", "hsv", "ycbcr"))])


def test_the_papers_figures_and_one_for_the_rest(paper_configurations):
    figures = build_curves(paper_configurations)
    assert [(figure.slug, [setting.table for setting in figure.settings]) for figure in figures] == [
        ("fig1", [1]), ("fig2", [1, 2, 3]), ("fig3", [1, 4, 5]), ("fig4", [1, 6, 7]), ("others", [None]),
    ]  # fmt: skip


def test_no_figure_is_empty_or_twice(invented):
    figures = build_curves(collect_configurations([invented(1), invented(5), invented(5, color="hsv")]))
    assert [figure.slug for figure in figures] == ["fig1", "fig2"]
    only_xception = build_curves(collect_configurations([invented(5, model="legacy_xception")]))
    assert [figure.slug for figure in only_xception] == ["fig4"]


def test_lines_differ_in_color_marker_and_dashes(paper_configurations):
    (ax,) = plot_curves(build_curves(paper_configurations)[1]).axes
    lines = [line for line in ax.lines if not line.get_label().startswith("_")]
    assert [line.get_label() for line in lines][1] == "Pelee+HPF, HSV, dropout 0"
    assert all(len({getattr(line, f"get_{look}")() for line in lines}) == 3 for look in ("color", "marker"))
    assert len({str(line._dash_pattern) for line in lines}) == 3
    assert len(ax.collections) == 3  # interval bands
    # The held-out category has the same images throughout; the unseen average loses categories that training gains.
    expected = [each.measure("coral", "accuracy").value for each in paper_configurations if each.setting.table == 2]
    assert list(lines[1].get_ydata()) == expected
    assert ax.get_ylabel() == "accuracy on the held-out category (%)"


def test_a_single_number_of_categories_shows_whiskers(invented):
    figure = plot_curves(build_curves(collect_configurations([invented(5), invented(5, color="hsv")]))[1])
    assert all(len(collection.get_segments()) == 1 for collection in figure.axes[0].collections)


def test_many_settings_are_spread_over_figures(invented):
    configurations = collect_configurations([invented(5, dropout=i / 20) for i in range(1, 9) if i != 4])
    figures = build_curves(configurations)
    assert [len(figure.settings) for figure in figures] == [6, 1]


def test_the_same_figure_is_the_same_file(paper_configurations):
    figures = build_curves(paper_configurations)
    one, two = (render_svg(plot_curves(figures[1])) for _ in range(2))
    assert one == two
    assert one.startswith("<?xml")


def test_a_figure_in_a_page_has_its_colors_and_own_names(paper_configurations):
    svg = inline_svg(plot_curves(build_curves(paper_configurations)[1]), "fig2", 'a "label"')
    assert svg.startswith("<svg ")
    assert "var(--line-0)" in svg
    assert "#0072b2" not in svg
    assert 'id="fig2-axes_1"' in svg
    assert "purl.org" not in svg
    assert "&#34;label&#34;" in svg


@pytest.fixture
def runs(invented):
    return [invented(5, seed, color) for color in ("rgb", "hsv", "ycbcr") for seed in (0, 1)]


@pytest.fixture
def pairs(runs, invented):
    """Add another value of another option, so that colors are compared over two pairs of configurations."""
    return [*runs, *(invented(5, seed, color, 0.2) for color in ("rgb", "hsv", "ycbcr") for seed in (0, 1))]


def collect(runs):
    configurations = collect_configurations(runs)
    return collect_figures(configurations, build_curves(configurations), measure_effects(runs))


def test_settings_of_one_number_of_categories_stand_side_by_side(runs, pairs, invented):
    assert [figure.slug for figure in collect(runs)] == ["settings"]
    assert [figure.slug for figure in collect(pairs)] == ["settings", "effects"]
    assert [figure.slug for figure in collect([*runs, invented(1)])] == ["fig1", "fig2"]
    assert [figure.slug for figure in collect(runs[:1])] == ["fig1"]


def test_the_best_setting_is_on_top(runs):
    configurations = collect_configurations(runs)
    figure = plot_settings(configurations)
    ranked = sorted(configurations, key=lambda configuration: -configuration.average(seen=False).value)
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == [
        "all as by default" if configuration.setting.color == "rgb" else f"color={configuration.setting.color}"
        for configuration in ranked
    ]
    dots = [[line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"] for ax in figure.axes]
    assert dots[0] == [each.average(seen=False).value for each in ranked]
    assert dots[1] == [each.measure("unseen", "auroc").value for each in ranked]


def test_each_effect_is_a_dot_filled_where_it_is_significant(pairs):
    effects = measure_effects(pairs)
    figure = plot_effects(effects)
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == [
        "dropout=0.2 against 0", "color=hsv against rgb", "color=ycbcr against rgb",
    ]  # fmt: skip
    dots = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [float(dot.get_xdata()[0]) for dot in dots] == [effect.accuracy.value for effect in effects]
    assert [dot.get_markerfacecolor() != "white" for dot in dots] == [effect.accuracy_p < 0.05 for effect in effects]
