import dataclasses
import random
import re
from urllib.parse import quote

import pytest
from invented_evaluation import invent_case
from page_outline import Outline

from fakeid.evaluation.records.results import Estimate, EvaluationGroup
from fakeid.reporting.renderers import tabulate
from fakeid.reporting.sweep.configurations import FinishedRun, collect_configurations
from fakeid.reporting.sweep.misplaced_thresholds import list_misplaced_thresholds
from fakeid.reporting.sweep.page import render_summary_markdown, render_sweep_markdown, render_sweep_page
from fakeid.reporting.sweep.report import FolderRun, SweepReport, build_sweep_report
from fakeid.reporting.sweep.tables import tabulate_provenance


@pytest.fixture(scope="module")
def runs(invented) -> list[FolderRun]:
    finished = [invented(k, seed, color) for k in (1, 5) for seed in (0, 1) for color in ("rgb", "hsv")]
    told = ("file facts alone tell real from fake: set data.codec=shared",)
    warned = dataclasses.replace(
        finished[0].summary, audit=dataclasses.replace(finished[0].summary.audit, warnings=told)
    )
    finished[0] = FinishedRun(finished[0].name, warned, finished[0].images)
    runs = [FolderRun(run.name, "done", "", f"python train.py seed={run.seed}", run) for run in finished]
    return [*runs, FolderRun("bad<run>", "failed", "DataError: <b>cut short</b>", "python train.py x=1", None)]


@pytest.fixture(scope="module")
def report(runs) -> SweepReport:
    return build_sweep_report("runs & more", runs)


@pytest.fixture(scope="module")
def page(report) -> str:
    return render_sweep_page(report)


def change(group, metrics):
    return dataclasses.replace(group, metrics={**group.metrics, **metrics})


def test_the_page_is_whole_and_alone(runs, page):
    outline = Outline(page)
    within = [link for link in outline.links if link.startswith("#")]
    assert all(link[1:] in outline.ids for link in within)
    assert set(outline.links) - set(within) == {f"../{quote(run.name)}/" for run in runs}
    assert len(outline.ids) == len(set(outline.ids))
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert "Report: runs &amp; more" in page
    assert page.count("<script>") == 1
    assert "script-src &#39;sha256-" in page
    assert (
        page.index("No significant effect of more categories") < page.index('id="figures"') < page.index('id="tables"')
    )


def test_what_failed_is_told_and_escaped(page):
    assert "DataError: &lt;b&gt;cut short&lt;/b&gt;" in page
    assert "1 of 9 runs" in page
    assert "1 of 8 runs: file facts alone tell real from fake" in page
    assert "Tab 3: Pelee+HPF, YCbCr, dropout 0" in page  # listed as missing


def test_markdown_holds_the_same(report):
    text = render_sweep_markdown(report)
    assert text.startswith("# Report: runs & more\n\n> **WARNING** (1 of 8 runs): file facts alone")
    for part in ("### Tab 1", "### Tab 2", "## Trend", "## Settings against each other", "python train.py seed=1"):
        assert part in text
    widths = {}
    for line in text.splitlines():
        if line.startswith("|"):
            widths.setdefault(line.replace("\\|", "").count("|"), []).append(line)
    assert all(len(lines) >= 3 for lines in widths.values())
    summary = render_summary_markdown(report)
    assert summary.startswith("> **WARNING**")
    assert "| bad<run> | failed | DataError" in summary


def test_runs_that_rank_well_at_a_wrong_threshold_are_counted_in_one_sentence(runs):
    off = {
        "accuracy": Estimate(0.5, 0.48, 0.52), "balanced_accuracy": Estimate(0.5, 0.48, 0.52),
        "auroc": Estimate(0.92, 0.9, 0.94),
    }  # fmt: skip
    tested = [run.tested for run in runs if run.tested]
    for place, run in enumerate(tested[:3]):
        unseen = change(run.summary.unseen, off)
        tested[place] = dataclasses.replace(run, summary=dataclasses.replace(run.summary, unseen=unseen))
    report = build_sweep_report("x", [FolderRun(run.name, "done", "", "", run) for run in tested])
    one, other = "Pelee+HPF, RGB, dropout 0 at 1 category", "Pelee+HPF, HSV, dropout 0 at 1 category"
    (finding,) = report.misplaced
    sentence = finding.text
    assert finding.is_warning
    assert sentence.replace("\N{NO-BREAK SPACE}", " ") == (
        "On unseen content 3 of 8 runs rank well (AUROC above 0.75) but their threshold is off, with an accuracy down "
        f"to 50.0 %: {one} (2 of 2); {other} (1 of 2)."
    )
    assert sentence in render_sweep_page(report)
    for text in (render_sweep_markdown(report), render_summary_markdown(report)):
        assert text.index("WARNING") < text.index(sentence) < text.index("\n1. ")


