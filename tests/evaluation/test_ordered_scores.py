import invented_evaluation
import numpy as np
from invented_sweep import invent_scores

from fakeid.evaluation.ordered_scores import split_by_category, split_by_quadrant
from fakeid.evaluation.quadrants import TrainedOn
from fakeid.evaluation.scores import Scores


def shuffle(scores: Scores) -> Scores:
    return scores.sample(frac=1, random_state=0)


def test_the_order_of_the_file_does_not_matter():
    scores = invent_scores({"cat": 1.0, "bus": 0.5})
    one, two = split_by_category(scores), split_by_category(shuffle(scores))
    assert set(one) == set(two) == {"cat", "bus"}
    for name in one:
        assert one[name].digest == two[name].digest
        np.testing.assert_array_equal(one[name].logit, two[name].logit)
        np.testing.assert_array_equal(one[name].label, two[name].label)


def test_other_images_have_another_digest():
    one, two = (split_by_category(invent_scores({"cat": 1.0}, test_set=number)) for number in (0, 1))
    assert one["cat"].digest != two["cat"].digest


def test_degraded_images_are_left_out():
    scores = invent_scores({"cat": 1.0})
    jpeg = scores.assign(degradation=np.array(["none"] * 10 + ["jpeg-50"] * 30))
    assert len(split_by_category(jpeg)["cat"].logit) == 10


def test_quarters_hold_their_fakes_and_the_reals_of_their_content_as_they_are():
    scores = invented_evaluation.invent_scores(["cat", "bus"], ["old", "new"], ["none", "jpeg-50"], each=5)
    one, two = (split_by_quadrant(each, TrainedOn(("cat",), ("old",))) for each in (scores, shuffle(scores)))
    assert [(name, int((part.label == 0).sum()), int((part.label == 1).sum())) for name, part in one.items()] == [
        ("seen content, seen generators", 5, 5),
        ("seen content, unseen generators", 5, 5),
        ("unseen content, seen generators", 5, 5),
        ("unseen content, unseen generators", 5, 5),
    ]
    assert {name: part.digest for name, part in one.items()} == {name: part.digest for name, part in two.items()}
    assert len({part.digest for part in one.values()}) == 4
    assert set(split_by_quadrant(scores, TrainedOn(("cat", "bus"), ("old", "new")))) == {
        "seen content, seen generators"
    }
