import copy
import random

import pytest
from page_outline import Outline

from fakeid.reporting.averages import FinishedRun
from fakeid.reporting.sweep_markdown import render_summary_markdown, render_sweep_markdown
from fakeid.reporting.sweep_page import render_sweep_page
from fakeid.reporting.sweep_report import FolderRun, build_sweep_report


@pytest.fixture
def runs(invented) -> list[FolderRun]:
    finished = [invented(k, seed, color) for k in (1, 5) for seed in (0, 1) for color in ("rgb", "hsv")]
    warned = copy.deepcopy(dict(finished[0].summary))
    warned["audit"]["warnings"] = ["file facts alone tell real from fake: set data.codec=shared"]
    finished[0] = FinishedRun(finished[0].name, warned, finished[0].images)
    runs = [FolderRun(run.name, "done", "", f"python train.py seed={run.seed}", run) for run in finished]
    return [*runs, FolderRun("bad<run>", "failed", "DataError: <b>cut short</b>", "python train.py x=1", None)]


def test_the_page_is_whole_and_alone(runs):
    page = render_sweep_page(build_sweep_report("runs & more", runs))
    outline = Outline(page)
    assert all(link.startswith("#") and link[1:] in outline.ids for link in outline.links)
    assert len(outline.ids) == len(set(outline.ids))
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert "Report: runs &amp; more" in page
    assert page.index("That more categories help") < page.index('id="figures"') < page.index('id="tables"')


def test_what_failed_is_told_and_escaped(runs):
    page = render_sweep_page(build_sweep_report("runs", runs))
    assert "DataError: &lt;b&gt;cut short&lt;/b&gt;" in page
    assert "1 of 9 runs" in page
    assert "1 of 8 runs: file facts alone tell real from fake" in page
    assert "Tab 3: Pelee+HPF, YCbCr, dropout 0" in page  # is missing


def test_the_script_is_allowed_by_its_digest(runs):
    page = render_sweep_page(build_sweep_report("runs", runs))
    assert page.count("<script>") == 1
    assert "script-src &#39;sha256-" in page


def test_markdown_holds_the_same(runs):
    report = build_sweep_report("runs", runs)
    text = render_sweep_markdown(report)
    assert text.startswith("# Report: runs\n\n> **WARNING** (1 of 8 runs): file facts alone")
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


def test_the_order_of_runs_does_not_matter(runs):
    shuffled = random.Random(0).sample(runs, len(runs))
    assert render_sweep_markdown(build_sweep_report("x", runs)) == render_sweep_markdown(
        build_sweep_report("x", shuffled)
    )


def test_a_single_run_is_a_report(runs):
    report = build_sweep_report("one", runs[:1])
    Outline(render_sweep_page(report))
    assert [table.slug for table in report.tables] == ["tab1"]
    assert [figure.slug for figure in report.figures] == ["fig1"]
