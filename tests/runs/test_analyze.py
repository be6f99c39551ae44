"""Evaluations say how sure their rates are, what they assume, and how to repeat them."""

import numpy as np

from fakeid.evaluation.scores import Scores, build_scores
from fakeid.runs.evaluate.analyze import measure_one_class

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
