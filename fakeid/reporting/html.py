"""Self-contained HTML pages, without external requests, in light and dark mode, for screens and print."""

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
    """Render a page from a template that extends `base.html`.

    Args:
        template: Template file in `templates`. Values are escaped; undefined names raise.
        title: Heading of the page and title of the browser tab.
        subtitle: Line below the heading.
        styles: CSS files used in addition to `base.css`.
        css: CSS generated in Python, such as the colors of figures.
        script: JavaScript file, the only script allowed to run; the page must remain usable without it.
        values: Values that the template uses.

    Returns:
        The complete HTML document.
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
    """Return the number by which a page sorts a cell, or None for text, which is sorted as displayed."""
    value = cell.value.value if isinstance(cell.value, Estimate) else cell.value
    return None if isinstance(value, str) else value


def _read(name: str) -> str:
    """Render a CSS or JavaScript file, which may use the project's colors."""
    return _build_environment().get_template(name).render()
