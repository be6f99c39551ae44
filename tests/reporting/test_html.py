import jinja2
import pytest

from fakeid.reporting.html import render_page


def test_a_page_is_a_whole_document_with_escaped_values() -> None:
    report, empty = {"notes": ["1 < 2"], "places": {}}, dict.fromkeys(("warnings", "findings", "figures", "tables"), ())
    page = render_page("comparison.html", title="A & B", report=report, note="", **empty)
    assert page.startswith("<!DOCTYPE html>")
    assert "<title>A &amp; B</title>" in page
    assert "1 &lt; 2" in page
    assert page.rstrip().endswith("</html>")


def test_what_the_template_misses_raises() -> None:
    with pytest.raises(jinja2.UndefinedError, match="warnings"):
        render_page("comparison.html", title="A")
