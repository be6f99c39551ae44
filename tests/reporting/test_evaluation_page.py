import json
import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest
from invented_evaluation import CASES, invent_case, invent_control, invent_swap
from page_outline import Outline
from rich.console import Console
from rich.text import Text

from fakeid.evaluation.calibration import OperatingPoint
from fakeid.evaluation.failures import find_mistakes
from fakeid.evaluation.records.evaluation import Evaluation, OneClassRate
from fakeid.evaluation.records.results import Estimate
from fakeid.io import parse_record, to_plain_record
from fakeid.reporting.contact_sheet import plot_mistakes
from fakeid.reporting.evaluation.findings import list_findings
from fakeid.reporting.evaluation.page import render_evaluation_page
from fakeid.reporting.evaluation.robustness import plot_robustness
from fakeid.reporting.evaluation.tables import tabulate_thresholds
from fakeid.reporting.evaluation.text import render_evaluation_markdown, render_evaluation_table
from fakeid.reporting.run.notes import ONE_RUN
from fakeid.reporting.verdict import judge_evaluation


def draw(table) -> str:
    console = Console(width=80, file=None, record=True, quiet=False, force_terminal=False)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


@pytest.fixture(scope="module")
def rich():
    return invent_case("rich")


@pytest.fixture(scope="module")
def evaluation(rich):
    return rich[0]


@pytest.fixture(scope="module")
def page(evaluation):
    return render_evaluation_page(evaluation, {})


@pytest.fixture(scope="module")
def markdown(evaluation):
    return render_evaluation_markdown(evaluation)


def find_group(evaluation, name, degradation="none"):
    (group,) = [group for group in evaluation.groups if (group.name, group.degradation) == (name, degradation)]
    return group


def test_the_page_is_whole_and_alone(rich):
    evaluation, scores, _, _ = rich
    called_fake, called_real = find_mistakes(scores, 2)
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    figures = {
        "robustness": plot_robustness(evaluation),
        "mistakes": plot_mistakes((images[:2], called_fake), (images[2:], called_real)),
    }
    page = render_evaluation_page(evaluation, figures)
    outline = Outline(page)
    inside = [link for link in outline.links if not link.startswith("data:image/png;base64,")]
    assert all(link.startswith("#") and link[1:] in outline.ids for link in inside)
    assert len(outline.links) - len(inside) == 4  # images
    assert len(outline.ids) == len(set(outline.ids))
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert not re.search(r"url\((?!#)|@import|@font-face", page)
    assert page.count("<script>") == 1
    # The paper color shows through.
    assert "#ffffff" not in page.split("<main>")[1].lower()


def test_the_numbers_are_those_of_the_evaluation(evaluation, page):
    matrix = Outline(page).tables[0]
    assert matrix[0][1:] == list(evaluation.degradations)
    quadrants = evaluation.list_names("quadrant")
    assert [row[0] for row in matrix[1:]] == [name.replace(", ", ",\n") for name in quadrants]
    for row, name in zip(matrix[1:], quadrants, strict=True):
        for text, degradation in zip(row[1:], evaluation.degradations, strict=True):
            area = evaluation.read("auroc", "quadrant", name, degradation)
            assert text == f"{area.value:.3f}{area.low:.3f}–{area.high:.3f}"  # noqa: RUF001


def test_every_group_is_listed_with_its_numbers(evaluation, page):
    tables = Outline(page).tables
    clean, degraded = (table for table in tables if table[0][0] == "group")
    assert len(clean) + len(degraded) - 2 == len(evaluation.groups)
    row = next(row for row in degraded if row[:3] == ["sheep", "category", "jpeg-30"])
    group = find_group(evaluation, "sheep", "jpeg-30")
    assert row[3:5] == [str(group.num_real), str(group.num_fake)]
    assert row[12:14] == ["needs 500 reals, has 20", "needs 100 reals, has 20"]
    values = [float(text.split()[0]) for text in row[5:12] + row[14:]]
    metrics = [
        *("accuracy", "real_accuracy", "fake_accuracy", "balanced_accuracy", "auroc", "average_precision", "eer"),
        *("ece", "nll", "brier"),
    ]
    units = ("auroc", "average_precision", "ece", "nll", "brier")
    expected = [group.read(name).value * (1 if name in units else 100) for name in metrics]
    assert values == pytest.approx(expected, abs=0.0501)


