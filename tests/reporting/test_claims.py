import copy
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from fakeid.config.constants import DEMO_CATEGORIES, FAKE
from fakeid.reporting.sweep.answer import write_answer, write_caveat
from fakeid.reporting.sweep.claims import compare_configurations, find_common_unseen
from fakeid.reporting.sweep.configurations import FinishedRun, collect_configurations


def right(run, categories):
    return np.concatenate([(run.images[c].logit >= 0) == (run.images[c].label == FAKE) for c in categories])


def test_settings_are_compared_on_what_neither_was_trained_on(invented):
    runs = [invented(5), invented(5, color="hsv", skill=1.6)]
    claims = compare_configurations(collect_configurations(runs))
    (claim,) = claims.settings
    assert (claim.first.setting.color, claim.second.setting.color) == ("rgb", "hsv")
    assert claim.categories == DEMO_CATEGORIES[5:]
    assert claim.num_images == 6 * 40
    a, b = (right(run, DEMO_CATEGORIES[5:]) for run in runs)
    gained, lost = int((b & ~a).sum()), int((a & ~b).sum())
    assert claim.accuracy.value == pytest.approx((gained - lost) / 240)
    # The two networks differ beyond chance, but nothing is claimed about their configurations.
    assert claim.accuracy.p_value == pytest.approx(binomtest(gained, gained + lost).pvalue)
    assert claim.accuracy.p_value < 1e-5
    assert math.isnan(claim.accuracy_p)
    assert claim.verdict == "not judged"


def test_numbers_of_categories_are_compared_on_the_same_images(invented):
    claims = compare_configurations(
        collect_configurations([invented(1), invented(5, skill=1.5), invented(10, skill=2.5)])
    )
    assert claims.settings == []
    assert [(c.first.categories, c.second.categories, c.num_images) for c in claims.categories] == [
        (1, 5, 240), (1, 10, 40), (5, 10, 40),
    ]  # fmt: skip
    assert [c.categories[-1] for c in claims.categories] == ["coral"] * 3


def test_holm_counts_every_comparison_of_the_page_once(invented):
    runs = [invented(k, seed, skill=1 + 0.1 * k) for k in (1, 2, 5) for seed in range(2)]
    claims = compare_configurations(collect_configurations(runs))
    # Three steps on images that neither was trained on, all three pairs on images that no run was; two overlap.
    tests = {claim.test for claim in (*claims.categories, *claims.pairs)}
    assert len(tests) < len(claims.categories) + len(claims.pairs)
    rows = (*claims.categories, *claims.pairs)
    found = [(row.accuracy.p_value, row.accuracy_p) for row in rows]
    found += [(row.auroc.p_value, row.auroc_p) for row in rows]
    p_value, corrected = min(found)
    assert corrected == pytest.approx(min(1.0, 2 * len(tests) * p_value))  # accuracy and AUROC are one family


def test_runs_that_differ_by_seed_alone_claim_nothing(invented):
    claims = compare_configurations(collect_configurations([invented(5, 0), invented(5, 1)]))
    assert (claims.settings, claims.categories, claims.best) == ([], [], [])


def test_equal_settings_do_not_differ_and_the_best_is_corrected_for_all_pairs(invented):
    runs = [invented(5, seed, color) for seed in range(2) for color in ("rgb", "hsv", "ycbcr")]
    configurations = collect_configurations(runs)
    claims = compare_configurations(configurations)
    assert {claim.verdict for claim in [*claims.settings, *claims.best]} == {"not significant"}
    assert {claim.seeds for claim in claims.settings} == {(0, 1)}
    assert (len(claims.pairs), len(claims.best), claims.named_best) == (3, 2, None)


def test_only_common_seeds_are_compared(invented):
    configurations = collect_configurations(
        [invented(5, 0), invented(5, 1), invented(5, 1, "hsv"), invented(5, 7, "ycbcr")]
    )
    claims = compare_configurations(configurations)
    assert [claim.seeds for claim in claims.settings] == [(1,)]
    assert {reason for *_, reason in claims.refused} == {"they have no seed in common"}


