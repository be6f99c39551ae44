"""How groups of an evaluation are looked up and listed."""

from pathlib import Path

import pytest

from fakeid.evaluation.quadrants import QUADRANTS, TrainedOn
from fakeid.evaluation.records.evaluation import EvaluatedDetector, EvaluatedSet, Evaluation
from fakeid.evaluation.records.results import UNKNOWN, Estimate, EvaluationGroup
from fakeid.io import read_record, write_record

EASY, HARD = str(QUADRANTS[0]), str(QUADRANTS[3])


def make_group(kind: str, name: str, degradation: str = "none", images: int = 5) -> EvaluationGroup:
    return EvaluationGroup(images, images, {"auroc": Estimate(0.9, 0.8, 1.0)}, kind, name, degradation)


@pytest.fixture
def evaluation() -> Evaluation:
    return Evaluation(
        title="demo",
        detector=EvaluatedDetector("best.ckpt", "pelee", "rgb", "none", 64),
        trained_on=TrainedOn(("cat",), ("progan",), "bus"),
        test_sets=(EvaluatedSet("test", "here", 3, 4), EvaluatedSet("farm", "there", 5, 6)),
        degradations=("none", "jpeg-75"),
        groups=(
            make_group("category", "cat"),
            make_group("quadrant", HARD),
            make_group("quadrant", EASY),
            make_group("quadrant", EASY, "jpeg-75"),
            make_group("quadrant", str(QUADRANTS[1]), images=0),
            make_group("test_set", "test"),
            make_group("test_set", "farm"),
        ),
    )


def test_groups_are_listed_from_easy_to_hard_where_they_hold_images(evaluation: Evaluation) -> None:
    assert evaluation.list_names("quadrant") == [EASY, HARD]
    assert [(group.name, group.degradation) for group in evaluation.list_tested()] == [
        (EASY, "none"), (EASY, "jpeg-75"), (HARD, "none"), ("test", "none"), ("farm", "none"), ("cat", "none"),
    ]  # fmt: skip
    assert [group.name for group in evaluation.list_tested(("quadrant",), "jpeg-75")] == [EASY]
    assert evaluation.list_main() == [
        ("quadrant", EASY),
        ("quadrant", HARD),
        ("test_set", "test"),
        ("test_set", "farm"),
    ]


def test_what_was_not_measured_is_unknown(evaluation: Evaluation) -> None:
    assert evaluation.read("auroc", "quadrant", EASY).value == 0.9
    assert evaluation.read("auroc", "quadrant", HARD, "jpeg-75") == UNKNOWN
    assert evaluation.read("eer", "quadrant", EASY) == UNKNOWN
    assert evaluation.find("quadrant", "nowhere") is None
    assert evaluation.count_images() == {"real": 8, "fake": 10}


def test_a_file_is_read_as_it_was_written(evaluation: Evaluation, tmp_path: Path) -> None:
    path = tmp_path / "evaluation.json"
    write_record(path, evaluation)
    assert read_record(path, Evaluation) == evaluation