def test_the_thresholds_stand_side_by_side(evaluation, page):
    tables = Outline(page).tables
    table = next(table for table in tables if table[0][0] == "images of" and "accuracy % at 5 % FP" in table[0])
    assert not any("oracle" in heading for heading in table[0])
    for row in table[1:]:
        group = find_group(evaluation, row[0])
        for heading, place in (
            ("real acc. % at 0.5", ""), ("real acc. % at 5 % FP", "_at_chosen"),
            ("real acc. % at balanced", "_at_validation"),
        ):  # fmt: skip
            found = float(row[table[0].index(heading)].split()[0])
            assert found == pytest.approx(100 * group.read(f"real_accuracy{place}").value, abs=0.0501)


def test_an_oracle_is_marked_as_one(evaluation, page, markdown):
    groups = []
    for group in evaluation.groups:
        more = {f"{name}_at_oracle": group.read(name) for name in ("accuracy", "real_accuracy", "fake_accuracy")}
        groups.append(replace(group, metrics={**group.metrics, **more}))
    asked = replace(evaluation, groups=tuple(groups))
    for text in (render_evaluation_page(asked, {}), render_evaluation_markdown(asked)):
        assert "Oracle: chosen on the tested images, so not a result." in text
        assert "accuracy % at oracle" in text
    for text in (page, markdown):
        assert "accuracy % at oracle" not in text
        assert "not a result" not in text


def test_what_makes_the_numbers_worthless_comes_first(evaluation, page):
    warning, answer = page.index("WARNING"), page.index('<ol class="answer">')
    assert warning < page.index("The detector follows the codec.") < answer
    assert warning < page.index("it fires without a GAN") < answer
    assert "It leaves blurred reals alone." not in page[:answer]
    fine = replace(evaluation, swap=invent_swap(False), controls=())
    assert "WARNING" not in render_evaluation_page(fine, {})


def test_too_few_clusters_are_an_alarm_everywhere(evaluation):
    text = "3 of 9 groups have fewer than 20 clusters in a class."
    fine = replace(evaluation, swap=None, controls=())
    doubtful = replace(fine, warnings=(text,))
    page = render_evaluation_page(doubtful, {})
    assert page.index("WARNING") < page.index(text) < page.index('<ol class="answer">')
    assert f"Intervals: {text}" in render_evaluation_markdown(doubtful)
    assert f"Intervals: {text}" in draw(render_evaluation_table(doubtful))
    assert "WARNING" not in render_evaluation_page(fine, {})


def test_what_warns_is_red_in_the_terminal(evaluation):
    """The warnings include that the detector fires on controls."""
    findings = [part for part in render_evaluation_table(evaluation).renderables if isinstance(part, Text)]
    styles = {topic: part.style for part in findings for topic in ("Controls", "Swap test", "Worst group")
              if part.plain.startswith(f"{topic}: ")}  # fmt: skip
    assert styles == {"Controls": "bold red", "Swap test": "bold red", "Worst group": "bold"}
    fine = render_evaluation_table(replace(evaluation, swap=invent_swap(False), controls=(invent_control(False),)))
    assert "bold red" not in {part.style for part in fine.renderables if isinstance(part, Text)}


def test_notes_stand_in_the_terminal_too(evaluation):
    note = "Tested at 42 px, as trained: the center of 48-px images."
    assert note in draw(render_evaluation_table(replace(evaluation, notes=(note,))))


def test_every_section_with_intervals_says_that_they_are_of_one_training_run(page, markdown):
    for title, part in zip(*[iter(re.split(r'<h2 id="(\w+)">', page)[1:])] * 2, strict=True):
        expected = title in ("matrix", "thresholds", "calibration", "swap", "controls", "groups")
        assert (ONE_RUN in part) == expected, title
    sections = markdown.split("\n## ")
    told = [section.partition("\n")[0] for section in sections if ONE_RUN in section]
    tables = ["AUROC, by degradation", "Thresholds", "Calibration", "Swap test", "Controls"]
    assert told == [*tables, "Groups, clean images"]


@pytest.mark.parametrize("name", CASES)
def test_every_evaluation_has_a_page_a_verdict_before_all_else_and_an_answer(name):
    evaluation = invent_case(name)[0]
    assert parse_record(json.loads(json.dumps(to_plain_record(evaluation), allow_nan=False)), Evaluation) == evaluation
    page = render_evaluation_page(evaluation, {})
    page.encode()
    Outline(page)
    assert not re.search(r"\b(nan|None|inf)\b", re.sub("<(style|script).*?</.*?>", "", page, flags=re.DOTALL))
    markdown = render_evaluation_markdown(evaluation)
    for block in re.findall(r"(?:^\|.*\n)+", markdown, re.MULTILINE):
        assert len({line.replace("\\|", "").count("|") for line in block.splitlines()}) == 1
    text = draw(render_evaluation_table(evaluation))
    assert all(len(line) <= 80 for line in text.splitlines())
    text.encode()
    judgement, findings = judge_evaluation(evaluation), list_findings(evaluation)
    head = judgement.lines[0][0][0]
    assert " ".join(text.split()).startswith(head)
    assert page.index(f'<div class="notice {judgement.tone.value}">') < page.index(head) < page.index("<nav>")
    assert markdown.splitlines()[2].startswith(f"**{head}**")
    assert all(finding.text.endswith(".") for finding in findings)
    assert findings[0].topic in (("No answer",) if name in ("reals only", "nothing") else ("Hardest", "Alone"))


