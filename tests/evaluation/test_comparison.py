import dataclasses
import math

import numpy as np
import pytest
from invented_sweep import invent_scores
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, roc_auc_score

from fakeid.config.constants import DEMO_CATEGORIES
from fakeid.errors import DataError
from fakeid.evaluation.comparison import Comparison, Detector, build_groups, compare_detectors
from fakeid.evaluation.scores import Scores, pair_scores
from fakeid.evaluation.statistics.multiple_testing import correct_holm
from fakeid.evaluation.statistics.paired_tests import compare_auroc, compute_placements

SIX = DEMO_CATEGORIES[:6]


def detector(name: str, *runs: Scores, seeds: tuple[int, ...] = ()) -> Detector:
    return Detector(name, np.stack([run.logit for run in runs]), seeds)


def compare(first: Detector, second: Detector, images: Scores) -> Comparison:
    return compare_detectors([(first, second)], images.label.to_numpy(), build_groups(images))[0]


@pytest.fixture
def pair() -> tuple[Scores, Scores]:
    one, two = (invent_scores({"a": 1.0, "b": 0.7}, images=90, run=run) for run in (1, 2))
    return one, two.assign(logit=(two.logit + 0.3 * two.label).round(1))


def test_each_group_is_mcnemars_and_delongs_test(pair):
    one, two = pair
    rows = compare(detector("one", one), detector("two", two), one).rows
    assert [row.name for row in rows] == ["all images", "a", "b"]
    for row in rows:
        chosen = np.ones(len(one), bool) if row.kind == "all" else one.category == row.name
        label, logits = one.label[chosen], [scores.logit[chosen] for scores in pair]
        right = [(logit >= 0) == label for logit in logits]
        gained, lost = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
        assert row.accuracy.difference.p_value == pytest.approx(binomtest(gained, gained + lost).pvalue)
        assert row.accuracy.first == pytest.approx(accuracy_score(label, logits[0] >= 0))
        assert row.accuracy.second == pytest.approx(accuracy_score(label, logits[1] >= 0))
        assert (row.num_real, row.num_fake) == ((label == 0).sum(), (label == 1).sum())
        # test_paired_tests.py checks compare_auroc against an independent reference.
        delong = compare_auroc(*([compute_placements(label, logit)] for logit in logits))
        assert row.auroc.difference == delong
        assert row.auroc.second - row.auroc.first == pytest.approx(delong.value)
        assert row.auroc.first == pytest.approx(roc_auc_score(label, logits[0]))


def test_all_pairs_of_detectors_are_corrected_together(pair):
    one, two = (detector(name, scores) for name, scores in zip("ab", pair, strict=True))
    three = dataclasses.replace(two, name="c", logits=two.logits[:, ::-1])
    compared = compare_detectors([(one, two), (one, three)], pair[0].label.to_numpy(), build_groups(pair[0]))
    measured = [part for each in compared for row in each.rows for part in (row.accuracy, row.auroc)]
    expected = correct_holm([part.difference.p_value for part in measured])
    assert [part.corrected_p for part in measured] == pytest.approx(expected)


def test_a_group_of_the_very_same_images_is_counted_once(pair):
    one, two = pair
    groups = build_groups(one)
    sides = detector("one", one), detector("two", two)
    once = compare_detectors([sides], one.label.to_numpy(), groups)[0].rows
    again = dataclasses.replace(groups[1], name="again")
    twice = compare_detectors([sides], one.label, [*groups, again])[0].rows
    assert twice[: len(once)] == once
    assert twice[-1].accuracy == once[1].accuracy


def test_the_other_way_round_everything_is_mirrored(pair):
    one, two = (detector(name, scores) for name, scores in zip("ab", pair, strict=True))
    for there, back in zip(compare(one, two, pair[0]).rows, compare(two, one, pair[0]).rows, strict=True):
        assert there.accuracy.difference.value == pytest.approx(-back.accuracy.difference.value)
        assert there.auroc.corrected_p == pytest.approx(back.auroc.corrected_p)


