"""The effect of one option over all pairs of runs."""

import dataclasses
from collections.abc import Callable
from itertools import product
from typing import Any, TypeAlias

import numpy as np
import pytest

from fakeid.evaluation.records.results import Estimate
from fakeid.evaluation.statistics.paired_tests import Answers, average_answers, compare_accuracy, compare_answers
from fakeid.reporting.formatting import format_estimate
from fakeid.reporting.sweep.answer import write_answer
from fakeid.reporting.sweep.claims import compare_configurations
from fakeid.reporting.sweep.configurations import FinishedRun, collect_configurations
from fakeid.reporting.sweep.effects import correct_page, measure_effects
from fakeid.reporting.table import Form

Invent: TypeAlias = Callable[..., FinishedRun]
Grid: TypeAlias = Callable[..., list[FinishedRun]]

RESIDUALS = ("srm", "hpf")


@pytest.fixture(scope="session")
def grid(invented: Invent) -> Grid:
    """`grid()` has two colors (HSV with more skill), four dropouts and two seeds."""

    def invent_grid(num_seeds: int = 2) -> list[FinishedRun]:
        skills = {"hsv": 2.0, "rgb": 1.0}
        places = product(skills, (0, 0.1, 0.2, 0.5), range(num_seeds))
        return [invented(5, seed, color, dropout, skill=skills[color]) for color, dropout, seed in places]

    return invent_grid


def answer(run: FinishedRun) -> Answers:
    parts = [run.images[name] for name in run.list_categories(seen=False)]
    return Answers(np.concatenate([part.label for part in parts]), np.concatenate([part.logit for part in parts]))


def test_the_seeds_of_a_configuration_are_averaged_before_pairs_are_compared(grid: Grid) -> None:
    runs = grid()
    found = {(effect.option, effect.value): effect for effect in measure_effects(runs)}
    assert set(found) == {("color", "hsv"), ("dropout", "0.1"), ("dropout", "0.2"), ("dropout", "0.5")}
    color = found["color", "hsv"]
    assert (color.against, color.num_pairs, color.num_images) == ("rgb", 4, 6 * 2 * 20)
    means = [average_answers([answer(run) for run in runs[at : at + 2]]) for at in range(0, 16, 2)]
    accuracy, auroc = compare_answers(means[4:], means[:4])
    assert color.accuracy == accuracy
    assert color.auroc == auroc
    assert color.accuracy_p == pytest.approx(min(1.0, 8 * accuracy.p_value))  # Holm: four effects on two metrics
    assert color.verdict == "better"
    assert {effect.verdict for (option, _), effect in found.items() if option == "dropout"} == {"not significant"}


def test_with_one_seed_no_option_is_judged_however_many_settings_there_are(grid: Grid, invented: Invent) -> None:
    runs = grid(num_seeds=1)
    effects = measure_effects(runs)
    assert {effect.num_pairs for effect in effects} == {2, 4}
    assert {verdict for effect in effects for verdict in (effect.verdict, effect.auroc_verdict)} == {"not judged"}
    configurations = collect_configurations(runs)
    assert all(
        "one run each: not judged" in finding.text
        for finding in write_answer(configurations, compare_configurations(configurations), effects)[1:]
    )
    two = [*grid(), invented(5, 0, "hsv", 0.3), invented(5, 0, "rgb", 0.3)]
    (color,) = (effect for effect in measure_effects(two) if effect.option == "color")
    assert (color.num_pairs, color.num_seeds, color.verdict) == (5, 1, "not judged")


def test_effects_that_differ_between_settings_claim_in_at_most_5_percent() -> None:
    """Treating seeds as settings gave claims in 16 to 33 % of such grids (six pairs, three seeds, no mean effect)."""
    rng = np.random.default_rng(11)
    rejected = 0
    for _ in range(300):
        image = rng.standard_normal(240)
        effects = rng.normal(0, 1.0, 6)
        sides = []
        for effect in (np.zeros(6), effects):
            logit = (
                image + effect[:, None, None] + 0.3 * rng.standard_normal((6, 3, 1)) + rng.standard_normal((6, 3, 240))
            )
            sides.append((logit > -0.5).mean(axis=1))
        rejected += compare_accuracy(*sides).p_value < 0.05
    # The mean of the sampled effects is real for these six settings, but is none for further settings.
    assert rejected / 300 < 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5


def test_options_that_always_change_together_are_one(invented: Invent) -> None:
    runs = [invented(5, 0, *each, residual=residual) for each in (("rgb", 0.0), ("hsv", 0.2)) for residual in RESIDUALS]
    (effect,) = (effect for effect in measure_effects(runs) if effect.option != "residual")
    assert (effect.value, effect.against) in (("hsv", "rgb"), ("0.2", "0"))
    assert effect.num_pairs == 2


def test_the_default_is_what_others_are_compared_with(invented: Invent) -> None:
    runs = [invented(5, 0, color, residual=name) for name in ("npr", *RESIDUALS) for color in ("rgb", "ycbcr")]
    runs.append(invented(5, 0, "rgb", 0.2, residual="srm"))
    against = {(effect.value, effect.against) for effect in measure_effects(runs) if effect.option == "residual"}
    assert against == {("srm", "hpf"), ("npr", "hpf")}


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 5},
        {"seed": 0, "dropout": 0.2},  # another option differs too
        {"seed": 0, "categories": 2},  # the content differs too
    ],
)
def test_what_differs_in_more_is_no_pair(invented: Invent, other: dict[str, Any]) -> None:
    changed = invented(**{"categories": 5, "color": "hsv", **other})
    assert measure_effects([invented(5, 0), invented(5, 1), changed]) == []


def test_other_images_are_not_compared(invented: Invent) -> None:
    runs = [
        invented(5, 0, color, dropout, test_set=int(color == "hsv")) for color in ("rgb", "hsv") for dropout in (0, 0.5)
    ]
    assert "color" not in {effect.option for effect in measure_effects(runs)}


def test_evaluations_add_unseen_generators(grid: Grid) -> None:
    name = "unseen content, unseen generators"
    runs = [dataclasses.replace(run, quarters={name: run.images["coral"]}) for run in grid()]
    found = [effect for effect in measure_effects(runs) if effect.option == "color"]
    assert [(effect.group, effect.num_images) for effect in found] == [("unseen content", 240), (name, 40)]
    partly = [dataclasses.replace(runs[0], quarters={}), *runs[1:]]
    assert {effect.group for effect in measure_effects(partly) if effect.option == "color"} == {"unseen content"}


def test_the_answer_names_what_helps_and_what_does_not(grid: Grid) -> None:
    runs = grid()
    configurations = collect_configurations(runs)
    claims, effects = correct_page(compare_configurations(configurations), measure_effects(runs))
    *_, sentence, open_question = write_answer(configurations, claims, effects)
    assert "more categories" in open_question.topic  # questions that cannot be answered come last
    (color,) = (effect for effect in effects if effect.option == "color")
    points = format_estimate(Estimate.of(color.accuracy), Form.POINTS)
    assert str(sentence) == (
        "One option changed and all else equal, on unseen content: color=hsv "
        f"({points} points against rgb) is significantly better; dropout=0.1, dropout=0.2, "
        "dropout=0.5 make no significant difference."
    )
    without = write_answer(configurations, claims, [])
    assert without == [finding for finding in write_answer(configurations, claims, effects) if finding != sentence]
