"""One self-contained HTML file: no outside request, light and dark, on screens and on paper."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from fakeid.evaluation.records.results import Estimate
from fakeid.reporting.formatting import format_bounds, format_cell, format_number
from fakeid.reporting.renderers import has_bounds_below, is_numeric
from fakeid.reporting.style import BLUE, SKY
from fakeid.reporting.table import Cell


def render_page(
    template: str,
    *,
    title: str,
    subtitle: str = "",
    styles: Sequence[str] = (),
    css: str = "",
    script: str = "",
    **values: Any,
) -> str:
    """Fill a page's template, which extends `base.html`.

    Args:
        template: File in `templates`. Values are escaped; what is undefined raises.
        title: Heading, and the name of the browser's tab.
        subtitle: A line below it.
        styles: Files of CSS beside `base.css`.
        css: CSS that is made from Python, such as the colors of figures.
        script: File of JavaScript, the only one that may run; the page should do without.
        values: What the template names.

    Returns:
        The whole document.
    """
    code = _read(script) if script else ""
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    return (
        _build_environment()
        .get_template(template)
        .render(
            css=Markup("".join([_read("base.css"), css, *map(_read, styles)])),
            script=Markup(code),
            allowed=f"; script-src 'sha256-{digest}'" if script else "",
            title=title,
            subtitle=subtitle,
            **values,
        )
    )


@cache
def _build_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("fakeid.reporting"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["colors"] = {"blue": BLUE, "sky": SKY}
    environment.filters |= {
        "cell": format_cell,
        "number": format_number,
        "bounds": format_bounds,
        "sort_key": _sort_key,
    }
    environment.tests |= {"numeric": is_numeric, "interval": has_bounds_below}
    return environment


def _sort_key(cell: Cell) -> float | None:
    """Find the number by which a page sorts a cell; None for text, which is sorted as it is shown."""
    value = cell.value.value if isinstance(cell.value, Estimate) else cell.value
    return None if isinstance(value, str) else value


def _read(name: str) -> str:
    """Render a file of CSS or JavaScript, which may name the project's colors."""
    return _build_environment().get_template(name).render()
