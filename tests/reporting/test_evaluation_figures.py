import io
from dataclasses import replace

import numpy as np
import pytest
from invented_evaluation import CASES, invent_case
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from sklearn.metrics import roc_curve

from fakeid.evaluation.calibration import Calibration, OperatingPoint
from fakeid.evaluation.failures import find_mistakes
from fakeid.evaluation.fit_calibration import tabulate_reliability
from fakeid.evaluation.quadrants import QUADRANTS, select_quadrant
from fakeid.evaluation.records.evaluation import OneClassRate
from fakeid.evaluation.records.results import Estimate
from fakeid.evaluation.scores import Scores
from fakeid.evaluation.spectrum import compute_azimuthal_average, compute_power_spectrum
from fakeid.reporting.evaluation.curves import plot_reliability, plot_roc_zoom, plot_score_histograms
from fakeid.reporting.evaluation.figures import ShownImages, plot_evaluation
from fakeid.reporting.evaluation.robustness import plot_matrix, plot_robustness
from fakeid.reporting.evaluation.spectra import plot_spectra
from fakeid.reporting.style import PALETTE


def draw_images(count: int, size: int = 16, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def show_images(scores: Scores) -> ShownImages:
    found = find_mistakes(scores)
    generators = dict.fromkeys(scores.generator.tolist())
    fakes = {name: draw_images(3, seed=i) for i, name in enumerate(generators)}
    return ShownImages(draw_images(3), fakes, *((draw_images(len(part)), part) for part in found))


@pytest.fixture(scope="module")
def rich():
    return invent_case("rich")


@pytest.mark.parametrize("name", ["broken", "odd names", "nothing"])
def test_every_figure_can_be_drawn(name):
    evaluation, scores, _, _ = invent_case(name)
    for figure in plot_evaluation(evaluation, scores, show_images(scores)).values():
        figure.set_layout_engine("none")  # layout takes most of the time
        figure.draw_without_rendering()


def test_of_one_class_alone_the_share_called_fake_is_drawn(rich):
    evaluation, scores, _, _ = rich
    rates = [
        OneClassRate("mine", "real", word, 50, Estimate(share, share - 0.02, share + 0.1))
        for word, share in zip(evaluation.degradations, (0.04, 0.5, 0.7), strict=False)
    ]
    alone = replace(evaluation, groups=(), one_class=tuple(rates))
    images = ShownImages(draw_images(3), {}, *((draw_images(0), scores[:0]) for _ in range(2)))
    figures = plot_evaluation(alone, scores[:0], images)
    assert set(figures) == {"called_fake"}  # nothing was misclassified
    (ax,) = figures["called_fake"].axes
    dots = [line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 1]
    assert dots == [rate.called_fake.value for rate in rates]
    assert [label.get_text() for label in ax.get_yticklabels()][:1] == ["clean images"]


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_figure_can_be_saved(name):
    evaluation, scores, _, _ = invent_case(name)
    for figure in plot_evaluation(evaluation, scores, show_images(scores)).values():
        for form in ("svg", "png"):
            figure.savefig(io.BytesIO(), format=form)


def test_the_matrix_holds_the_numbers(rich):
    evaluation = rich[0]
    (ax,) = plot_matrix(evaluation).axes
    texts = [text.get_text() for text in ax.texts]
    expected = []
    for quadrant in reversed(QUADRANTS):
        for degradation in evaluation.degradations:
            area = evaluation.read("auroc", "quadrant", str(quadrant), degradation)
            expected += [f"{area.value:.3f}", f"{area.low:.3f}–{area.high:.3f}"]  # noqa: RUF001
    assert texts == expected
    assert [label.get_text() for label in ax.get_xticklabels()] == list(evaluation.degradations)
    colors = ax.collections[0].get_array().reshape(4, -1)
    assert colors[-1, 0] == evaluation.read("auroc", "quadrant", str(QUADRANTS[0])).value


def test_robustness_goes_from_mild_to_strong(rich):
    evaluation = rich[0]
    figure = plot_robustness(evaluation)
    panels = {ax.get_title(loc="left"): ax for ax in figure.axes}
    ticks = {title: [label.get_text() for label in ax.get_xticklabels()] for title, ax in panels.items()}
    assert ticks == {
        "JPEG": ["clean", "90", "30"],
        "blur": ["clean", "1", "2"],
        "others": ["clean", "cropping\n0.8", "social networks"],
    }
    line = next(line for line in panels["blur"].lines if line.get_label() == str(QUADRANTS[0]))
    values = {word: evaluation.read("auroc", "quadrant", str(QUADRANTS[0]), word) for word in evaluation.degradations}
    strengths = ("none", "blur-1", "blur-2")
    assert line.get_ydata().tolist() == [values[name].value for name in strengths]
    band = next(found for found in panels["blur"].collections if isinstance(found, PolyCollection))
    heights = band.get_paths()[0].vertices[:, 1]
    assert {end for name in strengths for end in (values[name].low, values[name].high)} <= set(heights.tolist())


def test_the_roc_is_that_of_the_quadrant(rich):
    _, scores, trained_on, calibration = rich
    figure = plot_roc_zoom(scores, trained_on, calibration)
    part = select_quadrant(scores[scores.degradation == "none"], trained_on, QUADRANTS[3])
    alarms, found, _ = roc_curve(part.label, part.logit, drop_intermediate=False)
    for ax, limit in zip(figure.axes, (1.0, 0.1), strict=True):
        curves = [line.get_xydata() for line in ax.lines if len(line.get_xdata()) > 2]
        assert any(len(curve) == len(alarms) and np.allclose(curve, np.c_[alarms, found]) for curve in curves)
        assert ax.get_xlim()[1] == limit
    threshold = calibration.threshold
    diamonds = [line.get_xydata()[0] for line in figure.axes[0].lines if line.get_marker() == "D"]
    expected = [np.mean(part.logit[part.label == label] >= threshold) for label in (0, 1)]
    assert any(np.allclose(point, expected) for point in diamonds)


def test_the_roc_and_the_histograms_mark_the_threshold_in_use(rich):
    _, scores, trained_on, calibration = rich
    used = OperatingPoint("validation", calibration.balanced_threshold)
    names = ["the balanced threshold from validation images", "the threshold for 5\N{NO-BREAK SPACE}% false positives"]
    figure = plot_roc_zoom(scores, trained_on, calibration, used)
    part = select_quadrant(scores[scores.degradation == "none"], trained_on, QUADRANTS[3])
    expected = [np.mean(part.logit[part.label == label] >= used.logit) for label in (0, 1)]
    circles = [line.get_xydata()[0] for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert any(np.allclose(point, expected) for point in circles)
    assert [text.get_text() for text in figure.legends[0].get_texts()][-2:] == names
    histograms = plot_score_histograms(scores, trained_on, calibration, used)
    assert histograms.axes[0].lines[0].get_xdata()[0] == used.logit
    assert {text.get_text() for text in histograms.legends[0].get_texts()} > set(names)
    half = plot_roc_zoom(scores, trained_on, calibration)
    assert "P(fake) = 0.5" in [text.get_text() for text in half.legends[0].get_texts()]


def test_reliability_before_and_after(rich):
    _, scores, trained_on, calibration = rich
    figure = plot_reliability(scores, trained_on, calibration)
    assert len(figure.axes) == 8
    part = select_quadrant(scores[scores.degradation == "none"], trained_on, QUADRANTS[0])
    points = [line.get_ydata().tolist() for line in figure.axes[0].lines if line.get_marker() in ("s", "o")]
    for logits, drawn in zip((part.logit, calibration.apply(part.logit)), points, strict=True):
        assert drawn == [found.fake_share for found in tabulate_reliability(part.label, logits) if found.num_images]
    counts = sum(bar.get_height() for bar in figure.axes[4].patches)
    assert counts == 2 * len(part)


def test_histograms_are_shares_with_the_threshold(rich):
    _, scores, trained_on, _ = rich
    calibration = Calibration(2.0, -1.0, 2.0, 0.05, 4, 0.02, 0.1, 1.0, 0.5, 0.9, 0.05, 100, 100)
    ax = plot_score_histograms(scores, trained_on, calibration).axes[0]
    outlines = [patch for patch in ax.patches if patch.get_label() in ("real", "fake")]
    for outline in outlines:
        assert outline.get_data().values.sum() == pytest.approx(1)
    lines = [line.get_xdata()[0] for line in ax.lines]
    assert lines == [0, 2.0]
    band = next(patch for patch in ax.patches if patch.get_label() not in ("real", "fake") and hasattr(patch, "get_x"))
    assert band.get_x() == pytest.approx(0.5)  # P(fake) = 0.5 at 2 logit - 1 = 0
    assert band.get_x() + band.get_width() == pytest.approx((np.log(9) + 1) / 2)


def test_spectra_show_each_generator_against_the_reals():
    reals, fakes = draw_images(4), {"$g$": draw_images(3, seed=1), "h": draw_images(2, seed=2), "none": draw_images(0)}
    figure = plot_spectra(reals, fakes)
    titles = [ax.get_title() for ax in figure.axes if ax.images]
    assert titles == ["reals", "$g$", "h"]
    profile_ax, ratio_ax = figure.axes[-2:]
    _, expected = compute_azimuthal_average(compute_power_spectrum(fakes["h"]))
    _, base = compute_azimuthal_average(compute_power_spectrum(reals))
    np.testing.assert_allclose(profile_ax.lines[2].get_ydata(), 10 * expected[1:])
    np.testing.assert_allclose(ratio_ax.lines[2].get_ydata(), 10 * (expected - base)[1:])
    np.testing.assert_allclose(ratio_ax.lines[0].get_ydata(), 0)


def test_spectra_of_many_generators_pool_the_rest():
    figure = plot_spectra(draw_images(2), {f"g{i}": draw_images(1, seed=i) for i in range(9)})
    titles = [ax.get_title() for ax in figure.axes if ax.images]
    assert titles == ["reals", "g0", "g1", "g2", "g3", "5 others"]


def test_lines_have_colors_that_a_page_can_change(rich):
    figure = plot_robustness(rich[0])
    palette = {color.lower() for color in PALETTE}
    assert {to_hex(line.get_color()) for line in figure.axes[0].lines if line.get_marker() != "None"} <= palette
