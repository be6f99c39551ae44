import numpy as np

from fakeid.evaluation.quadrants import QUADRANTS, Quadrant, TrainedOn, select_quadrant
from fakeid.evaluation.scores import Scores, build_scores

TRAINED_ON = TrainedOn(("cat", "bus"), ("progan",))


def build(*rows: tuple[str, str, str]) -> Scores:
    """Build scores from rows of (test set, category, generator); `camera` means real."""
    sets, categories, generators = (list(column) for column in zip(*rows, strict=True))
    return build_scores(
        key=[str(number) for number in range(len(rows))],
        label=[int(generator != "camera") for generator in generators],
        category=categories,
        generator=generators,
        logit=np.arange(len(rows)),
        test_set=sets,
    )


def keys(scores: Scores) -> str:
    return " ".join(scores.key.tolist())


def test_each_fake_is_in_one_quarter_and_reals_are_beside_the_fakes_of_their_content() -> None:
    scores = build(
        ("test", "cat", "camera"),  # row 0
        ("test", "cat", "progan"),  # row 1
        ("test", "cat", "stylegan"),  # row 2
        ("test", "sheep", "camera"),  # row 3
        ("test", "sheep", "progan"),  # row 4
        ("test", "sheep", "stylegan"),  # row 5
    )
    found = {quadrant: keys(select_quadrant(scores, TRAINED_ON, quadrant)) for quadrant in QUADRANTS}
    assert found == {
        Quadrant(True, True): "0 1",
        Quadrant(True, False): "0 2",
        Quadrant(False, True): "3 4",
        Quadrant(False, False): "3 5",
    }


def test_reals_come_from_the_test_set_of_the_fakes() -> None:
    scores = build(
        ("test", "cat", "camera"), ("test", "cat", "progan"), ("other", "cat", "camera"), ("other", "cat", "biggan")
    )
    assert keys(select_quadrant(scores, TRAINED_ON, Quadrant(True, False))) == "2 3"
    assert keys(select_quadrant(scores, TRAINED_ON, Quadrant(True, True))) == "0 1"


def test_a_set_without_reals_borrows_those_of_the_same_content() -> None:
    scores = build(("test", "cat", "camera"), ("test", "sheep", "camera"), ("fakes", "cat", "biggan"))
    assert keys(select_quadrant(scores, TRAINED_ON, Quadrant(True, False))) == "0 2"


def test_a_set_without_reals_of_its_content_stands_alone() -> None:
    scores = build(("test", "cat", "camera"), ("faces", "face", "stylegan"))
    assert keys(select_quadrant(scores, TRAINED_ON, Quadrant(False, False))) == "1"


def test_a_quarter_without_fakes_is_empty() -> None:
    scores = build(("test", "cat", "camera"), ("test", "sheep", "camera"))
    assert [len(select_quadrant(scores, TRAINED_ON, quadrant)) for quadrant in QUADRANTS] == [0] * 4
