import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.failures import find_mistakes
from fakeid.evaluation.fit_calibration import fit_calibration, fit_platt
from fakeid.evaluation.metrics import measure
from fakeid.evaluation.scores import build_scores, count_from, to_arrays
from fakeid.evaluation.statistics.paired_tests import Answers
from fakeid.evaluation.summary import summarize
from fakeid.evaluation.thresholds import count_allowed

HAND_MADE = Calibration(1.0, 0.0, 0.0, 0.05, 0, 0.0, 0.3, 0.0, 0.4, 0.6, 0.05, 9, 9)
RANK_METRICS = ("auroc", "average_precision", "eer", "tpr_at_fpr_01", "tpr_at_fpr_05")


def draw_calibrated(seed: int, n: int, shift: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Draw from two normal distributions at ± shift / 2, whose true logit is x * shift."""
    labels = np.arange(n) % 2
    return labels, np.random.default_rng(seed).normal((labels - 0.5) * shift, 1.0) * shift


def is_unsure(calibration: Calibration, logits: np.ndarray) -> np.ndarray:
    p_fake = expit(calibration.apply(logits))
    return (p_fake >= calibration.unsure_low) & (p_fake <= calibration.unsure_high)


def test_fit_is_scikit_learns_logistic_regression_on_platts_targets():
    rng = np.random.default_rng(0)
    labels = (np.arange(90) % 3 == 0).astype(np.int64)  # 30 fakes, 60 reals
    logits = rng.normal(labels * 1.5 + 2, 1.0)
    certain = np.where(labels == 1, 31 / 32, 61 / 62)  # Platt's target for the image's own class
    weights = np.concatenate([certain, 1 - certain]) * np.tile(np.where(labels == 1, 1 / 30, 1 / 60), 2)
    oracle = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000)
    oracle.fit(np.tile(logits, 2)[:, None], np.concatenate([labels, 1 - labels]), sample_weight=weights * 100)
    assert fit_platt(labels, logits) == pytest.approx((oracle.coef_[0, 0], oracle.intercept_[0]), rel=1e-4)


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (7.0, 3.0), (0.05, -2.0), (1.0, 40.0)])
def test_scaled_and_shifted_logits_come_back_to_the_true_ones(scale, shift):
    labels, logits = draw_calibrated(1, 4000)
    spoiled = logits * scale + shift
    calibration = fit_calibration(labels, spoiled)
    assert calibration.apply(spoiled) == pytest.approx(logits, rel=0.1, abs=0.1)
    # On new images, ECE falls to that of the true logits.
    labels, logits = draw_calibrated(2, 4000)
    true, spoiled = measure(labels, logits), logits * scale + shift
    calibrated = measure(labels, calibration.apply(spoiled))
    assert float(calibrated["ece"]) == pytest.approx(float(true["ece"]), abs=0.01)
    assert float(calibrated["ece"]) < 0.03
    if (scale, shift) != (1.0, 0.0):
        assert float(measure(labels, spoiled)["ece"]) > 0.1
    for name in RANK_METRICS:
        assert calibrated[name] == pytest.approx(float(true[name]), abs=1e-12)


def test_classes_weigh_equally_however_many_images_they_have():
    labels, logits = draw_calibrated(3, 6000)
    kept = (labels == 0) | (np.arange(6000) % 20 == 1)  # a tenth of the fakes
    calibration = fit_calibration(labels[kept], logits[kept])
    assert (calibration.num_real, calibration.num_fake) == (3000, 300)
    assert calibration.apply(logits) == pytest.approx(logits, rel=0.15, abs=0.3)


def test_separable_classes_are_as_sure_as_their_number_allows():
    for n in (10, 1000):
        labels, logits = np.repeat([0, 1], n), np.repeat([-3.0, 5.0], n)
        p_fake = expit(fit_calibration(labels, logits).apply(logits))
        assert p_fake == pytest.approx(np.repeat([1 / (n + 2), (n + 1) / (n + 2)], n), abs=1e-5)


def test_a_detector_that_ranks_upside_down_knows_nothing_but_keeps_its_order():
    labels, logits = draw_calibrated(4, 500)
    calibration = fit_calibration(labels, -logits)
    calibrated = calibration.apply(-logits)
    assert expit(calibrated) == pytest.approx(0.5, abs=0.01)
    assert float(measure(labels, calibrated)["auroc"]) == float(measure(labels, -logits)["auroc"]) < 0.1


@pytest.mark.parametrize("constant", [0.0, 7.0, -1e6])
def test_logits_that_are_all_alike_mean_one_half(constant):
    calibration = fit_calibration(np.array([0, 1, 1]), np.full(3, constant))
    assert expit(calibration.apply(constant)) == 0.5
    assert is_unsure(calibration, constant)


@pytest.mark.parametrize(("labels", "logits"), [([], []), ([0, 0], [1.0, 2.0]), ([1], [0.0]), ([0, 1], [np.nan, 1.0])])
def test_nothing_to_fit_gives_none(labels, logits):
    assert fit_calibration(np.array(labels, dtype=np.int64), np.array(logits, dtype=np.float64)) is None


def test_holds_plain_numbers_and_comes_back_from_them():
    calibration = fit_calibration(*draw_calibrated(5, 200))
    values = dataclasses.asdict(calibration)
    assert values.pop("conditions") == ("none",)
    assert values.pop("decided_by") == "none"
    assert values.pop("photos") == ""
    assert {type(value) for value in values.values()} == {int, float}
    assert Calibration(**values) == calibration


any_logit = st.one_of(st.sampled_from([np.inf, -np.inf, 1e6]), st.integers(-4, 4).map(float))


@given(
    st.lists(any_logit, min_size=1, max_size=20),
    st.lists(any_logit, min_size=1, max_size=20),
    st.sampled_from([0.0, 0.05, 0.2, 0.5]),
    st.sampled_from([0.0, 0.1, 0.3, 1.0]),
)
@settings(max_examples=80, deadline=None)
def test_threshold_and_band_keep_what_was_wished(reals, fakes, false_alarm_rate, max_error):
    labels, logits = np.repeat([0, 1], [len(reals), len(fakes)]), np.array([*reals, *fakes])
    calibration = fit_calibration(labels, logits, false_alarm_rate, max_error)
    called, sure = (logits >= calibration.threshold), ~is_unsure(calibration, logits)
    allowed = max(0, count_allowed(len(reals), false_alarm_rate))
    if not np.isposinf(reals).any():  # nothing is above infinity
        assert called[labels == 0].sum() <= allowed
    assert calibration.num_false_positives == called[labels == 0].sum()
    assert calibration.keeps_promise == (count_allowed(len(reals), false_alarm_rate) >= 0)
    weights = np.where(labels == 1, 1 / len(fakes), 1 / len(reals))
    for said in (True, False):
        chosen = sure & (called == said)
        if chosen.any():
            assert np.average(labels[chosen] != said, weights=weights[chosen]) <= max_error + 1e-12
    assert calibration.unsure_low <= expit(calibration.apply(calibration.threshold)) <= calibration.unsure_high


def test_band_by_hand():
    # Two of five reals may be called fake: r r r | f r f r f f f.
    labels = np.array([0, 0, 0, 1, 0, 1, 0, 1, 1, 1])
    logits = np.arange(10.0)
    calibration = fit_calibration(labels, logits, false_alarm_rate=0.5, max_error=0.4)
    assert calibration.threshold == 2.5
    # From 7 up no real (counted as one of six) and three of five fakes (counted as 3 - sqrt(3)): 40 % are wrong.
    # From 5 up one real (counted as two of six) and four fakes (counted as two): 45 %. Below 3 it is as above 7.
    np.testing.assert_array_equal(np.flatnonzero(is_unsure(calibration, logits)), [3, 4, 5, 6])
    calibration = fit_calibration(labels, logits, false_alarm_rate=0.5, max_error=0.46)
    np.testing.assert_array_equal(np.flatnonzero(is_unsure(calibration, logits)), [3, 4])
    # Zero error cannot be guaranteed.
    assert is_unsure(fit_calibration(labels, logits, false_alarm_rate=0.5, max_error=0.0), logits).all()


def test_the_strictest_condition_decides_by_hand():
    # At 20 %, one of nine reals may be called fake, and the fake at 8.5 is detected.
    labels = np.array([*[0] * 9, *[1] * 4])
    logits = np.array([*range(1, 10), 8.5, 14.0, 15.0, 16.0])
    reals = np.arange(1.0, 10.0)
    clean = fit_calibration(labels, logits, 0.2)
    assert (clean.threshold, clean.num_false_positives) == (8.25, 1)
    degraded = {"jpeg-75": reals + 3, "downup-0.75": reals - 2, "social": np.array([*range(8), 11.4])}
    strict = fit_calibration(labels, logits, 0.2, degraded=degraded)
    assert (strict.conditions, strict.decided_by) == (("none", "jpeg-75", "downup-0.75", "social"), "jpeg-75")
    assert strict.threshold == 11.5  # midway between the last two of 4 to 12
    assert (strict.num_false_positives, strict.num_real) == (1, 9)
    assert strict.threshold == max(
        fit_calibration(labels, np.array([*some, *logits[9:] + 100]), 0.2).threshold for some in degraded.values()
    )
    for some in (reals, *degraded.values()):
        assert (some >= strict.threshold).sum() <= count_allowed(9, 0.2)
    assert is_unsure(strict, np.array([clean.threshold, 9.0, 10.0, strict.threshold])).all()
    for name in ("scale", "bias", "balanced_threshold"):
        assert getattr(strict, name) == getattr(clean, name)
    mild = fit_calibration(labels, logits, 0.2, degraded={"downup-0.75": reals - 2})
    assert dataclasses.replace(mild, conditions=("none",)) == clean


def test_a_detector_that_breaks_down_under_a_degradation_has_no_threshold():
    assert fit_calibration(*draw_calibrated(7, 20), degraded={"social": np.array([np.nan] * 10)}) is None


@given(
    st.lists(st.integers(-4, 4), min_size=2, max_size=30),
    st.lists(st.integers(-9, 9), min_size=1, max_size=4),
    st.sampled_from([0.05, 0.2, 0.5]),
)
@settings(max_examples=40, deadline=None)
def test_the_rate_is_kept_and_the_band_holds_both_thresholds_under_any_shift(reals, shifts, rate):
    labels = np.repeat([0, 1], [len(reals), len(reals)])
    clean = np.array([*reals, *(number + 2 for number in reals)], dtype=np.float64)
    degraded = {f"noise-{number}": clean[labels == 0] + shift for number, shift in enumerate(shifts, start=1)}
    alone, calibration = fit_calibration(labels, clean, rate), fit_calibration(labels, clean, rate, degraded=degraded)
    assert calibration.threshold >= alone.threshold
    for some in (clean[labels == 0], *degraded.values()):
        assert (some >= calibration.threshold).sum() <= max(0, count_allowed(len(reals), rate))
    assert is_unsure(calibration, np.linspace(alone.threshold, calibration.threshold, 9)).all()


@pytest.mark.parametrize(("shift", "num"), [(1.8, 50), (2.7, 100), (2.7, 300)])
def test_new_images_outside_of_the_band_are_wrong_at_most_as_often_as_promised(shift, num):
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], num)
    errors = []
    for _ in range(60):
        calibration = fit_calibration(labels, rng.normal(labels * shift))
        new = rng.normal(labels.repeat(20) * shift)
        sure, called = ~is_unsure(calibration, new), (new >= calibration.threshold)
        errors.append(np.mean(called[sure] != labels.repeat(20)[sure]) if sure.any() else 0.0)
    assert np.mean(errors) <= 0.05
    assert np.mean(errors) >= 0.005  # a band of all scores would never err


@given(
    st.lists(st.integers(-3, 3), min_size=1, max_size=30),
    st.lists(st.integers(-3, 3), min_size=1, max_size=30),
    st.floats(-1e3, 1e3),
    st.floats(1e-3, 1e3),
)
@settings(max_examples=30, deadline=None)
def test_ties_are_called_alike_by_every_part(reals, fakes, shift, scale):
    labels = np.repeat([0, 1], [len(reals), len(fakes)])
    logits = np.array([*reals, *fakes]) * scale + shift
    calibration = fit_calibration(labels, logits, 0.2)
    called = logits >= calibration.threshold
    measured = measure(labels, logits, thresholds={"chosen": calibration.threshold})
    assert measured["accuracy_at_chosen"] == np.mean(called == labels)
    assert np.sum(called[labels == 0]) == calibration.num_false_positives
    keys = [str(i) for i in range(len(labels))]
    scores = build_scores(key=keys, label=labels, logit=logits, category=["cat"] * len(labels), generator=keys)
    summary = summarize(scores, ["cat"], [], calibration)
    assert summary.seen.read("accuracy_at_chosen").value == np.mean(called == labels)
    counted = count_from(scores, calibration.threshold)
    np.testing.assert_array_equal(Answers(*to_arrays(counted)).right, called == labels)
    alarms, misses = find_mistakes(scores, len(labels), calibration.threshold)
    assert len(alarms) + len(misses) == np.sum(called != labels)


def test_a_calibration_survives_json():
    now = fit_calibration(*draw_calibrated(6, 200), degraded={"social": np.arange(100.0)})
    assert Calibration.from_plain(json.loads(json.dumps(dataclasses.asdict(now)))) == now


@pytest.mark.parametrize(
    "change",
    [
        {"scale": 0.0},
        {"scale": np.nan},
        {"bias": np.inf},
        {"threshold": np.inf},
        {"unsure_low": 0.7},
        {"decided_by": "social"},
    ],
)
def test_no_calibration_is_refused(change):
    values = dataclasses.asdict(HAND_MADE)
    with pytest.raises(AssertionError):
        Calibration(**{**values, **change})
