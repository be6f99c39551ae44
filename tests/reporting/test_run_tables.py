import io
import re
from dataclasses import replace

from invented_evaluation import invent_case
from rich.console import Console

from fakeid.evaluation.calibration import Calibration, OperatingPoint
from fakeid.evaluation.records.results import Estimate
from fakeid.evaluation.records.run_summary import Machine
from fakeid.reporting.renderers import render_terminal
from fakeid.reporting.run.notes import list_run_notes
from fakeid.reporting.run.tables import list_misplaced, render_line, tabulate_run


def print_table(summary) -> str:
    console = Console(width=80, file=io.StringIO(), color_system=None)
    console.print(render_terminal(tabulate_run(summary), dense=True))
    return console.file.getvalue()


def change(group, **metrics):
    return replace(group, metrics={**group.metrics, **{name: Estimate(*found) for name, found in metrics.items()}})


def test_every_name_and_number_is_whole(summary):
    text = print_table(summary)
    words = text.split()
    assert max(map(len, text.splitlines())) <= 80
    for name in summary.categories:
        assert name in words
    # The widest row: five-digit counts and two intervals of three decimals.
    for word in ("20000", "91.2", "89.2\N{EN DASH}92.5", "0.943", "0.923\N{EN DASH}0.956"):
        assert word in words
    assert "…" not in text


def test_one_block_for_pools_then_one_for_categories_in_order(summary):
    lines = print_table(summary).splitlines()
    starts = [line.split("  ")[0].strip() for line in lines]
    assert starts.index("seen content") < starts.index("unseen content") < starts.index("cat") < starts.index("bus")
    assert starts[starts.index("unseen content") + 1] == "sheep"
    assert starts.count("sheep") == 1  # all of the unseen content: no row of its own


def test_what_is_undefined_is_a_dash(summary):
    cat = change(summary.categories["cat"], real_accuracy=(), auroc=())
    broken = replace(summary, categories={**summary.categories, "cat": cat})
    line = next(line for line in print_table(broken).splitlines() if line.startswith("cat"))
    assert line.split() == ["cat", "200", "200", "100.0", "\N{EN DASH}", "100.0", "\N{EN DASH}", "1.000"]


def test_a_missing_pool_is_left_out(summary):
    assert "unseen content" not in print_table(replace(summary, unseen=None))


def test_long_names_are_folded_not_cut(summary):
    name = "stylegan2_living_rooms_at_night"
    long = replace(summary, categories={name: summary.categories["cat"]})
    assert name in "".join(re.findall(r"^\S+", print_table(long), flags=re.M))


def test_the_notes_of_a_single_run_stand_below_its_table(summary):
    told = replace(
        summary, threshold=OperatingPoint("validation", 1.834), precision="bf16", scoring_precision="float32",
        threads=2, machine=Machine("an H100"),
    )  # fmt: skip
    text = " ".join(print_table(told).split())
    assert "at the balanced threshold from validation images (logit 1.83)" in text
    assert "One training run: the interval covers test images, not other seeds or machines." in text
    assert "Trained in bf16 with 2 threads on an H100; scored in float32." in text
    assert "at P(fake) = 0.5" in print_table(summary)


def test_a_threshold_from_photos_names_its_conditions(summary):
    calibration = Calibration(1.0, 0.0, 2.5, 0.05, 4, 0.016, 0.098, 0.5, 0.4, 0.6, 0.05, 100, 100)
    clean = replace(summary, threshold=OperatingPoint("photos", 2.5), calibration=calibration)
    under = ("none", "jpeg-75", "downup-0.75", "social")
    several = replace(clean, calibration=replace(calibration, conditions=under, decided_by="social"))
    place = "Accuracies are at the threshold for 5 % false positives on validation photos (logit 2.5)"
    told = [list_run_notes(record)[0].replace("\N{NO-BREAK SPACE}", " ") for record in (clean, several)]
    assert told == [
        f"{place}.",
        f"{place}, the strictest of those for clean images, JPEG 75, rescaling by 0.75 and social networks.",
    ]


def test_what_is_not_known_of_a_run_is_left_out(summary):
    assert list_run_notes(summary)[2:] == []
    assert list_run_notes(replace(summary, precision="bf16"))[2:] == ["Trained in bf16."]


def test_the_machine_of_a_training_is_told_from_that_of_an_evaluation():
    # Those of the training are unknown.
    evaluation = replace(invent_case("rich")[0], precision="bf16", threads=1, machine=Machine("a CPU"))
    assert list_run_notes(evaluation)[2:] == ["Trained in bf16."]
    assert list_run_notes(replace(evaluation, scoring_precision="float32"))[2:] == [
        "Trained in bf16; scored in float32 with 1 thread on a CPU."
    ]


def test_a_run_that_ranks_well_at_a_wrong_threshold_is_named(summary):
    unseen = change(
        summary.unseen, accuracy=(0.52, 0.45, 0.59), balanced_accuracy=(0.52, 0.45, 0.59), auroc=(0.93, 0.89, 0.96),
        accuracy_at_validation=(0.85, 0.79, 0.89),
    )  # fmt: skip
    off = replace(summary, unseen=unseen)
    (sentence,) = list_misplaced(off)
    assert sentence.replace("\N{NO-BREAK SPACE}", " ") == (
        "Unseen content: ranks well (AUROC 0.930) but its threshold is off: accuracy 52.0 % [45.0, 59.0] at P(fake) = "
        "0.5; at the balanced threshold from validation images it is 85.0 % [79.0, 89.0]; some threshold reaches a "
        "balanced accuracy of at least 76.5 %."
    )
    assert sentence in render_line(off)
    assert not list_misplaced(replace(off, unseen=change(unseen, balanced_accuracy=(0.7, 0.45, 0.77))))


def test_no_run_stands_at_chance_level_without_a_word(summary):
    few = {"balanced_accuracy": (0.5, 0.3, 0.7), "auroc": (0.78, 0.6, 0.9)}  # few images: wide intervals
    (sentence,) = list_misplaced(replace(summary, unseen=change(summary.unseen, **few)))
    assert "some threshold reaches a balanced accuracy of at least 66.8" in sentence
    assert not list_misplaced(replace(summary, unseen=change(summary.unseen, **{**few, "auroc": (0.74, 0.6, 0.9)})))


def test_the_held_out_category_is_told_from_others_that_are_unseen(summary):
    dog = replace(summary.categories["cat"], seen=False)
    lines = print_table(replace(summary, categories={**summary.categories, "dog": dog}, held_out="sheep")).splitlines()
    starts = [line.split("  ")[0].strip() for line in lines]
    assert starts[starts.index("sheep") + 1] == "held out"
    assert starts[starts.index("dog") + 1] == "unseen"
