"""Properties that all figures share."""

import pytest
from matplotlib.figure import Figure

from fakeid.reporting.style import label_in_percent, shorten


@pytest.mark.parametrize(("low", "high"), [(0.42, 0.59), (0, 1), (0.97, 0.98)])
def test_the_label_of_a_tick_is_its_place(low: float, high: float) -> None:
    figure = Figure()
    axes = figure.subplots()
    axes.set_ylim(low, high)
    label_in_percent(axes.yaxis)
    figure.canvas.draw()
    places = [100 * place for place in axes.get_yticks()]
    assert [float(label.get_text()) for label in axes.get_yticklabels()] == pytest.approx(places)


def test_what_is_too_wide_is_cut() -> None:
    assert shorten("short", 100, 14) == "short"
    cut = shorten("a very long name of a generator", 100, 14)
    assert cut.endswith("\N{HORIZONTAL ELLIPSIS}")
    assert "a very long name of a generator".startswith(cut[:-1].rstrip())
    assert 8 < len(cut) < 16
    assert len(shorten("wide" * 9, 1, 14)) <= 2
