"""The audit's page and table, from an audit of drawn images."""

import re
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from page_outline import Outline
from rich.console import Console

from fakeid.audit.audit import audit_images
from fakeid.audit.duplicates import count_duplicates
from fakeid.audit.result import AuditResult, Duplicate, Histogram
from fakeid.data.records import Record
from fakeid.images.file_facts import FileFacts
from fakeid.reporting.audit.page import plot_histograms, render_audit_page
from fakeid.reporting.audit.tables import render_audit


@pytest.fixture(scope="module")
def audit() -> AuditResult:
    images = np.random.default_rng(0).integers(0, 256, (60, 40, 40, 3), dtype=np.uint8)
    records = [Record(str(i), i % 2, "noise", "camera", str(i)) for i in range(60)]
    jpeg = FileFacts("JPEG", 341, 256, 30_000, 75, "4:2:0", has_exif=True)
    png = FileFacts("PNG", 256, 256, 120_000, None, None, has_exif=False)
    copies = [Duplicate("near", "train", f"<b>{i}</b>", "noise", "test", "x", "noise", 2) for i in range(70)]
    facts = [png if i % 2 else jpeg for i in range(60)]
    return audit_images(records, facts, images, codec="none", prep="squash", duplicates=count_duplicates(copies))


@pytest.fixture(scope="module")
def page(audit: AuditResult) -> str:
    return render_audit_page(audit)


@pytest.fixture(scope="module")
def silent(audit: AuditResult) -> AuditResult:
    return replace(audit, warnings=(), verdict="Nothing found.", duplicates=count_duplicates([]), histograms={})


def test_the_verdict_and_what_to_do_come_first(audit: AuditResult, page: str) -> None:
    text = Outline(page).text
    assert text.index(audit.verdict) < text.index("data.codec=shared") < text.index("341 x 256 (30)")
    assert "0 exact and 70 near: train and test 70." in text
    assert "Only the first 50 are listed" in text


def test_the_page_asks_for_nothing_from_outside(page: str) -> None:
    assert not re.search(r"https?://(?!www\.w3\.org/)|<script|<link|<img|@import|url\((?!#)", page)
    assert "default-src 'none'" in page


def test_names_of_images_are_escaped(page: str) -> None:
    assert "&lt;b&gt;0&lt;/b&gt;" in page
    assert "<b>" not in page


def test_every_fact_has_its_figure(page: str) -> None:
    assert page.count("<svg") == 2
    assert all(f">{name}</text>" in page for name in ("JPEG quality", "blockiness", "chroma to luma"))
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_a_silent_audit_is_green(silent: AuditResult) -> None:
    page = render_audit_page(silent)
    assert 'class="notice good"' in page
    assert "0 exact and 0 near." in Outline(page).text


def test_an_undecided_audit_is_neither(silent: AuditResult) -> None:
    page = render_audit_page(replace(silent, probes={"files": None, "residuals": None}))
    assert 'class="notice unknown"' in page
    assert "too few images" in page


def test_a_histogram_draws_shares_of_each_class() -> None:
    halves, alone = Histogram((0, 1, 2), (10, 10), (0, 1)), Histogram((0, 1), (0,), (4,))
    figure = plot_histograms({"jpeg_quality": halves, "width": alone})
    shares = [[patch.get_data().values.tolist() for patch in ax.patches if not patch.get_fill()] for ax in figure.axes]
    assert shares[:2] == [[[0.5, 0.5], [0, 1]], [[0], [1]]]
    assert figure.axes[0].get_title(loc="left") == "JPEG quality"


def print_table(audit: AuditResult, width: int = 80) -> str:
    console = Console(width=width, record=True, file=StringIO())
    console.print(render_audit(audit))
    return console.export_text()


def test_the_table_fits_the_terminal(audit: AuditResult) -> None:
    text = print_table(audit)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "341 x 256 (30)" in text
    assert "warning: file facts alone" in text
    assert "copies in two splits: 0 exact, 70 near" in text


def test_the_table_of_a_silent_audit_has_no_warning(silent: AuditResult) -> None:
    assert "warning" not in print_table(silent)
