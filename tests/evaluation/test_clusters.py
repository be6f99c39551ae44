import pytest

from fakeid.errors import ConfigError
from fakeid.evaluation.statistics.bootstrap import name_clusters


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
