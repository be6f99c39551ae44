import pandas as pd
import pytest
from invented_sweep import invent_scores

from fakeid.evaluation.comparison import build_groups
from fakeid.evaluation.quadrants import TrainedOn
from fakeid.evaluation.scores import Scores


def name_images(scores: Scores, trained_on: list[TrainedOn] | None = None, categories: tuple[str, ...] = ()) -> dict:
    groups = build_groups(scores, trained_on, categories)
    return {
        (group.kind, group.name): {
            (scores.test_set[i], scores.degradation[i], scores.category[i], scores.generator[i])
            for i in group.rows.tolist()
        }
        for group in groups
    }


@pytest.fixture
def images() -> Scores:
    own = invent_scores({"cat": 1, "dog": 1, "sheep": 1}, images=3)
    photos = invent_scores({"cat": 1, "cow": 1}, images=2).assign(test_set="photos")
    fakes = photos[photos.label == 1]
    new = fakes.assign(test_set="new fakes", generator="stylegan")
    jpegs = [own.assign(degradation=word) for word in ("jpeg-30", "jpeg-75")]
    return pd.concat([own, photos, new, *jpegs], ignore_index=True)


def test_groups_come_in_order_and_only_where_there_is_a_choice(images):
    listed = [(group.kind, group.name) for group in build_groups(images, None, ("dog", "cat"))]
    assert listed == [
        ("all", "all images"),
        *(("category", name) for name in ("dog", "cat", "cow", "sheep")),
        *(("test_set", name) for name in ("new fakes", "photos", "test")),
        ("degradation", "jpeg-75"),
        ("degradation", "jpeg-30"),  # from mild to strong, as in the list of degradations
    ]
    plain = invent_scores({"cat": 1})
    assert [group.name for group in build_groups(plain)] == ["all images"]


def test_all_but_degradations_are_of_images_as_they_are(images):
    found = name_images(images, [TrainedOn(("cat",), ("gan",))] * 2)
    for (kind, name), members in found.items():
        assert {member[1] for member in members} == {name if kind == "degradation" else "none"}


def test_scores_of_degraded_images_alone(images):
    only = images[images.degradation == "jpeg-30"]
    assert [group.name for group in build_groups(only)] == ["jpeg-30"]


def test_a_test_set_without_reals_borrows_the_own_ones(images):
    found = name_images(images)
    assert {member[0] for member in found["test_set", "new fakes"]} == {"new fakes", "test"}
    assert {member[3] for member in found["test_set", "new fakes"]} == {"stylegan", "camera"}
    assert {member[0] for member in found["test_set", "photos"]} == {"photos"}


def test_seen_is_what_all_and_unseen_what_none_was_trained_on(images):
    trained = [TrainedOn(("cat", "dog"), ("gan",)), TrainedOn(("cat",), ("gan", "stylegan"))]
    found = {name: members for (kind, name), members in name_images(images, trained).items() if kind == "quadrant"}
    content = {name: {member[2] for member in members} for name, members in found.items()}
    assert content == {
        "seen content, seen generators": {"cat"},
        "unseen content, seen generators": {"cow", "sheep"},
        "content seen by some": {"dog"},
        "other content, generators seen by some": {"cat", "cow", "sheep"},
    }
    fakes = {name: {member[3] for member in members} - {"camera"} for name, members in found.items()}
    assert fakes["seen content, seen generators"] == {"gan"}
    assert fakes["other content, generators seen by some"] == {"stylegan"}
