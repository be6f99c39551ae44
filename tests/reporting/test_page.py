import jinja2
import pytest

from fakeid.reporting.histogram import render_histogram
from fakeid.reporting.page import render_page


def test_a_page_is_a_whole_document_with_escaped_values() -> None:
    found = {"probes": {}, "verdict": "1 < 2", "codec": "none"}
    empty = dict.fromkeys(("warnings", "probes", "rows", "facts", "statistics"), ())
    page = render_page("audit.html", title="A & B", audit=found, mood="good", **empty)
    assert page.startswith("<!DOCTYPE html>")
    assert "<title>A &amp; B</title>" in page
    assert "<strong>1 &lt; 2</strong>" in page
    assert page.rstrip().endswith("</html>")


def test_what_the_template_misses_raises() -> None:
    with pytest.raises(jinja2.UndefinedError, match="mood"):
        render_page("audit.html", title="A")


def test_a_histogram_draws_shares_of_each_class() -> None:
    svg = render_histogram({"edges": [0, 1, 2], "real": [10, 10], "fake": [0, 1]}, 'a "name"')
    # The fakes' only bin is the highest bar; a half of the reals is half as high.
    assert "M0 80V40.0H120.0V40.0H240.0V80" in svg
    assert "M0 80V80.0H120.0V0.0H240.0V80" in svg
    assert "a &#34;name&#34;" in svg


@pytest.mark.parametrize("empty", [("real",), ("fake",), ("real", "fake")])
def test_a_class_without_values_is_not_drawn(empty: tuple[str, ...]) -> None:
    counts = {"real": [3, 1], "fake": [2, 2]} | {name: [0, 0] for name in empty}
    assert render_histogram({"edges": [0, 1, 2], **counts}, "x").count("<path") == 2 - len(empty)
