import jinja2
import pytest

from fakeid.reporting.html import render_page


def test_what_the_template_misses_raises() -> None:
    with pytest.raises(jinja2.UndefinedError, match="warnings"):
        render_page("comparison.html", title="A")
