import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.fit_calibration import fit_calibration
from fakeid.evaluation.matrix import Measuring, find_worst, measure_matrix
from fakeid.evaluation.quadrants import TrainedOn
from fakeid.evaluation.records.results import UNKNOWN, EvaluationGroup
from fakeid.evaluation.scores import Scores, build_scores, to_arrays

TRAINED_ON = TrainedOn(("cat", "bus"), ("progan",))
PER_CELL = 20


@pytest.fixture(scope="module")
def scores() -> Scores:
    """Three contents with reals and two generators each, clean and as JPEG; sheep and biggan are harder."""
    rng = np.random.default_rng(0)
    parts = []
    for degradation, lead in (("none", 2.0), ("jpeg-75", 1.0)):
        for category in ("cat", "bus", "sheep"):
            for generator in ("camera", "progan", "biggan"):
                hard = (category == "sheep") + (generator == "biggan")
                mean = 0.0 if generator == "camera" else lead - 0.5 * hard
                parts.append(
                    build_scores(
                        key=[f"{category}/{generator}/{number}" for number in range(PER_CELL)],
                        label=[int(generator != "camera")] * PER_CELL,
                        category=[category] * PER_CELL,
                        generator=[generator] * PER_CELL,
                        degradation=[degradation] * PER_CELL,
                        logit=rng.normal(mean, 1.0, PER_CELL),
                    )
                )
    return pd.concat(parts, ignore_index=True)


def pick(groups: list[EvaluationGroup], kind: str, name: str, degradation: str = "none") -> EvaluationGroup:
    (found,) = [group for group in groups if (group.kind, group.name, group.degradation) == (kind, name, degradation)]
    return found


def test_all_groups_are_there(scores: Scores) -> None:
    groups = measure_matrix(scores, TRAINED_ON, Measuring())
    assert [(group.kind, group.name) for group in groups if group.degradation == "none"] == [
        ("quadrant", "seen content, seen generators"),
        ("quadrant", "seen content, unseen generators"),
        ("quadrant", "unseen content, seen generators"),
        ("quadrant", "unseen content, unseen generators"),
        ("category", "cat"),
        ("category", "bus"),
        ("category", "sheep"),
        ("generator", "progan"),
        ("generator", "biggan"),
    ]
    assert {group.kind for group in groups if group.degradation != "none"} == {"quadrant"}


def test_the_numbers_of_a_quarter_are_those_of_its_images(scores: Scores) -> None:
    group = pick(measure_matrix(scores, TRAINED_ON, Measuring()), "quadrant", "unseen content, unseen generators")
    own = (scores.degradation == "none") & (scores.category == "sheep") & (scores.generator != "progan")
    label, logit = scores.label[own], scores.logit[own]
    assert (group.num_real, group.num_fake) == (PER_CELL, PER_CELL)
    assert group.read("auroc").value == pytest.approx(roc_auc_score(label, logit))
    assert group.read("accuracy").value == pytest.approx(((logit >= 0) == label).mean())
    assert group.read("brier").value == pytest.approx(brier_score_loss(label, 1 / (1 + np.exp(-logit))))
    assert (group.seen_content, group.seen_generator) == (False, False)


def test_the_chosen_threshold_and_the_calibration_are_applied(scores: Scores) -> None:
    validation = scores[scores.degradation == "none"]
    calibration = fit_calibration(*to_arrays(validation))
    assert calibration is not None
    group = pick(measure_matrix(scores, TRAINED_ON, Measuring(calibration)), "category", "cat")
    own = (scores.degradation == "none") & (scores.category == "cat")
    called = scores.logit[own] >= calibration.threshold
    assert group.read("accuracy_at_chosen").value == pytest.approx((called == scores.label[own]).mean())
    p_fake = 1 / (1 + np.exp(-calibration.apply(scores.logit[own])))
    assert group.read("brier_calibrated").value == pytest.approx(brier_score_loss(scores.label[own], p_fake))


def test_an_oracle_is_computed_on_request_alone(scores: Scores) -> None:
    without, marked = (measure_matrix(scores, TRAINED_ON, Measuring(oracle=oracle)) for oracle in (False, True))
    assert not any("oracle" in name for group in without for name in group.metrics)
    for group in marked:
        assert group.read("balanced_accuracy_at_oracle").value >= group.read("balanced_accuracy").value