def test_of_one_class_alone_nothing_is_shown_that_needs_two(evaluation):
    rates = [
        OneClassRate("mine", "real", word, 50, Estimate(share, share - 0.02, share + 0.1))
        for word, share in zip(evaluation.degradations, (0.04, 0.5, 0.7), strict=False)
    ]
    alone = replace(evaluation, groups=(), worst=(), swap=None, controls=(), verdict=None, one_class=tuple(rates))
    outline = Outline(render_evaluation_page(alone, {}))
    assert {"called_fake", "provenance", "command"} <= set(outline.ids)
    assert not {"matrix", "thresholds", "calibration", "groups", "swap"} & set(outline.ids)
    assert outline.tables[0][1] == ["mine", "real", "none", "50", "4.0 2.0\N{EN DASH}14.0"]
    sections = re.findall("^## (.+)$", render_evaluation_markdown(alone), re.MULTILINE)
    assert sections == ["Called fake", "Test sets", "Detector", "How to reproduce"]
    assert "Only one class was tested" in draw(render_evaluation_table(alone))


def test_reals_alone_on_which_a_detector_broke_down_have_no_share(evaluation):
    broken = (OneClassRate("mine", "real", "none", 50, Estimate()),)
    found = list_findings(replace(evaluation, groups=(), worst=(), swap=None, controls=(), one_class=broken))
    assert [each.text for each in found if each.topic == "The reals of mine"] == [
        "no share can be given: the detector broke down on some of them (a logit is NaN)."
    ]


def test_odd_names_are_shown_and_not_run():
    evaluation = invent_case("odd names")[0]
    page = render_evaluation_page(replace(evaluation, title="<script>alert(1)</script>"), {})
    assert "<b>&amp;" not in page
    assert "<script>alert" not in page
    assert "&lt;b&gt;&amp;amp;" in page
    assert "café" in page
    assert "$x_$" in unescape(page)


def test_the_terminal_shows_the_quadrants(evaluation):
    text = draw(render_evaluation_table(evaluation))
    rows = [
        line.split() for line in text.partition("Worst group")[0].splitlines() if line.startswith(("seen", "unseen"))
    ]
    assert [row[:2] for row in rows] == [["seen", "seen"], ["seen", "unseen"], ["unseen", "seen"], ["unseen", "unseen"]]
    group = find_group(evaluation, "unseen content, seen generators")
    rates = [f"{100 * group.read(name).value:.1f}" for name in ("accuracy", "real_accuracy", "fake_accuracy")]
    assert rows[2][4:] == [*rates, f"{group.read('auroc').value:.3f}", "\N{EN DASH}"]
    assert "TPR at 1 % FPR needs 500 reals." in text
    assert "Rates in %, AUROC from 0 to 1" in text
    assert "not other seeds or machines" in " ".join(text.split())
    for part in ("Worst group: ", "Swap test: The detector follows the codec.", "False positives: "):
        assert part in text


def test_markdown_tells_the_command_and_the_verdict(evaluation, markdown):
    assert "$ python -m fakeid evaluate runs/demo\n" in markdown
    assert "not other seeds or machines" in markdown
    assert "## Swap test\n\nThe detector follows the codec.\n" in markdown
    area = find_group(evaluation, "unseen content, unseen generators", "social").read("auroc")
    row = next(line for line in markdown.splitlines() if line.startswith("| social |"))
    assert row.split(" | ")[-1] == f"{area.value:.3f} [{area.low:.3f}, {area.high:.3f}] |"


def test_a_threshold_from_photos_stands_in_the_table_once(evaluation):
    assert evaluation.calibration is not None
    point = OperatingPoint("photos", evaluation.calibration.threshold)
    headings = [[column.heading for column in tabulate_thresholds(each).columns] for each in (
        evaluation, replace(evaluation, threshold=point),
    )]  # fmt: skip
    accuracies = [[heading for heading in each if heading.startswith("accuracy")] for each in headings]
    assert accuracies == [
        ["accuracy % at 0.5", "accuracy % at balanced", "accuracy % at 5 % FP"],
        ["accuracy % at 5 % FP", "accuracy % at balanced"],
    ]
