"""The audit's page and table, on an audit of drawn images."""

import re
from io import StringIO
from typing import Any

import numpy as np
import pytest
from page_outline import Outline
from rich.console import Console

from fakeid.audit.classes import audit_images
from fakeid.audit.duplicates import Duplicate, describe_duplicates
from fakeid.audit.facts import FileFacts
from fakeid.data.records import Record
from fakeid.reporting.audit_page import render_audit_page
from fakeid.reporting.audit_table import render_audit_table


@pytest.fixture(scope="module")
def audit() -> dict[str, Any]:
    images = np.random.default_rng(0).integers(0, 256, (60, 40, 40, 3), dtype=np.uint8)
    records = [Record(str(i), i % 2, "noise", "camera", str(i)) for i in range(60)]
    jpeg = FileFacts("JPEG", 341, 256, 30_000, 75, "4:2:0", has_exif=True)
    png = FileFacts("PNG", 256, 256, 120_000, None, None, has_exif=False)
    found = audit_images(records, [png if i % 2 else jpeg for i in range(60)], images, codec="none", prep="squash")
    copies = [Duplicate("near", "train", f"<b>{i}</b>", "noise", "test", "x", "noise", 2) for i in range(70)]
    return found | {"duplicates": describe_duplicates(copies)}


@pytest.fixture
def silent(audit: dict[str, Any]) -> dict[str, Any]:
    return audit | {"warnings": [], "verdict": "Nothing found.", "duplicates": describe_duplicates([])}


def test_the_verdict_and_what_to_do_come_first(audit: dict[str, Any]) -> None:
    text = Outline(render_audit_page(audit, "data=lsun_progan")).text
    assert text.index(audit["verdict"]) < text.index("data.codec=shared") < text.index("341 x 256 (30)")
    assert "data=lsun_progan" in text
    assert "0 exact and 70 near: train and test 70." in text
    assert "The first 50" in text


def test_the_page_asks_for_nothing_from_outside(audit: dict[str, Any]) -> None:
    page = render_audit_page(audit)
    assert not re.search(r"https?://|<script|<link|<img|@import|url\(", page)
    assert "default-src 'none'" in page


def test_names_of_images_are_escaped(audit: dict[str, Any]) -> None:
    page = render_audit_page(audit, "<i>data</i>")
    assert "&lt;b&gt;0&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "<i>" not in page


def test_every_fact_has_its_figure(audit: dict[str, Any]) -> None:
    page = render_audit_page(audit)
    assert page.count("<svg") == len(audit["histograms"])
    assert 'aria-label="JPEG quality"' in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_a_silent_audit_is_green(silent: dict[str, Any]) -> None:
    page = render_audit_page(silent)
    assert 'class="notice good"' in page
    assert "0 exact and 0 near." in Outline(page).text


def test_an_undecided_audit_is_neither(silent: dict[str, Any]) -> None:
    page = render_audit_page(silent | {"probes": {"files": None, "residuals": None}})
    assert 'class="notice unknown"' in page
    assert "too few images" in page


def test_duplicates_may_not_have_been_looked_for(audit: dict[str, Any]) -> None:
    alone = {name: value for name, value in audit.items() if name != "duplicates"}
    assert "Copies" not in render_audit_page(alone)


def print_table(audit: dict[str, Any], width: int = 80) -> str:
    console = Console(width=width, record=True, file=StringIO())
    console.print(render_audit_table(audit))
    return console.export_text()


def test_the_table_fits_the_terminal(audit: dict[str, Any]) -> None:
    text = print_table(audit)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "341 x 256 (30)" in text
    assert "warning: file facts alone" in text
    assert "copies in two splits: 0 exact, 70 near" in text


def test_the_table_of_a_silent_audit_has_no_warning(silent: dict[str, Any]) -> None:
    assert "warning" not in print_table(silent)
