from dataclasses import replace

import numpy as np
import pytest
from invented_evaluation import estimate, invent_control, invent_swap

from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.quadrants import QUADRANTS, TrainedOn
from fakeid.evaluation.records.evaluation import EvaluatedDetector, Evaluation, WorstGroup
from fakeid.evaluation.records.results import EvaluationGroup
from fakeid.evaluation.statistics.intervals import wilson_interval
from fakeid.evaluation.thresholds import bound_rate, choose_threshold
from fakeid.reporting.evaluation.findings import list_caveats, list_findings

EASY, HARD = str(QUADRANTS[0]), str(QUADRANTS[3])


def make_group(name: str, area: float, degradation: str = "none", **metrics: float) -> EvaluationGroup:
    numbers = {"auroc": area, "real_accuracy": 0.9, "fake_accuracy": 0.8, "real_accuracy_at_chosen": 0.93, **metrics}
    measured = {metric: estimate(number, number - 0.03, number + 0.02) for metric, number in numbers.items()}
    return EvaluationGroup(100, 100, measured, "quadrant", name, degradation, name.startswith("seen"), True)


@pytest.fixture
def evaluation() -> Evaluation:
    return Evaluation(
        title="demo",
        detector=EvaluatedDetector("runs/demo/best.ckpt", "pelee", "rgb", "hpf", 64),
        trained_on=TrainedOn(("leaves",), ("gan",)),
        test_sets=(),
        degradations=("none", "jpeg-90", "jpeg-30", "jpeg-50"),
        groups=(
            make_group(HARD, 0.52, real_accuracy_at_chosen=0.7),
            make_group(EASY, 0.98),
            make_group(EASY, 0.95, "jpeg-90"),
            make_group(EASY, 0.51, "jpeg-30"),
            make_group(EASY, 0.52, "jpeg-50"),
        ),
        worst=(WorstGroup("jpeg-30", "accuracy", "wood", 0.1), WorstGroup("none", "accuracy", "coral", 0.6)),
        swap=invent_swap(True),
        controls=(invent_control(False), invent_control(True)),
        calibration=make_calibration(),
    )


def make_calibration(num_real: int = 100, called: int = 4, low: float = 0.016, high: float = 0.098) -> Calibration:
    return Calibration(1.0, 0.0, 1.0, 0.05, called, low, high, 0.5, 0.4, 0.6, 0.05, num_real, 100)


def read(evaluation: Evaluation) -> dict[str, str]:
    return {finding.topic: finding.text.replace("\N{NO-BREAK SPACE}", " ") for finding in list_findings(evaluation)}


def test_the_answer_is_computed_from_the_numbers(evaluation):
    assert read(evaluation) == {
        "Easiest": (
            f"on {EASY} the AUROC is 0.980 [0.950, 1.000]; at P(fake) = 0.5 it calls 90.0 % [87.0, 92.0] of the reals "
            "real and 80.0 % [77.0, 82.0] of the fakes fake."
        ),
        "Hardest": (
            f"on {HARD} the AUROC is 0.520 [0.490, 0.540], no better than chance; at P(fake) = 0.5 it calls 90.0 % "
            "[87.0, 92.0] of the reals real and 80.0 % [77.0, 82.0] of the fakes fake."
        ),
        "Worst group": "coral, with an accuracy of 60.0 %.",
        "JPEG": (
            f"on {EASY} the AUROC goes from 0.980 to 0.950 at quality 90 and 0.510 at quality 30; at quality 50 it "
            "is no better than chance."
        ),
        "Swap test": "The detector follows the codec.",
        "False positives": (
            "the threshold for 5 % false positives calls at most 5.0 % of new reals fake on average (4 of 100 "
            "validation reals are called fake, which puts the rate on new reals at 1.6 to 9.8 %); of the tested reals "
            "it calls 7.0 % [5.0, 10.0] on seen content and 30.0 % [28.0, 33.0] on unseen content (more than promised) "
            "fake."
        ),
        "Controls": "it fires without a GAN, so here it detects blur or resampling and not (only) a generator: "
        "it calls 61.0 % of blurred reals fake, compared with 5.0 % of the reals and 80.0 % of the fakes.",
    }


def test_too_few_reals_promise_nothing(evaluation):
    told = read(replace(evaluation, calibration=make_calibration(15, 0)))["False positives"]
    assert told.startswith(
        "15 validation reals are too few to promise 5.0 %, which takes 19; at the threshold for 5 % false positives"
    )


@pytest.mark.parametrize(("found", "is_told"), [(0.11, False), (0.14, True)])
def test_more_than_promised_is_said_beyond_both_uncertainties_alone(evaluation, found, is_told):
    # After 4 of 100 called fake, 13 of 100 new reals have p = 0.033 and 16 have p = 0.01 (beta-binomial).
    tested = replace(evaluation, groups=(make_group(HARD, 0.9, real_accuracy_at_chosen=1 - found),))
    assert ("more than promised" in read(tested)["False positives"]) == is_told