def test_other_images_are_not_compared(invented):
    claims = compare_configurations(collect_configurations([invented(5), invented(5, color="hsv", test_set=1)]))
    assert claims.settings == []
    assert [reason for *_, reason in claims.refused] == ["they were tested on different images"]
    moved = invented(5, color="hsv").summary
    moved = replace(moved, data=replace(moved.data, source={**moved.data.source, "seed": 3}))
    claims = compare_configurations(
        collect_configurations([invented(5), FinishedRun("moved", moved, invented(5, color="hsv").images)])
    )
    assert [reason for *_, reason in claims.refused] == ["their images come from different sources"]


def test_a_broken_detector_is_undefined_not_worse(invented):
    run = invented(5, color="hsv")
    images = {name: copy.copy(part) for name, part in run.images.items()}
    object.__setattr__(images["coral"], "logit", np.full_like(images["coral"].logit, math.nan))
    claims = compare_configurations(collect_configurations([invented(5), FinishedRun(run.name, run.summary, images)]))
    assert claims.settings[0].verdict == "undefined"


def test_common_unseen_categories(invented):
    assert find_common_unseen([invented(1), invented(9)]) == ("skyline", "coral")


def answer(runs):
    configurations = collect_configurations(runs)
    return [str(finding) for finding in write_answer(configurations, compare_configurations(configurations), [])]


def test_the_answer_where_everything_helps(invented):
    runs = [
        invented(
            k, seed, color, dropout, skill=0.1 + 0.15 * k + 0.6 * (color == "hsv") + 1.2 * (dropout > 0), images=40
        )
        for k, color, dropout in ((1, "rgb", 0.0), (5, "rgb", 0.0), (5, "hsv", 0.0), (5, "rgb", 0.5))
        for seed in range(3)
    ]
    sentences = answer(runs)
    assert len(sentences) == 4
    assert sentences[0].startswith("More categories help on unseen content: ")
    assert "from 1 to 5" in sentences[0]
    assert sentences[1].startswith(
        "Another color space helps: compared with RGB, there is a significant gain in 1 of 1 comparison "
    )
    assert sentences[2].startswith(
        "Dropout helps: compared with no dropout, there is a significant gain in 1 of 1 comparison "
    )
    assert sentences[3].startswith("Best is Pelee+HPF, RGB, dropout 0.5 at 5 categories: ")


def test_nothing_at_chance_is_called_best(invented):
    runs = [
        invented(5, seed, color, skill=-0.05 if color == "hsv" else -1.5, images=60)
        for color in ("rgb", "hsv")
        for seed in range(2)
    ]
    (sentence,) = (text for text in answer(runs) if "best" in text)
    assert sentence.startswith(
        "No configuration is best: Pelee+HPF, HSV, dropout 0 at 5 categories is significantly ahead"
    )
    assert "not shown to rank unseen content better than chance (AUROC 0." in sentence


def test_the_answer_where_nothing_does(invented):
    sentences = answer([invented(k, seed, color) for k in (1, 5) for color in ("rgb", "hsv") for seed in range(2)])
    assert sentences[0].startswith("No significant effect of more categories on unseen content: ")
    assert sentences[1].startswith("Another color space has no significant effect: compared with RGB, there is no ")
    assert sentences[2].startswith("No configuration is significantly ahead of all 3 others on 6 categories")


def test_one_run_each_is_not_judged_in_any_sentence(invented):
    runs = [invented(k, 0, color, skill=0.5 * k + (color == "hsv")) for k in (1, 5) for color in ("rgb", "hsv")]
    assert all("cannot be said" in text for text in answer(runs))
    assert all("one run each: not judged" in text for text in answer(runs))


def test_the_answer_where_one_setting_suffers_and_the_other_does_not(invented):
    runs = [
        invented(k, seed, color, skill=3.0 - 0.6 * k * (color == "hsv"))
        for k in (1, 5)
        for color in ("rgb", "hsv")
        for seed in range(3)
    ]
    sentences = answer(runs)
    assert sentences[0].startswith(
        "More categories hurt on unseen content in some settings: from the fewest to the most categories, on images "
        "new to both, there is a significant loss in 1, no significant difference in 1 of 2 settings"
    )
    assert sentences[1].startswith("Another color space hurts in some comparisons: ")


def test_the_answer_of_a_single_run(invented):
    configurations = collect_configurations([invented(5)])
    sentences = answer([invented(5)])
    assert sentences[0].startswith("There is nothing to choose from yet")
    assert "cannot be said yet" in sentences[1]
    assert "cannot be said yet" in sentences[2]
    assert "with another seed any difference may change sign" in write_caveat(configurations)
