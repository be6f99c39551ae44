import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from fakeid.evaluation.records.results import UNKNOWN
from fakeid.evaluation.records.run_summary import RunResults
from fakeid.evaluation.scores import Scores, build_scores
from fakeid.evaluation.statistics.intervals import wilson_interval
from fakeid.evaluation.summary import measure_generators, summarize
from fakeid.io import parse_record, to_plain_record

METRICS = ("accuracy", "real_accuracy", "fake_accuracy", "auroc", "average_precision")


@pytest.fixture
def scores() -> Scores:
    rng = np.random.default_rng(0)
    category = np.repeat(["cat", "bus", "sheep"], [60, 40, 50])
    label = np.arange(150) % 2
    return build_scores(
        key=[str(i) for i in range(150)],
        label=label,
        category=category,
        generator=np.where(label == 0, "camera", "progan"),
        logit=rng.normal(2 * label - 1 + (category == "bus"), 1.0),
    )


def test_groups_pool_the_images_of_their_categories(scores):
    seen = summarize(scores, ["bus", "cat"], ["sheep"]).seen
    label, logit = scores.label[:100], scores.logit[:100]
    assert (seen.num_real, seen.num_fake) == (50, 50)
    assert seen.read("auroc").value == pytest.approx(roc_auc_score(label, logit))
    assert seen.read("average_precision").value == pytest.approx(average_precision_score(label, logit))
    successes = int(((logit >= 0) == label).sum())
    assert seen.read("accuracy").value == successes / 100
    assert (seen.read("accuracy").low, seen.read("accuracy").high) == wilson_interval(successes, 100)
    right_reals = int((logit[label == 0] < 0).sum())
    assert (seen.read("real_accuracy").low, seen.read("real_accuracy").high) == wilson_interval(right_reals, 50)


def test_pooling_notices_a_shift_between_categories():
    # Each category is ranked perfectly, but no threshold works for both.
    scores = build_scores(
        key=list("abcd"),
        label=[0, 1, 0, 1],
        category=["cat", "cat", "bus", "bus"],
        generator=["camera", "gan"] * 2,
        logit=[-2.0, -1.0, 1.0, 2.0],
    )
    summary = summarize(scores, ["cat", "bus"], [])
    assert [group.read("auroc").value for group in summary.categories.values()] == [1.0, 1.0]
    assert summary.seen.read("auroc").value == 0.75


def test_categories_keep_the_given_order_and_know_whether_they_were_seen(scores):
    categories = summarize(scores, ["cat", "bus"], ["sheep"]).categories
    assert [(name, group.seen) for name, group in categories.items()] == [
        ("cat", True),
        ("bus", True),
        ("sheep", False),
    ]
    assert categories["bus"].num_real == 20


def test_a_single_unseen_category_has_the_same_numbers_as_all_unseen(scores):
    summary = summarize(scores, ["cat", "bus"], ["sheep"])
    assert summary.categories["sheep"].metrics == summary.unseen.metrics


def test_degraded_images_and_other_categories_do_not_enter(scores):
    expected = summarize(scores, ["cat"], ["sheep"])
    degraded = scores.assign(degradation="jpeg-50", logit=-scores.logit)
    both = pd.concat([scores, degraded], ignore_index=True)
    assert summarize(both, ["cat"], ["sheep"]) == expected


def test_each_generator_is_measured_against_all_reals_where_content_is_of_one_kind(scores):
    cats = scores[scores.category == "cat"]
    fakes = cats.index[cats.label == 1]
    cats = cats.assign(generator=np.where(cats.label == 0, "camera", "progan"))
    cats.loc[fakes[: len(fakes) // 2], "generator"] = "dcgan"
    groups = measure_generators(cats, ["progan"], None)
    assert [(name, group.seen) for name, group in groups.items()] == [("dcgan", False), ("progan", True)]
    for name, group in groups.items():
        expected = summarize(cats[cats.generator.isin(["camera", name])], ["cat"], []).seen
        assert (group.num_real, group.metrics) == (expected.num_real, expected.metrics)
    assert measure_generators(cats[cats.generator != "dcgan"], ["progan"], None) == {}
    assert measure_generators(scores.assign(generator=scores.key), [], None) == {}


def test_what_is_undefined_is_none_and_the_rest_is_ready_for_json(scores):
    reals = scores[scores.label == 0]
    summary = summarize(reals, ["cat"], [])
    assert summary.unseen is None
    assert summary.seen.read("auroc") == summary.seen.read("fake_accuracy") == UNKNOWN
    assert summary.seen.read("real_accuracy").value is not None
    assert parse_record(json.loads(json.dumps(to_plain_record(summary), allow_nan=False)), RunResults) == summary


def test_a_category_without_images_is_listed_with_none(scores):
    group = summarize(scores, ["cat"], ["unicorn"]).categories["unicorn"]
    assert group.num_images == 0
    assert all(group.read(metric) == UNKNOWN for metric in METRICS)


def test_a_broken_detector_gets_none(scores):
    broken = scores.assign(logit=np.full(150, np.nan))
    group = summarize(broken, ["cat"], ["sheep"]).seen
    assert all(group.read(metric) == UNKNOWN for metric in METRICS)
