import numpy as np
import pytest
from scipy.stats import norm

from fakeid.config.choices import ThresholdFrom
from fakeid.evaluation.calibration import AT_HALF, choose_operating_point, list_thresholds
from fakeid.evaluation.fit_calibration import fit_calibration
from fakeid.evaluation.scores import Scores, build_scores, count_from
from fakeid.evaluation.summary import summarize


def draw(seed: int, num: int, shift: float) -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(num) % 2
    return labels, np.random.default_rng(seed).normal(labels * 3.0 + shift)


def make_scores(labels: np.ndarray, logits: np.ndarray) -> Scores:
    columns = {name: [value] * len(labels) for name, value in (("category", "cat"), ("generator", "g"))}
    keys = [str(i) for i in range(len(labels))]
    return build_scores(key=keys, label=labels, logit=logits, **columns)


@pytest.mark.parametrize("shift", [0.0, 8.0, -12.0])
def test_a_shifted_detector_is_judged_where_validation_cuts_best(shift):
    calibration = fit_calibration(*draw(0, 200, shift))
    point = choose_operating_point(ThresholdFrom.validation, calibration)
    assert point.rule == "validation"
    assert point.logit == pytest.approx(shift + 1.5, abs=0.5)
    summary = summarize(make_scores(*draw(1, 400, shift)), ["cat"], [], calibration, point)
    assert summary.threshold == point
    assert summary.seen.read("accuracy").value == pytest.approx(norm.cdf(1.5), abs=0.04)
    labels, logits = draw(1, 400, shift)
    assert summary.seen.read("accuracy_at_half").value == np.mean((logits >= 0) == labels)
    assert "accuracy_at_validation" not in summary.seen.metrics
    half = summarize(make_scores(labels, logits), ["cat"], [], calibration)
    assert half.threshold == AT_HALF
    assert half.seen.read("accuracy") == summary.seen.read("accuracy_at_half")
    assert half.seen.read("accuracy_at_validation") == summary.seen.read("accuracy")


def test_without_validation_images_it_is_one_half_and_said():
    point = choose_operating_point(ThresholdFrom.validation, None)
    assert (point.rule, point.logit) == ("half", 0.0)
    assert "no validation images" in point.note
    assert list_thresholds(point, None) == {}
    assert choose_operating_point(ThresholdFrom.half, fit_calibration(*draw(0, 200, 5.0))) == AT_HALF


def test_photos_alone_place_the_threshold_for_few_false_positives():
    labels, logits = draw(0, 200, 8.0)
    calibration = fit_calibration(labels, logits, degraded={"jpeg-75": logits[labels == 0] + 1.0})
    point = choose_operating_point(ThresholdFrom.photos, calibration)
    assert (point.rule, point.logit, point.note) == ("photos", calibration.threshold, "")
    assert set(list_thresholds(point, calibration)) == {"chosen", "validation", "half"}
    scores = make_scores(*draw(1, 400, 8.0))
    summary = summarize(scores, ["cat"], [], calibration, point)
    assert summary.seen.read("accuracy") == summary.seen.read("accuracy_at_chosen")
    assert choose_operating_point(ThresholdFrom.photos, None).rule == "half"


def test_the_middle_of_the_best_is_more_robust_than_the_logistic_fit():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 100)
    best, fitted = [], []
    for _ in range(25):  # 3 % of the fakes are far outliers; the share of correct calls is known
        fakes = np.where(rng.random(100) < 0.03, -20.0, rng.normal(2.0, 1.0, 100))
        logits = np.concatenate([rng.normal(0.0, 1.0, 100), fakes])
        calibration = fit_calibration(labels, logits)
        cuts = calibration.balanced_threshold, -calibration.bias / calibration.scale
        for cut, found in zip(cuts, (best, fitted), strict=True):
            found.append((norm.cdf(cut) + 0.97 * norm.sf(cut - 2.0)) / 2)
    assert np.min(best) > np.min(fitted) + 0.01
    assert np.mean(best) > np.mean(fitted)


def test_logits_counted_from_a_threshold_keep_calls_and_order():
    labels, logits = draw(3, 100, 0.0)
    logits[:3] = np.inf, -np.inf, 1.5
    counted = count_from(make_scores(labels, logits), 1.5).logit
    np.testing.assert_array_equal(counted >= 0, logits >= 1.5)
    np.testing.assert_array_equal(np.argsort(counted, kind="stable"), np.argsort(logits, kind="stable"))
