"""Simulated scores match their closed forms; differences are within the sampling error."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fakeid.benchmarks.statistics.scores import DrawnScores, ScoreModel, calibrate_model, draw_scores
from fakeid.config.constants import FAKE


def draw(model: ScoreModel, accuracy: float, shape: tuple[int, int], per_class: int) -> DrawnScores:
    signals = np.full(shape, model.find_signal(accuracy))
    return draw_scores(model, signals, per_class, np.random.default_rng(0))


def find_rights(drawn: DrawnScores) -> np.ndarray:
    return np.asarray(((drawn.logits >= 0) == (drawn.label == FAKE)).mean(axis=2))


@pytest.mark.parametrize(("accuracy", "deviation"), [(0.85, 0.03), (0.85, 0.065), (0.7, 0.05)])
def test_runs_have_the_promised_accuracy_and_scatter(accuracy: float, deviation: float) -> None:
    # Here every category is a separate run, which gives many of them.
    model = replace(calibrate_model(accuracy, deviation), category_share=1.0)
    drawn = draw(model, accuracy, (40, 400), per_class=50)
    assert find_rights(drawn).mean() == pytest.approx(accuracy, abs=4 * deviation / np.sqrt(40 * 400) + 0.002)
    true_accuracies = model.run_accuracy(drawn.signals, drawn.shifts)
    assert true_accuracies.mean() == pytest.approx(accuracy, abs=4 * deviation / np.sqrt(40 * 400))
    assert true_accuracies.std() == pytest.approx(deviation, rel=0.03)
    signal = model.find_signal(accuracy)
    assert model.mean_accuracy(signal) == pytest.approx(accuracy)
    assert model.run_auroc(drawn.signals).mean() == pytest.approx(float(model.mean_auroc(signal)), abs=0.002)


def test_ever_more_images_show_what_a_run_has() -> None:
    drawn = draw(model := calibrate_model(0.85, 0.065), 0.85, (2, 2), per_class=20_000)
    np.testing.assert_allclose(find_rights(drawn), model.run_accuracy(drawn.signals, drawn.shifts), atol=0.01)
    aurocs = [[roc_auc_score(drawn.label, logits) for logits in run] for run in drawn.logits]
    np.testing.assert_allclose(aurocs, model.run_auroc(drawn.signals), atol=0.01)


def test_categories_share_a_run_and_runs_share_images() -> None:
    model = calibrate_model(0.85, 0.065)
    drawn = draw(model, 0.85, (20_000, 2), per_class=1)
    for part in (drawn.shifts, drawn.signals):
        assert np.corrcoef(part.T)[0, 1] == pytest.approx(1 - model.category_share, abs=0.02)
    assert drawn.shifts.std() == pytest.approx(model.shift, rel=0.03)
    assert drawn.signals.std() == pytest.approx(model.slope, rel=0.03)
    reals = draw(model, 0.85, (2, 1), per_class=20_000).logits[:, 0, :20_000]
    assert np.corrcoef(reals)[0, 1] == pytest.approx(model.image_share, abs=0.03)
    assert reals.std(axis=1) == pytest.approx(model.noise, rel=0.03)
