import numpy as np
import pytest

from fakeid.evaluation.matrix import find_worst_group

LABELS = np.array([0, 1, 0, 1, 0, 1, 1])
LOGITS = np.array([-1.0, 1.0, 2.0, -1.0, -1.0, -0.5, 9.0])
GROUPS = ["cat", "cat", "dog", "dog", "owl", "owl", "eel"]


@pytest.mark.parametrize(
    ("metric", "threshold", "expected"),
    [
        ("auroc", 0.0, ("dog", 0.0)),
        ("eer", 0.0, ("dog", 1.0)),  # less is better
        ("accuracy", 0.0, ("dog", 0.0)),
        ("accuracy", -0.6, ("dog", 0.0)),
        ("accuracy", 10.0, ("eel", 0.0)),
        ("fake_accuracy", 0.0, ("dog", 0.0)),
        ("balanced_accuracy", 2.5, ("cat", 0.5)),  # of equals the first by name; eels lack a class
    ],
)
def test_finds_the_worst(metric, threshold, expected):
    assert find_worst_group(LABELS, LOGITS, GROUPS, metric, threshold) == expected


def test_a_threshold_counts():
    labels, logits, groups = LABELS[:2].repeat(2), np.array([0.0, 1.0, 2.0, 3.0]), ["b", "a", "b", "a"]
    assert find_worst_group(labels, logits, groups, "accuracy", 2.5) == ("b", 0.5)
    assert find_worst_group(labels, logits, groups, "accuracy", 0.5) == ("a", 0.5)


def test_a_group_on_which_the_detector_broke_down_is_the_worst():
    broken = LOGITS.copy()
    broken[-1] = np.nan
    name, value = find_worst_group(LABELS, broken, GROUPS, "auroc")
    assert name == "eel"
    assert np.isnan(value)


def test_without_a_group_of_both_classes_there_is_no_worst():
    assert find_worst_group(LABELS, LOGITS, [f"{label}" for label in LABELS], "auroc") is None
    assert find_worst_group(LABELS[:0], LOGITS[:0], [], "accuracy") is None
