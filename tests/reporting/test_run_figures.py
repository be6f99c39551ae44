from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from sklearn.metrics import roc_auc_score, roc_curve

from fakeid.evaluation.calibration import OperatingPoint
from fakeid.evaluation.records.results import UNKNOWN
from fakeid.evaluation.scores import Scores, build_scores
from fakeid.reporting.run.figures import plot_category_accuracy, plot_learning_curve, plot_roc
from fakeid.reporting.style import SEEN_COLOR, UNSEEN_COLOR


def labeled_lines(ax) -> dict[str, np.ndarray]:
    return {line.get_label(): line.get_xydata() for line in ax.lines if not line.get_label().startswith("_")}


def find_dots(ax, marker: str) -> list[tuple[float, float, str]]:
    dots = [line for line in ax.lines if line.get_marker() == marker and len(line.get_xdata()) == 1]
    return [(*line.get_xydata()[0], to_hex(line.get_color()).upper()) for line in dots]


@pytest.fixture
def history() -> list[dict[str, float]]:
    return [
        {"epoch": i, "train/loss": 1 / i, "train/accuracy": 1 - 0.4 / i, "val/loss": 1.2 / i, "val/accuracy": 0.0}
        for i in range(1, 6)
    ]


def test_learning_curve_draws_what_there_is(history):
    history[1]["val/loss"] = float("nan")
    history[2]["val/auroc"] = 0.75
    figure = plot_learning_curve(history)
    loss_ax, accuracy_ax = figure.axes
    losses, accuracies = labeled_lines(loss_ax), labeled_lines(accuracy_ax)
    assert list(losses) == ["training", "validation"]
    np.testing.assert_allclose(losses["training"][:, 1], [1 / i for i in range(1, 6)])
    assert losses["validation"][:, 0].tolist() == [1, 3, 4, 5]
    # An accuracy of 0 must be plotted like any other.
    assert accuracies["validation accuracy"][:, 1].tolist() == [0] * 5
    assert accuracies["validation AUROC"].tolist() == [[3, 0.75]]
    assert loss_ax.get_xlabel() == "epoch"


@pytest.mark.parametrize("num_epochs", [0, 1])
def test_learning_curve_of_hardly_any_epoch_can_be_saved(history, num_epochs, tmp_path):
    figure = plot_learning_curve(history[:num_epochs])
    figure.savefig(tmp_path / "curve.png")
    assert all(len(data) == num_epochs for data in labeled_lines(figure.axes[0]).values())


def test_category_accuracy_shows_each_group_with_its_interval(summary):
    figure = plot_category_accuracy(summary)
    (ax,) = figure.axes
    names = [label.get_text() for label in ax.get_yticklabels()]
    # The only unseen category is all of the unseen content.
    assert names == ["seen content", "unseen content (sheep)", *list(summary.categories)[:-1]]
    groups = [summary.seen, summary.unseen, *list(summary.categories.values())[:-1]]
    colors = [SEEN_COLOR, UNSEEN_COLOR, *[SEEN_COLOR] * 10]
    fakes = find_dots(ax, "D")
    assert [(x, color) for x, _, color in fakes] == [
        (group.read("fake_accuracy").value, color) for group, color in zip(groups, colors, strict=True)
    ]
    spans = [tuple(line.get_xdata()) for line in ax.lines if line.get_label() == "_interval"]
    bounded = summary.unseen.read("real_accuracy")
    assert (bounded.low, bounded.high) in spans
    assert len(spans) == 3 * 12
    assert [line.get_xdata()[0] for line in ax.lines if line.get_label() == "_chance"] == [0.5]


def test_generators_have_rows_too(summary):
    generators = {"stylegan": summary.categories["cat"], "dcgan": replace(summary.categories["cat"], seen=False)}
    (ax,) = plot_category_accuracy(replace(summary, generators=generators)).axes
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[-2:] == ["stylegan", "dcgan (not trained on)"]
    assert [color for _, _, color in find_dots(ax, "D")][-2:] == [SEEN_COLOR, UNSEEN_COLOR]


def test_category_accuracy_leaves_out_what_is_undefined(summary):
    sheep = summary.categories["sheep"]
    sheep = replace(sheep, metrics={**sheep.metrics, "fake_accuracy": UNKNOWN})
    broken = replace(summary, unseen=None, categories={**summary.categories, "sheep": sheep})
    (ax,) = plot_category_accuracy(broken).axes
    assert len(find_dots(ax, "D")) == 1 + 10
    assert len(ax.get_yticklabels()) == 1 + 11


@pytest.fixture
def scores() -> Scores:
    rng = np.random.default_rng(0)
    label = np.arange(400) % 2
    return build_scores(
        key=[str(i) for i in range(400)],
        label=label,
        category=np.repeat(["cat", "sheep"], 200),
        generator=np.where(label == 0, "camera", "gan"),
        degradation=["none"] * 400,
        logit=np.round(rng.normal(label, 1.0), 1),
    )


def test_roc_matches_scikit_learn(scores):
    figure = plot_roc(scores, ["cat"], ["sheep"])
    lines = labeled_lines(figure.axes[0])
    for name, part in (("seen", slice(0, 200)), ("unseen", slice(200, 400))):
        area = roc_auc_score(scores.label[part], scores.logit[part])
        alarms, found, _ = roc_curve(scores.label[part], scores.logit[part], drop_intermediate=False)
        drawn = lines[f"{name} content, AUROC {area:.3f}"]
        np.testing.assert_allclose(drawn, np.stack([alarms, found], axis=1), atol=1e-12)


def test_roc_marks_the_threshold_in_use(scores):
    (ax,) = plot_roc(scores, ["cat"], ["sheep"]).axes
    cat = scores[scores.category == "cat"]
    rates = [np.mean(cat.logit[cat.label == label] >= 0) for label in (0, 1)]
    assert find_dots(ax, "o")[0] == (*rates, SEEN_COLOR.upper())
    (ax,) = plot_roc(scores, ["cat"], ["sheep"], OperatingPoint("validation", 1.5)).axes
    rates = [np.mean(cat.logit[cat.label == label] >= 1.5) for label in (0, 1)]
    assert find_dots(ax, "o")[0] == (*rates, SEEN_COLOR.upper())
    assert "at the balanced threshold from validation images" in labeled_lines(ax)


def test_roc_needs_both_classes_and_looks_at_clean_images_only(scores):
    (ax,) = plot_roc(scores[scores.label == 0], ["cat"], ["sheep"]).axes
    assert list(labeled_lines(ax)) == ["chance level, AUROC 0.500", "at P(fake) = 0.5"]
    degraded = scores.assign(degradation="blur")
    (ax,) = plot_roc(degraded, ["cat"], ["sheep"]).axes
    assert len(labeled_lines(ax)) == 2


def test_plotting_leaves_matplotlibs_global_state_alone(history, summary):
    before = dict(mpl.rcParams)
    plot_learning_curve(history)
    plot_category_accuracy(summary)
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []
