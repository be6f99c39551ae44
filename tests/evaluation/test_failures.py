import numpy as np

from fakeid.evaluation.failures import find_mistakes
from fakeid.evaluation.scores import Scores, build_scores


def make_scores(labels, logits, degradations=None) -> Scores:
    count = len(labels)
    return build_scores(
        key=[f"k{i}" for i in range(count)], label=labels, category=["cat"] * count, generator=["g"] * count,
        degradation=degradations or ["none"] * count, logit=logits,
    )  # fmt: skip


def test_the_surest_come_first():
    scores = make_scores([0, 0, 0, 0, 1, 1, 1, 1], [-1.0, 0.5, 9.0, 3.0, 2.0, -7.0, -0.1, -8.0])
    alarms, misses = find_mistakes(scores, 2)
    assert alarms.key.tolist() == ["k2", "k3"]
    assert misses.key.tolist() == ["k7", "k5"]
    assert alarms.label.tolist() == [0, 0]
    assert misses.logit.tolist() == [-8.0, -7.0]


def test_infinite_logits_are_the_surest_and_nan_is_no_call():
    scores = make_scores([0, 0, 0, 1, 1, 1], [np.inf, 1.0, np.nan, -np.inf, -1.0, np.nan])
    alarms, misses = find_mistakes(scores)
    assert alarms.key.tolist() == ["k0", "k1"]
    assert misses.key.tolist() == ["k3", "k4"]


def test_the_threshold_counts_as_fake():
    alarms, misses = find_mistakes(make_scores([0, 1, 1], [2.0, 2.0, 1.0]), threshold=2.0)
    assert alarms.key.tolist() == ["k0"]
    assert misses.key.tolist() == ["k2"]


def test_degraded_images_are_left_out_and_a_perfect_detector_makes_none():
    scores = make_scores([0, 1, 0], [-1.0, 1.0, 5.0], ["none", "none", "jpeg-50"])
    assert [len(found) for found in find_mistakes(scores)] == [0, 0]


def test_ties_are_in_the_order_of_keys():
    scores = make_scores([0] * 4, [3.0] * 4)
    assert find_mistakes(scores.iloc[[2, 0, 3, 1]], 3)[0].key.tolist() == ["k0", "k1", "k2"]
