"""Runs with other images or epochs are grouped separately in a report, and names stay short."""

import re

import pytest
from invented_sweep import invent_run
from page_outline import Outline

from fakeid.config.choices import AugmentName
from fakeid.config.parse import Config
from fakeid.config.schema import AugmentConfig, DataConfig, OptimConfig
from fakeid.reporting.sweep.configurations import FinishedRun
from fakeid.reporting.sweep.page import render_summary_markdown, render_sweep_markdown, render_sweep_page
from fakeid.reporting.sweep.report import FolderRun, SweepReport, build_sweep_report


def invent(epochs: int, seed: int = 0, **more: object) -> FinishedRun:
    data = DataConfig(image_px=64 if epochs == 50 else 40)
    optim = OptimConfig(epochs=epochs, batch_size=16, learning_rate=0.001 * epochs)
    return invent_run(Config(categories=5, seed=seed, data=data, optim=optim, **more), images=5)[0]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def report() -> SweepReport:
    crop = AugmentConfig(name=AugmentName.crop)
    runs = [invent(7, seed, **more) for seed in range(2) for more in ({}, {"dropout": 0.5}, {"augment": crop})]
    finished = [*runs, invent(50), invent(50, dropout=0.5)]
    return build_sweep_report("mixed", [FolderRun(run.name, "done", "", "", run) for run in finished])


def test_each_budget_has_tables_of_its_own(report: SweepReport) -> None:
    groups = report.averages
    assert [len(table.rows) for _, table in groups] == [3, 2]
    for text in (render_summary_markdown(report), render_sweep_markdown(report)):
        parts = re.split(r"\*\*Budget \d: .*\*\*", text.partition("## Tables")[0])
        assert len(parts) == 1 + len(groups)
        assert "budget 2" not in parts[1]
        assert "budget 1 |" not in parts[2]
    page = render_sweep_page(report)
    assert "<li>No configuration is significantly ahead" in page  # no colon inside splits off a heading
    outline = Outline(page)
    assert {f"{name}-table-{place}" for name in ("averages", "classes", "runs") for place in (1, 2)} < set(outline.ids)
    assert len(outline.ids) == len(set(outline.ids))


def test_budgets_are_not_ranked_against_each_other(report: SweepReport) -> None:
    claims = [*report.claims.settings, *report.claims.categories, *report.claims.pairs]
    assert claims
    assert all(claim.first.setting.budget == claim.second.setting.budget for claim in claims)
    assert {each.setting.budget for each in report.claims.ranked} == {report.configurations[0].setting.budget}
    assert any("Only runs with this budget are ranked: " in finding.text for finding in report.answer)
    single = build_sweep_report("two", [FolderRun(run.name, "done", "", "", run) for run in (invent(7), invent(50))])
    assert any(finding.text.startswith("no two have the same budget") for finding in single.answer)


def test_names_are_short_and_explained_once(report: SweepReport) -> None:
    names = [str(row.cells[0].value) for _, table in report.averages for row in table.rows]
    assert max(map(len, names)) <= 48
    text = render_sweep_markdown(report)
    assert text.count("All settings: Pelee, RGB.") + text.count("All settings: Pelee+HPF, RGB.") == 1
    assert len(re.findall(r"^\| budget 1 \|", text, re.MULTILINE)) == 1
    for table in report.accuracies:
        assert table.setting.name in table.title
        assert f"% {table.setting.name}: {table.setting.full_name}" in table.render_latex()
    assert {figure.title.rpartition(". ")[2].partition(":")[0] for figure in report.figures[:2]} <= {
        "Budget 1", "Budget 2", *(figure.title for figure in report.figures)
    }  # fmt: skip


def test_one_budget_needs_no_line() -> None:
    runs = [FolderRun(run.name, "done", "", "", run) for run in (invent(7), invent(7, dropout=0.5))]
    report = build_sweep_report("one", runs)
    assert [budget for budget, _ in report.averages] == [""]
    assert "udget" not in render_sweep_markdown(report)
