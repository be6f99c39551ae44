"""One self-contained HTML file: no outside request, light and dark, on screens and on paper."""

import base64
import hashlib
from typing import Any, Final

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from fakeid.reporting.style import BLUE, ORANGE, SKY, VERMILION

# `light dark` lets the browser style what is not named here; the lighter colors keep their contrast on black.
_CSS: Final = f"""
:root {{ color-scheme: light dark; --text: #1c1c1e; --faint: #5f6368; --paper: #ffffff; --card: #f5f6f8;
  --line: #dcdfe4; --real: {BLUE}; --fake: {VERMILION}; --bad: #b3261e; --bad-card: #fdecea; --good: #00694c;
  --good-card: #e6f4ef; --doubtful: #7a5200; --doubtful-card: #fff4d6; }}
@media (prefers-color-scheme: dark) {{ :root {{ --text: #e8eaed; --faint: #a2a8b0; --paper: #16181b; --card: #202329;
  --line: #3a3f47; --real: {SKY}; --fake: {ORANGE}; --bad: #ffb4ab; --bad-card: #42201d; --good: #7fdcbb;
  --good-card: #15322a; --doubtful: #ffd479; --doubtful-card: #3a2d0c; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0 auto; padding: 1.5rem 1.25rem 3rem; max-width: 70rem; background: var(--paper); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }}
h1 {{ font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }}
h2 {{ font-size: 1.15rem; margin: 2.25rem 0 .6rem; }}
p {{ margin: .4rem 0; max-width: 46rem; }}
.faint, figcaption, caption {{ color: var(--faint); font-size: .875rem; }}
.notice {{ margin: 1rem 0; padding: .75rem 1rem; border-left: .3rem solid; border-radius: .3rem; }}
.notice p, .notice li {{ max-width: none; overflow-wrap: anywhere; }}
.notice ul {{ margin: .4rem 0 0; padding-left: 1.2rem; }}
.bad {{ border-color: var(--bad); background: var(--bad-card); }}
.good {{ border-color: var(--good); background: var(--good-card); }}
.unknown {{ border-color: var(--faint); background: var(--card); }}
.doubtful {{ border-color: var(--doubtful); background: var(--doubtful-card); }}
.doubtful strong {{ color: var(--doubtful); }}
.bad strong {{ color: var(--bad); }} .good strong {{ color: var(--good); }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: .925rem; font-variant-numeric: tabular-nums; }}
th, td {{ padding: .35rem 1.2rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }}
td {{ overflow-wrap: anywhere; }}
th {{ font-weight: 600; }} tbody th {{ font-weight: 400; color: var(--faint); }}
.real {{ color: var(--real); }} .fake {{ color: var(--fake); }}
.grid {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 45%), 1fr)); gap: 1rem; }}
figure {{ margin: 0; padding: .7rem .8rem .5rem; background: var(--card); border-radius: .4rem; break-inside: avoid; }}
figure svg {{ display: block; width: 100%; height: auto; }}
figcaption {{ display: flex; justify-content: space-between; }}
summary {{ cursor: pointer; margin: 1.2rem 0 .6rem; font-weight: 600; }}
@media (max-width: 30rem) {{ body {{ padding: 1rem .8rem 2rem; }} th, td {{ padding-right: .7rem; }} }}
@media print {{ :root {{ --paper: #fff; --text: #000; }} body {{ max-width: none; padding: 0; font-size: 10pt; }}
  .notice, figure {{ border: 1px solid var(--line); print-color-adjust: exact; }}
  .grid {{ grid-template-columns: repeat(3, 1fr); }} h2 {{ break-after: avoid; }} tr {{ break-inside: avoid; }} }}
"""

_SKELETON: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; img-src data:{{ allowed }}">
<title>{{ title }}</title>
<style>{{ css }}{{ style }}</style>
</head>
<body>
<header><h1>{{ title }}</h1>{% if subtitle %}<p class="faint">{{ subtitle }}</p>{% endif %}</header>
<main>
{% block main %}{% endblock %}
</main>
{% if script %}<script>{{ script }}</script>{% endif %}
</body>
</html>
"""


def render_page(
    template: str, *, title: str, subtitle: str = "", style: str = "", script: str = "", **values: Any
) -> str:
    """Fill a template and put it into the frame that all pages share.

    Args:
        template: Jinja source of the page's body. Values are escaped; what is undefined raises.
        title: Heading, and the name of the browser's tab.
        subtitle: A line below it.
        style: CSS beside that of all pages.
        script: JavaScript, the only one that may run; the page should do without.
        values: What the template names.

    Returns:
        The whole document.
    """
    body = "{% extends 'skeleton' %}{% block main %}" + template + "{% endblock %}"
    loader = DictLoader({"skeleton": _SKELETON, "body": body})
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("body").render(
        css=Markup(_CSS),
        style=Markup(style),
        script=Markup(script),
        allowed=f"; script-src 'sha256-{digest}'" if script else "",
        title=title,
        subtitle=subtitle,
        **values,
    )