def test_the_order_of_rows_does_not_matter(pair):
    shuffled = [scores.sample(frac=1, random_state=i) for i, scores in enumerate(pair)]
    found = []
    for files in (pair, shuffled):
        pairing = pair_scores({"one": files[0], "two": files[1]})
        sides = (Detector(name, pairing.logits[[i]]) for i, name in enumerate(("one", "two")))
        found.append(compare(*sides, pairing.images))
    assert found[0] == found[1]


def test_noise_alone_claims_nothing():
    """For 30 pairs of equally good detectors, at most 5 % may be called different in any group by either metric."""
    claimed = 0
    for trial in range(30):
        skills = dict.fromkeys(SIX, 1.0)
        one, two = (invent_scores(skills, images=40, run=2 * trial + i, test_set=trial) for i in (0, 1))
        rows = compare(detector("one", one), detector("two", two), one).rows
        claimed += any(min(row.accuracy.corrected_p, row.auroc.corrected_p) < 0.05 for row in rows)
    assert claimed <= 4  # at a true rate of 5 %, 5 or more of 30 have a probability of 2 %


def test_noise_between_seeds_claims_nothing():
    claimed = 0
    for trial in range(30):
        rng = np.random.default_rng(trial)
        sides = []
        for side in range(2):
            runs = []
            for seed in range(3):
                skills = {name: 1.0 + 0.4 * rng.standard_normal() for name in SIX}
                runs.append(invent_scores(skills, images=30, run=10 * seed + side, test_set=trial))
            sides.append(detector(f"side {side}", *runs, seeds=(0, 1, 2)))
        rows = compare(*sides, runs[0]).rows
        claimed += any(min(row.accuracy.corrected_p, row.auroc.corrected_p) < 0.05 for row in rows)
    assert claimed <= 4


def test_several_seeds_are_matched_and_averaged():
    runs = [invent_scores({"a": 1.0, "b": 1.5}, images=60, run=run) for run in range(5)]
    one = detector("one", *runs[:3], seeds=(0, 1, 2))
    two = detector("two", runs[3], runs[4], seeds=(2, 0))
    found = compare(one, two, runs[0])
    assert (found.seeds, found.num_runs) == ((0, 2), 2)
    label = runs[0].label
    expected = np.mean([accuracy_score(label, runs[i].logit >= 0) for i in (0, 2)])
    assert found.rows[0].accuracy.first == pytest.approx(expected)
    assert found.rows[0].accuracy.difference.num_runs == 2
    expected = np.mean([roc_auc_score(label, runs[i].logit) for i in (3, 4)])
    assert found.rows[0].auroc.second == pytest.approx(expected)


def test_seeds_that_do_not_match_are_refused():
    runs = [invent_scores({"a": 1.0}, run=run) for run in range(4)]
    one = detector("one", *runs[:2], seeds=(0, 1))
    with pytest.raises(DataError, match=r"one has 0, 1 and two has 2, 3; give runs with common seeds"):
        compare(one, detector("two", *runs[2:], seeds=(2, 3)), runs[0])
    with pytest.raises(DataError, match="theirs has none"):
        compare(one, detector("theirs", runs[2]), runs[0])


def test_a_detector_that_broke_down_on_an_image_is_undefined_where_it_did(pair):
    one, two = pair
    logit = two.logit.copy()
    logit[np.flatnonzero(two.category == "b")[0]] = math.nan
    everything, a, b = compare(detector("one", one), detector("two", two.assign(logit=logit)), one).rows
    for row in (everything, b):
        assert math.isnan(row.accuracy.corrected_p)
        assert math.isnan(row.auroc.difference.value)
        assert math.isnan(row.accuracy.second)
    assert a.accuracy.corrected_p <= 1


def test_a_group_of_reals_alone_has_an_accuracy_but_no_auroc(pair):
    reals = pair[0].label == 0
    one, two = (scores[reals] for scores in pair)
    row = compare(detector("one", one), detector("two", two), one).rows[0]
    assert (row.num_fake, row.accuracy.first) == (0, pytest.approx(np.mean(one.logit < 0)))
    assert math.isnan(row.auroc.first)
    assert math.isnan(row.auroc.corrected_p)
