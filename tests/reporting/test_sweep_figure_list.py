"""Which figures a report has, and what the two that are no curves show."""

import pytest

from fakeid.reporting.sweep.configurations import collect_configurations
from fakeid.reporting.sweep.effects import measure_effects
from fakeid.reporting.sweep.figures import build_curves, collect_figures, plot_effects, plot_settings


@pytest.fixture
def runs(invented):
    return [invented(5, seed, color) for color in ("rgb", "hsv", "ycbcr") for seed in (0, 1)]


@pytest.fixture
def pairs(runs, invented):
    """With another value of another option, so that colors are compared over two pairs of configurations."""
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
