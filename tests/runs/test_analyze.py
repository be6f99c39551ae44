"""Evaluations say how sure their rates are, what they assume, and how to repeat them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from invented_evaluation import invent_small_evaluation

from fakeid.data.records import Record
from fakeid.data.sources.folders import FolderSource
from fakeid.data.test_sets import ImageSet
from fakeid.evaluation.quadrants import TrainedOn
from fakeid.evaluation.scores import Scores, build_scores
from fakeid.reporting.evaluation.findings import list_caveats
from fakeid.runs.evaluate.analyze import list_presumed, measure_one_class

SCENE = "scene_[0-9]+"


def draw_bursts(scenes: int = 30, photos: int = 20) -> Scores:
    """Draw reals whose scores depend on their scene far more than on the photo."""
    rng = np.random.default_rng(0)
    count = scenes * photos
    logits = np.repeat(rng.normal(-1, 1, scenes), photos) + rng.normal(0, 0.1, count)
    keys = [f"scene_{scene}/{photo}.jpg" for scene in range(scenes) for photo in range(photos)]
    return build_scores(
        key=keys, label=[0] * count, category=["mine"] * count, generator=["camera"] * count, logit=logits,
        test_set="mine",
    )  # fmt: skip


def test_photos_of_one_scene_do_not_count_as_many_for_the_rate_of_reals_alone() -> None:
    scores = draw_bursts()
    (alone,) = measure_one_class(scores, 0.0)
    (clustered,) = measure_one_class(scores, 0.0, SCENE)
    assert clustered.called_fake.value == alone.called_fake.value
    widths = [rate.called_fake.high - rate.called_fake.low for rate in (alone, clustered)]
    assert widths[1] > 3 * widths[0]
    assert (alone.num_clusters, clustered.num_clusters) == (None, 30)


def test_what_is_unseen_only_by_the_name_of_its_folder_is_a_caveat() -> None:
    def list_sentences(unnamed: Sequence[str], *, control: bool = False) -> list[str]:
        records = [Record(f"1_fake/{n}.png", 1, "faces_test", "faces_test", str(n)) for n in range(2)]
        part = ImageSet(
            "faces_test", FolderSource("faces_test"), records, "faces_test", control, unnamed=tuple(unnamed)
        )
        return list(list_presumed([part], TrainedOn(("faces_train",), ("faces_test",))))

    (told,) = list_sentences(["category", "generator"])  # this generator was trained on
    assert told.startswith("faces_test is counted as unseen, because its folder names no category; lay it out as")
    assert list_sentences(["generator"]) == list_sentences(["category"], control=True) == []
    before = invent_small_evaluation()
    caveats = list_caveats(replace(before, presumed=(told,)))
    assert [(each.topic, each.text) for each in caveats if each not in list_caveats(before)] == [("Unseen", told)]
