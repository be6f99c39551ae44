import numpy as np
import pytest

from fakeid.errors import ConfigError
from fakeid.evaluation.statistics.bootstrap import count_clusters, draw_repeats, name_clusters


def partition(keys, by, categories=None):
    names = name_clusters(keys, categories or ["cat"] * len(keys), by).tolist()
    return [names.index(name) for name in names]


def test_a_stem_is_shared_by_a_photo_and_what_was_made_of_it():
    keys = ["cat/0_real/a.png", "cat/1_fake/a.jpg", "cat/b_real.png", "b_fake.webp", "c.tar.png", "c.png"]
    assert partition(keys, "stem") == [0, 0, 2, 2, 4, 5]


def test_categories_share_nothing():
    assert partition(["cat/real/001", "dog/real/001"], "stem", ["cat", "dog"]) == [0, 1]


def test_a_regular_expression_names_the_scene():
    keys = ["scene_1/a", "scene_1/b", "scene_12/a", "other", "x/other", "other"]
    assert partition(keys, "scene_[0-9]+") == [0, 0, 2, 3, 4, 3]
    assert partition(keys, "scene_([0-9])") == [0, 0, 0, 3, 4, 3]
    assert partition(["s1_cam2_x", "s1_cam2_y", "s1_cam3_x"], "(s[0-9]).*(cam[0-9])") == [0, 0, 2]
    assert partition(["a1", "a", "b"], "[ab]([0-9])?") == [0, 1, 1]


def test_no_regular_expression_is_an_error_with_a_way_out():
    with pytest.raises(ConfigError, match=r"cluster must be stem or a regular expression .* got '\('"):
        name_clusters(["a"], ["cat"], "(")


def draw(labels, clusters, resamples=400, logits=None):
    logits = np.zeros(len(labels)) if logits is None else logits
    return np.concatenate([*draw_repeats(np.array(labels), logits, clusters, np.random.default_rng(0), resamples)])


def test_a_cluster_comes_whole():
    labels, clusters = [0, 0, 1, 1, 0, 1], np.array(["a", "b", "a", "c", "b", "d"])
    repeats = draw(labels, clusters)
    for name in "abcd":
        assert (repeats[:, clusters == name] == repeats[:, clusters == name][:, :1]).all()
    # One cluster with both classes, one with reals, two with fakes: only those of fakes can be drawn unequally.
    assert (repeats[:, [0, 1, 2, 4]] == 1).all()
    assert (repeats[:, 3] + repeats[:, 5] == 2).all()
    assert np.mean(repeats[:, 3] == 1) == pytest.approx(0.5, abs=0.08)


def test_images_that_are_their_own_clusters_are_drawn_as_without():
    labels = np.repeat([0, 1], [30, 5])
    for clusters in (None, np.arange(35), [f"{i}" for i in range(35)]):
        repeats = draw(labels, clusters, 4000)
        assert (repeats[:, :30].sum(axis=1) == 30).all()
        assert (repeats[:, 30:].sum(axis=1) == 5).all()
        # Multinomial: the number of repeats of each image has mean 1 and variance 1 - 1/n.
        assert repeats.mean(axis=0) == pytest.approx(1, abs=0.08)
        assert repeats.var(axis=0) == pytest.approx(1 - 1 / np.repeat([30.0, 5.0], [30, 5]), abs=0.15)


def test_every_resample_has_both_classes():
    repeats = draw([0, 1, 0, 1, 0], ["a", "a", "b", "c", "b"])
    assert (repeats[:, [0, 2, 4]].sum(axis=1) > 0).all()
    assert (repeats[:, [1, 3]].sum(axis=1) > 0).all()


def test_batches_add_up():
    assert draw(np.repeat([0, 1], 200_000), None, 7).shape == (7, 400_000)
    assert draw([0], None, 3).shape == (3, 1)


def test_clusters_are_counted_by_class():
    labels = np.array([0, 0, 1, 1, 1])
    assert count_clusters(labels, None) == (2, 3, 5)
    assert count_clusters(labels, ["a", "a", "a", "b", "c"]) == (1, 3, 3)
