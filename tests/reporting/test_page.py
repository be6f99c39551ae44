import jinja2
import pytest

from fakeid.reporting.histogram import render_histogram
from fakeid.reporting.page import render_page


def test_a_page_is_a_whole_document_with_escaped_values() -> None:
    page = render_page("<p>{{ text }}</p>", title="A & B", text="1 < 2")
    assert page.startswith("<!DOCTYPE html>")
    assert "<title>A &amp; B</title>" in page
    assert "<p>1 &lt; 2</p>" in page
    assert page.rstrip().endswith("</html>")


def test_what_the_template_misses_raises() -> None:
    with pytest.raises(jinja2.UndefinedError, match="text"):
        render_page("{{ text }}", title="A")


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