def test_a_degradation_among_the_conditions_is_held_to_the_promise(evaluation):
    calibration = replace(make_calibration(), conditions=("none", "jpeg-90"), decided_by="jpeg-90")
    groups = (
        make_group(EASY, 0.98),
        *(make_group(EASY, 0.9, f"jpeg-{q}", real_accuracy_at_chosen=0.6) for q in (90, 30)),
    )
    told = read(replace(evaluation, groups=groups, calibration=calibration))["False positives"]
    assert told == (
        "the threshold for 5 % false positives calls at most 5.0 % of new reals fake on average, separately for clean "
        "images and JPEG 90 (4 of 100 validation reals are called fake with JPEG 90, the strictest condition, which "
        "puts the rate on new reals at 1.6 to 9.8 %); of the tested reals it calls 7.0 % [5.0, 10.0] on seen content "
        "and 40.0 % [38.0, 43.0] on seen content with JPEG 90 (more than promised) fake."
    )
    told = read(replace(evaluation, groups=groups))["False positives"]
    assert "JPEG" not in told
    assert "more than promised" not in told


def test_an_honest_threshold_is_rarely_accused(evaluation):
    rng = np.random.default_rng(0)
    accused = []
    for _ in range(300):
        validated = rng.normal(size=100)
        threshold = choose_threshold(np.zeros(100, np.int64), validated, "false_positive_rate")
        called = int((validated >= threshold).sum())
        low, high = bound_rate(called, 100)
        groups = []
        for name in (EASY, HARD):
            wrong = int((rng.normal(size=100) >= threshold).sum())
            low_right, high_right = wilson_interval(100 - wrong, 100)
            right = {"real_accuracy_at_chosen": estimate(1 - wrong / 100, low_right, high_right)}
            groups.append(replace(make_group(name, 0.9), metrics=right))
        calibration = make_calibration(100, called, low, high)
        told = read(replace(evaluation, groups=tuple(groups), calibration=calibration))["False positives"]
        accused.append("more than promised" in told)
    assert np.mean(accused) <= 0.05  # with the earlier rule it was 18 to 39 %


def test_a_threshold_that_is_off_is_told(evaluation):
    group = make_group(HARD, 0.9, balanced_accuracy=0.5, accuracy=0.5, accuracy_at_validation=0.8)
    told = read(replace(evaluation, groups=(group,)))["Threshold"]
    assert "at the balanced threshold from validation images it is 80.0 %" in told


def test_what_makes_numbers_worth_less_is_a_warning(evaluation):
    doubtful = replace(evaluation, warnings=("3 of 9 groups have fewer than 20 clusters in a class.",))
    warnings = [finding.topic for finding in list_findings(doubtful) if finding.is_warning]
    assert warnings == ["Swap test", "False positives", "Controls", "Intervals"]
    assert [finding.topic for finding in list_caveats(doubtful)] == ["Swap test", "Controls", "Intervals"]
    fine = replace(
        evaluation, swap=invent_swap(False), controls=(invent_control(False),), groups=evaluation.groups[1:2]
    )
    assert not any(finding.is_warning for finding in list_findings(fine))
    assert list_caveats(fine) == []


def test_several_controls_that_fire_are_one_finding(evaluation):
    fired = [replace(invent_control(), name=name) for name in ("a", "b", "c")]
    told = read(replace(evaluation, controls=tuple(fired)))["Controls"]
    assert "calls 61.0 % of a, 61.0 % of b and 61.0 % of c fake, compared with 5.0 % of the reals" in told


def test_each_control_is_compared_with_its_own_images(evaluation):
    other = replace(
        invent_control(), name="b", fake_share_of_reals=estimate(0.4, 0.3, 0.5), fake_share_of_fakes=estimate(1, 0.9, 1)
    )
    told = read(replace(evaluation, controls=(replace(invent_control(), name="a"), other)))["Controls"]
    assert told.endswith(
        "it calls 61.0 % of a fake, compared with 5.0 % of the reals and 80.0 % of the fakes; it calls 61.0 % of b "
        "fake, compared with 40.0 % of the reals and 100.0 % of the fakes."
    )


def test_few_images_do_not_show_chance(evaluation):
    def widen(group):
        return replace(group, metrics={**group.metrics, "auroc": estimate(0.72, 0.46, 0.98)})

    groups = tuple(map(widen, (make_group(EASY, 0.7), make_group(EASY, 0.7, "jpeg-90"))))
    told = read(replace(evaluation, groups=(*groups, make_group(EASY, 0.51, "jpeg-30"))))
    assert f"on {EASY} the AUROC is 0.720 [0.460, 0.980], not shown to be better than chance; at" in told["Alone"]
    assert told["JPEG"].endswith(
        "; at quality 30 it is no better than chance; at quality 90 it is not shown to be better than chance."
    )


def test_what_was_not_done_is_not_told(evaluation):
    little = replace(
        evaluation, swap=None, controls=(), worst=(), calibration=None, degradations=("none",),
        groups=evaluation.groups[1:2],
    )  # fmt: skip
    assert list(read(little)) == ["Alone", "False positives"]
    assert "no rate is promised" in read(little)["False positives"]


def test_a_broken_group_is_the_worst(evaluation):
    broken = replace(evaluation, worst=(WorstGroup("none", "accuracy", "coral", None),))
    assert read(broken)["Worst group"].startswith("coral, on which the detector broke down")
