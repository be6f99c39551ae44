"""AUROC and average precision are shown from 0 to 1 everywhere; a percentage would exceed 1."""

import dataclasses
import re
from collections.abc import Iterator, Sequence

import pytest
from invented_evaluation import invent_case
from invented_sweep import invent_run
from page_outline import Outline

from fakeid.config.compose import compose_config
from fakeid.evaluation.records.evaluation import Evaluation
from fakeid.reporting.evaluation.page import render_evaluation_page
from fakeid.reporting.evaluation.robustness import plot_robustness
from fakeid.reporting.evaluation.text import render_evaluation_markdown
from fakeid.reporting.sweep.figures import plot_settings
from fakeid.reporting.sweep.page import render_sweep_markdown, render_sweep_page
from fakeid.reporting.sweep.report import FolderRun, SweepReport, build_sweep_report

NAMED = re.compile(r"\b(AUROC|average precision)\b", re.IGNORECASE)
NUMBER = re.compile(r"\d+\.\d+")


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return invent_case("rich")[0]


@pytest.fixture(scope="module")
def report(evaluation: Evaluation) -> SweepReport:
    runs = [
        dataclasses.replace(invent_run(compose_config(["logger=csv", *words]), images=6)[0], evaluation=evaluation)
        for words in (["color=rgb"], ["color=hsv"])
    ]
    return build_sweep_report("demo", [FolderRun(run.name, "done", "", "", run) for run in runs])


def read_columns(table: Sequence[Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield headings that name either metric, and the cells below them."""
    for heading, *cells in zip(*table, strict=True):
        if NAMED.search(heading):
            yield heading, " ".join(cells)


def read_markdown(text: str) -> list[list[list[str]]]:
    blocks = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [[line.strip("|").split(" | ") for line in block.splitlines() if "---" not in line] for block in blocks]


def check_tables(tables: Sequence[Sequence[Sequence[str]]], least: int) -> None:
    columns = [column for table in tables for column in read_columns(table)]
    assert len(columns) >= least
    for heading, text in columns:
        assert "%" not in heading
        assert max((float(number) for number in NUMBER.findall(text)), default=0.0) <= 1.0, heading


def test_an_evaluation_shows_auroc_from_0_to_1(evaluation: Evaluation) -> None:
    page = Outline(render_evaluation_page(evaluation, {}))
    check_tables([table for table in page.tables if len({len(row) for row in table}) == 1], 5)
    check_tables(read_markdown(render_evaluation_markdown(evaluation)), 3)
    assert "AUROC, below it the 95 % interval. No color is chance level: 0 1." in page.text
    assert not re.search(r"AUROC[^.;%]*\d[\d.]+\N{NO-BREAK SPACE}%", page.text)


def test_a_report_shows_auroc_from_0_to_1(report: SweepReport) -> None:
    page = Outline(render_sweep_page(report))
    check_tables([table for table in page.tables if len({len(row) for row in table}) == 1], 3)
    check_tables(read_markdown(render_sweep_markdown(report)), 3)


def test_figures_show_auroc_from_0_to_1(evaluation: Evaluation, report: SweepReport) -> None:
    figures = [plot_robustness(evaluation), plot_settings(report.configurations)]
    robustness, (accuracy, auroc) = figures[0].axes[0], figures[1].axes
    for figure in figures:
        figure.draw_without_rendering()
    for axis in (robustness.yaxis, auroc.xaxis):
        assert {float(label.get_text()) < 2 for label in axis.get_ticklabels() if label.get_text()} == {True}
    assert max(float(label.get_text()) for label in accuracy.xaxis.get_ticklabels()) >= 50
