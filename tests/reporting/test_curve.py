import numpy as np
import pytest
from scipy.stats import t as student_t
from scipy.stats import ttest_1samp

from fakeid.errors import DataError
from fakeid.reporting.curve import collect_curve, plot_curve, render_curve_markdown


def make_run(
    categories: int | None, seed: int, unseen: float | None, seen: float = 0.95, residual: str = "hpf"
) -> dict:
    def group(value: float) -> dict:
        estimate = {"value": value, "low": value - 0.03, "high": value + 0.02}
        return {"accuracy": estimate, "auroc": {name: number + 0.01 for name, number in estimate.items()}}

    return {
        "config": {"categories": categories, "seed": seed, "residual": {"name": residual}},
        "seen": group(seen),
        "unseen": None if unseen is None else group(unseen),
        "categories": {"cat": {"seen": True}, "bus": {"seen": True}, "sheep": {"seen": False, **group(0.55)}},
        "held_out": "sheep",
    }


def test_seeds_are_averaged_with_students_interval():
    values = [0.61, 0.70, 0.64]
    (row,) = collect_curve([make_run(5, seed, value) for seed, value in enumerate(values)])
    expected = ttest_1samp(values, 0).confidence_interval(0.95)
    assert row["num_seeds"] == 3
    assert row["unseen"]["accuracy"]["value"] == pytest.approx(np.mean(values))
    assert row["unseen"]["accuracy"]["low"] == pytest.approx(expected.low)
    assert row["unseen"]["accuracy"]["high"] == pytest.approx(expected.high)
    assert row["unseen"]["auroc"]["value"] == pytest.approx(np.mean(values) + 0.01)
    assert row["held_out"]["accuracy"]["value"] == pytest.approx(0.55)


def test_the_interval_stays_within_0_and_1():
    (row,) = collect_curve([make_run(1, 0, 0.6, seen=1.0), make_run(1, 1, 0.9, seen=0.96)])
    assert row["seen"]["accuracy"]["high"] == 1.0
    # The standard error of two values is half their distance.
    assert student_t.ppf(0.975, 1) * 0.15 > 0.75
    assert row["unseen"]["accuracy"]["low"] == 0.0


def test_one_seed_keeps_its_interval_over_images():
    (row,) = collect_curve([make_run(5, 0, 0.7)])
    assert row["num_seeds"] == 1
    assert row["unseen"]["accuracy"] == {"value": 0.7, "low": 0.7 - 0.03, "high": 0.7 + 0.02}


def test_rows_are_grouped_by_setting_and_ordered_by_categories():
    runs = [make_run(k, seed, 0.6, residual=name) for name in ("hpf", "none") for k in (10, 1) for seed in (0, 1)]
    rows = collect_curve(runs)
    assert [(row["setting"], row["categories"], row["num_seeds"]) for row in rows] == [
        ("residual=hpf", 1, 2),
        ("residual=hpf", 10, 2),
        ("residual=none", 1, 2),
        ("residual=none", 10, 2),
    ]


def test_all_categories_are_counted():
    (row,) = collect_curve([make_run(None, 0, 0.7)])
    assert row["categories"] == 2


def test_runs_without_unseen_content_have_none():
    rows = collect_curve([make_run(1, 0, None), make_run(1, 1, 0.7), make_run(2, 0, None)])
    assert [row["unseen"]["accuracy"]["value"] for row in rows] == [None, None]
    assert rows[0]["seen"]["accuracy"]["value"] == 0.95
    assert "None" not in render_curve_markdown(rows)
    plot_curve(rows)


def test_the_same_run_twice_is_refused():
    with pytest.raises(DataError, match="categories=5 and seed=0, got two"):
        collect_curve([make_run(5, 0, 0.7), make_run(5, 0, 0.8)])


@pytest.fixture
def rows() -> list[dict]:
    return collect_curve(
        [
            make_run(k, seed, 0.55 + 0.03 * k + 0.02 * seed - (name == "none") / 10, residual=name)
            for name in ("hpf", "none")
            for k in (1, 2, 5, 10)
            for seed in range(3)
        ]
    )


def test_the_figure_has_one_color_a_setting_and_solid_lines_for_unseen_content(rows, tmp_path):
    figure = plot_curve(rows)
    (ax,) = figure.axes
    lines = {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}
    assert set(lines) == {f"residual={name}, {content}" for name in ("hpf", "none") for content in ("seen", "unseen")}
    unseen, seen = lines["residual=hpf, unseen"], lines["residual=hpf, seen"]
    assert list(unseen.get_xdata()) == [1, 2, 5, 10]
    np.testing.assert_allclose(unseen.get_ydata(), [0.6, 0.63, 0.72, 0.87])
    assert unseen.get_color() == seen.get_color() != lines["residual=none, unseen"].get_color()
    assert unseen.get_linestyle() == "-" != seen.get_linestyle()
    assert len(ax.collections) == 4  # bands
    assert ax.get_xticks().tolist() == [1, 2, 5, 10]
    (legend,) = figure.legends
    assert "95 % interval over 3 seeds" in [text.get_text() for text in legend.get_texts()]
    figure.savefig(tmp_path / "curve.png")


def test_a_single_number_of_categories_shows_its_intervals(rows, tmp_path):
    figure = plot_curve([row for row in rows if row["categories"] == 5])
    spans = [collection.get_segments()[0][:, 1] for collection in figure.axes[0].collections]
    assert len(spans) == 4
    figure.savefig(tmp_path / "curve.png")


def test_more_settings_than_colors_can_be_drawn(tmp_path):
    runs = [make_run(k, 0, 0.6 + i / 50, residual=str(i)) for i in range(9) for k in (1, 2)]
    rows = collect_curve(runs)
    figure = plot_curve(rows)
    figure.savefig(tmp_path / "curve.png")
    looks = {(line.get_color(), line.get_marker()) for line in figure.axes[0].lines if "unseen" in line.get_label()}
    assert len(looks) == 9


def test_markdown_states_seeds_and_what_the_brackets_mean(rows):
    text = render_curve_markdown(rows)
    lines = text.splitlines()
    assert lines[2].startswith(
        "| residual=hpf | 1 | 3 | 60.0 [55.0, 65.0] | 55.0 [55.0, 55.0] | 95.0 [95.0, 95.0] | 0.610 [0.560, 0.660] |"
    )
    assert lines[-1] == "In brackets: 95 % interval over 3 seeds."
    single = render_curve_markdown(collect_curve([make_run(5, 0, 0.7)]))
    assert single.splitlines()[-1] == "In brackets: 95 % interval over images."
