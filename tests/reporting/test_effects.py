"""One option changed, over all pairs of runs."""

import dataclasses
from itertools import product

import numpy as np
import pytest
from made_up_sweep import invent_run

from fakeid.evaluation.answers import Answers, compare_answers
from fakeid.reporting.answer import write_answer
from fakeid.reporting.averages import FinishedRun, collect_cells
from fakeid.reporting.claims import compare_cells
from fakeid.reporting.effects import measure_effects
from fakeid.reporting.numbers import format_points
from fakeid.runs.compose import compose_config


def invent(*words: str, skill: float = 1.0, **more: int) -> FinishedRun:
    return invent_run(compose_config(["logger=csv", "categories=5", *words]), skill=skill, **more)[0]


def grid(hsv_skill: float, num_seeds: int = 3) -> list[FinishedRun]:
    return [
        invent(f"color={color}", f"dropout={dropout}", f"seed={seed}", skill=hsv_skill if color == "hsv" else 1.0)
        for color, dropout, seed in product(("hsv", "rgb"), (0, 0.2), range(num_seeds))
    ]


def answer(run: FinishedRun) -> Answers:
    parts = [run.images[name] for name in run.content(seen=False)]
    return Answers(np.concatenate([part.label for part in parts]), np.concatenate([part.logit for part in parts]))


def test_all_pairs_are_readers_of_the_same_images() -> None:
    runs = grid(hsv_skill=2.0)
    found = {effect.option: effect for effect in measure_effects(runs)}
    assert set(found) == {"color", "dropout"}
    color = found["color"]
    assert (color.value, color.against, color.num_pairs, color.num_images) == ("hsv", "rgb", 6, 6 * 2 * 20)
    accuracy, auroc = compare_answers([answer(run) for run in runs[6:]], [answer(run) for run in runs[:6]])
    assert color.accuracy == accuracy
    assert color.auroc == auroc
    assert color.accuracy_p == pytest.approx(min(1.0, 2 * accuracy.p_value))  # Holm, of two
    assert color.verdict == "better"
    assert found["dropout"].verdict == "inside the noise"


def test_what_changes_nothing_is_inside_the_noise() -> None:
    assert {effect.verdict for effect in measure_effects(grid(hsv_skill=1.0))} == {"inside the noise"}


def test_options_that_always_change_together_are_one() -> None:
    words = (("color=rgb", "dropout=0"), ("color=hsv", "dropout=0.2"))
    runs = [invent(*each, f"seed={seed}") for each in words for seed in range(2)]
    (effect,) = measure_effects(runs)
    assert (effect.value, effect.against) in (("hsv", "rgb"), ("0.2", "0"))
    assert effect.num_pairs == 2


def test_the_default_is_what_others_are_compared_with() -> None:
    runs = [invent(f"residual={name}", f"seed={seed}") for name in ("srm", "npr", "hpf") for seed in range(2)]
    runs += [invent("residual=srm", f"seed={seed}", "dropout=0.2") for seed in range(2)]
    against = {(effect.value, effect.against) for effect in measure_effects(runs) if effect.option == "residual"}
    assert against == {("srm", "hpf"), ("npr", "hpf")}


@pytest.mark.parametrize(
    "others",
    [
        ("color=hsv", "seed=5"),  # another seed
        ("color=hsv", "dropout=0.2"),  # and another option
        ("color=hsv", "categories=2"),  # and other content
    ],
)
def test_what_differs_in_more_is_no_pair(others: tuple[str, ...]) -> None:
    assert measure_effects([invent(f"seed={seed}") for seed in range(2)] + [invent(*others)]) == []


def test_other_images_are_not_compared() -> None:
    runs = [invent(f"seed={seed}") for seed in range(2)]
    assert measure_effects([*runs, *(invent("color=hsv", f"seed={seed}", test_set=1) for seed in range(2))]) == []


def test_evaluations_add_unseen_generators() -> None:
    name = "unseen content, unseen generators"
    runs = [dataclasses.replace(run, quarters={name: run.images["coral"]}) for run in grid(hsv_skill=2.0)]
    found = [effect for effect in measure_effects(runs) if effect.option == "color"]
    assert [(effect.group, effect.num_images) for effect in found] == [("unseen content", 240), (name, 40)]
    partly = [dataclasses.replace(runs[0], quarters={}), *runs[1:]]
    assert {effect.group for effect in measure_effects(partly) if effect.option == "color"} == {"unseen content"}


def test_the_answer_names_what_helps_and_what_does_not() -> None:
    runs = grid(hsv_skill=2.0)
    effects = measure_effects(runs)
    cells = collect_cells(runs)
    _, _, sentence, open_question = write_answer(cells, compare_cells(cells), effects)
    assert "more categories" in open_question  # what cannot be said comes last
    (color,) = (effect for effect in effects if effect.option == "color")
    assert sentence == (
        "One option changed and all else equal, on unseen content: better is color=hsv "
        f"({format_points(color.accuracy)} points against rgb); inside the noise is dropout=0.2."
    )
    assert len(write_answer(cells, compare_cells(cells), [])) == 3