def test_a_single_category_and_an_evaluation_at_a_wrong_threshold_are_told(runs):
    off = {
        "accuracy": Estimate(0.55), "balanced_accuracy": Estimate(0.55, 0.5, 0.6),
        "auroc": Estimate(0.95, 0.92, 0.97),
    }  # fmt: skip
    run = runs[0].tested
    held_out = change(run.summary.categories[run.held_out], off)
    summary = dataclasses.replace(run.summary, categories={**run.summary.categories, run.held_out: held_out})
    groups = (EvaluationGroup(50, 50, off, kind="test_set", name="photos"),)
    evaluation = dataclasses.replace(invent_case("rich")[0], groups=groups)
    configurations = collect_configurations([dataclasses.replace(run, summary=summary, evaluation=evaluation)])
    starts = [finding.text.partition(" rank")[0] for finding in list_misplaced_thresholds(configurations)]
    assert starts == ["On some unseen category 1 of 1 run", "On photos (evaluation) 1 of 1 run"]


def test_the_accuracies_are_at_each_runs_own_threshold(page):
    assert "P(fake) = 0.5" not in page
    assert "classified at each run&#39;s own threshold" in page or "classified at each run's own threshold" in page


def test_provenance_tells_precision_threads_and_device(runs):
    headings, (*_, row) = tabulate(tabulate_provenance([runs[0].tested]))
    assert headings[4:7] == ["precision", "threads", "device"]
    assert row[4:7] == ["float32", "2", "a made-up machine, 2 cores"]


def test_the_order_of_runs_does_not_matter(runs, report):
    shuffled = build_sweep_report(report.title, random.Random(0).sample(runs, len(runs)))
    assert render_sweep_markdown(shuffled) == render_sweep_markdown(report)


def test_a_single_run_is_a_report(runs):
    report = build_sweep_report("one", runs[:1])
    Outline(render_sweep_page(report))
    assert [table.slug for table in report.accuracies] == ["tab1"]
    assert [figure.slug for figure in report.figures] == ["fig1"]


def test_below_chance_level_has_a_color_of_its_own(invented):
    finished = [invented(1, seed, skill=-2.0) for seed in range(2)]  # right on seen content, wrong on unseen
    runs = [FolderRun(run.name, "done", "", "python train.py", run) for run in finished]
    page = render_sweep_page(build_sweep_report("runs", runs))
    (table,) = re.findall(r'<table class="heat">.*?</table>', page, re.DOTALL)
    cells = re.findall(r'<td class="([^"]*)"\s+style="--share: (\d+)">([\d.]+)', table)
    assert len(cells) == 13
    for mood, share, value in cells:
        assert ("below" in mood) == (float(value) < 50)
        assert int(share) == pytest.approx(2 * abs(float(value) - 50), abs=0.6)
    assert sum("below" in mood for mood, _, _ in cells) == 11


def test_verdicts_are_counted_below_the_title(invented):
    runs = [FolderRun(run.name, "done", "", "", run) for run in (invented(1), invented(5))]
    page = render_sweep_page(build_sweep_report("runs", runs))
    (told,) = re.findall(r"2 of 2 runs finished; 1 setting; verdicts: ([^<]*)<", page)
    assert sum(int(part.split()[0]) for part in told.split(", ")) == 2
    assert "cannot be said (one run each: not judged).</li>" in page  # no half bracket in bold


def test_of_one_category_alone_neither_empty_tables_nor_the_papers_question_are_shown(invented) -> None:
    runs = []
    for color in ("rgb", "hsv"):
        run = invented(1, 0, color)
        (name,) = run.summary.list_categories(seen=True)
        summary = dataclasses.replace(
            run.summary, unseen=None, held_out=None, categories={name: run.summary.categories[name]}
        )
        runs.append(FinishedRun(run.name, summary, {name: run.images[name]}))
    report = build_sweep_report("photos", [FolderRun(run.name, "done", "", "", run) for run in runs])
    (finding,) = report.answer
    assert "highest of 2 configurations" in finding.text
    assert "No unseen content was tested" in finding.text
    assert (report.accuracies, report.caveat, report.missing) == ([], "", [])
    for text in (render_summary_markdown(report), render_sweep_markdown(report)):
        assert "seen acc. %" in text
        assert "unseen acc. %" not in text
    outline = Outline(render_sweep_page(report))
    assert all(link[1:] in outline.ids for link in outline.links if link.startswith("#"))
