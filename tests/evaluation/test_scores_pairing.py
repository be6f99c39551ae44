import numpy as np
import pytest
from invented_sweep import invent_scores

from fakeid.errors import DataError
from fakeid.evaluation.scores import Scores, join_scores, pair_scores


@pytest.fixture
def scores() -> Scores:
    return invent_scores({"cat": 1.0, "dog": 1.0}, images=5)


def test_images_are_matched_by_key(scores):
    order = np.random.default_rng(0).permutation(len(scores))
    other = scores.assign(logit=scores.logit + 1).iloc[order]
    pairing = pair_scores({"a": scores, "b": other})
    np.testing.assert_allclose(pairing.logits[1] - pairing.logits[0], 1)
    assert pairing.left_out == (0, 0)
    assert sorted(pairing.images.key.tolist()) == sorted(scores.key.tolist())
    np.testing.assert_array_equal(pairing.images.logit, pairing.logits[0])


def test_an_image_that_one_lacks_is_left_out_of_all(scores):
    pairing = pair_scores({"a": scores, "b": scores[np.arange(len(scores)) != 3], "c": scores})
    assert pairing.left_out == (1, 0, 1)
    assert pairing.logits.shape == (3, len(scores) - 1)
    assert scores.key[3] not in set(pairing.images.key)


def test_the_same_key_elsewhere_is_another_image(scores):
    moved = scores.assign(test_set="photos")
    degraded = scores.assign(degradation="jpeg-75")
    for other in (moved, degraded):
        with pytest.raises(DataError, match="images that all have in common by test_set, degradation and key"):
            pair_scores({"a": scores, "b": other})


def test_nothing_in_common_shows_an_example_of_each(scores):
    empty = scores[np.zeros(len(scores), bool)]
    with pytest.raises(DataError, match=r"a has 'cat/real/0-00000' \(test_set test, degradation none\), b has no row"):
        pair_scores({"a": scores, "b": empty})


def test_labels_that_disagree_are_an_error(scores):
    label = scores.label.copy()
    label[0] = 1
    with pytest.raises(DataError, match=r"'cat/real/0-00000' .* is real in a and fake in b"):
        pair_scores({"a": scores, "b": scores.assign(label=label)})


def test_an_image_twice_is_an_error(scores):
    twice = scores.iloc[[0, 1, 0]]
    with pytest.raises(DataError, match="got two for 'cat/real/0-00000'"):
        pair_scores({"a": scores, "b": twice})


def test_joined_scores_hold_each_image_once(scores):
    evaluated = scores.assign(logit=scores.logit + 1).head(7)
    joined = join_scores(evaluated, scores)
    assert len(joined) == len(scores)
    assert joined.logit[:7].tolist() == (scores.logit[:7] + 1).tolist()
    assert set(joined.key.tolist()) == set(scores.key.tolist())