def test_images_of_one_source_are_one_witness(scores: Scores) -> None:
    cats = scores[(scores.degradation == "none") & (scores.category == "cat")]
    copies = pd.concat([cats] * 9, ignore_index=True)  # nine copies of the same images add no information

    def width(cluster: str | None) -> float:
        accuracy = measure_matrix(copies, TRAINED_ON, Measuring(cluster=cluster))[0].read("accuracy")
        assert accuracy.low is not None
        assert accuracy.high is not None
        return accuracy.high - accuracy.low

    assert width(".*") > 2 * width(None)


def test_several_sets_are_listed_each(scores: Scores) -> None:
    second = scores.copy()
    second.loc[second.category == "sheep", "test_set"] = "farm"
    groups = measure_matrix(second, TRAINED_ON, Measuring())
    assert pick(groups, "test_set", "farm", "jpeg-75").num_real == PER_CELL
    assert pick(groups, "test_set", "test").num_fake == 4 * PER_CELL


def test_the_worst_case_is_named_by_content_and_generator(scores: Scores) -> None:
    cases = {
        (category, generator): (scores.degradation == "none")
        & (scores.category == category)
        & np.isin(scores.generator, ["camera", generator])
        for category in ("cat", "bus", "sheep")
        for generator in ("progan", "biggan")
    }
    aurocs = {case: roc_auc_score(scores.label[own], scores.logit[own]) for case, own in cases.items()}
    (category, generator), value = min(aurocs.items(), key=lambda item: item[1])
    worst = next(row for row in find_worst(scores, TRAINED_ON) if (row.degradation, row.metric) == ("none", "auroc"))
    assert worst.group == f"{category}, {'seen' if generator == 'progan' else 'unseen'} generators"
    assert worst.value == pytest.approx(value)


def build_cases(logits: dict[str, tuple[list[float], list[float]]]) -> Scores:
    """Build scores from the logits of the reals and of the fakes of each category."""
    rows = [
        (category, label, logit)
        for category, sides in logits.items()
        for label, side in enumerate(sides)
        for logit in side
    ]
    categories, labels, found = zip(*rows, strict=True)
    generators = [("camera", "progan")[label] for label in labels]
    keys = [str(number) for number in range(len(rows))]
    return build_scores(key=keys, label=labels, category=categories, generator=generators, logit=found)


@pytest.mark.parametrize(
    ("threshold", "accuracy", "auroc"),
    [
        (0.0, ("dog", 0.0), ("dog", 0.0)),
        (-0.6, ("dog", 0.0), ("dog", 0.0)),
        (2.5, ("cat", 0.5), ("dog", 0.0)),  # among equals the first by name
        (10.0, ("eel", 0.0), ("dog", 0.0)),  # eel has only one class, and therefore only an accuracy
    ],
)
def test_the_worst_depends_on_the_threshold_and_needs_a_meaning(
    threshold: float, accuracy: tuple[str, float], auroc: tuple[str, float]
) -> None:
    logits = {"owl": ([-1.0], [-0.5]), "cat": ([-1.0], [1.0]), "dog": ([2.0], [-1.0]), "eel": ([], [9.0])}
    found = {row.metric: (row.group, row.value) for row in find_worst(build_cases(logits), TRAINED_ON, threshold)}
    assert found == {
        metric: (f"{category}, seen generators", value)
        for metric, (category, value) in {"accuracy": accuracy, "auroc": auroc}.items()
    }


def test_without_a_case_of_both_classes_there_is_no_worst_auroc() -> None:
    alone = build_cases({"owl": ([], [1.0]), "cat": ([-1.0], [])})
    assert [(row.metric, row.group) for row in find_worst(alone, TRAINED_ON)] == [("accuracy", "owl, seen generators")]
    assert find_worst(alone[alone.label == 0], TRAINED_ON) == []


def test_a_detector_that_broke_down_gets_none(scores: Scores) -> None:
    broken = scores.copy()
    broken.loc[broken.category == "sheep", "logit"] = np.nan
    calibration = Calibration(1.0, 0.0, 0.0, 0.05, 0, 0.0, 0.3, 0.0, 0.4, 0.6, 0.05, 10, 10)
    groups = measure_matrix(broken, TRAINED_ON, Measuring(calibration))
    assert pick(groups, "category", "sheep").read("auroc") == UNKNOWN
    assert pick(groups, "category", "cat").read("auroc").value is not None
    worst = find_worst(broken, TRAINED_ON)[0]
    assert worst.group.startswith("sheep")
    assert worst.value is None
