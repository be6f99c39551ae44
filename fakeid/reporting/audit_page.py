"""The audit as a page."""

from collections.abc import Mapping
from typing import Any, Final

from fakeid.reporting.audit_rows import PROBE_TITLES, list_class_rows
from fakeid.reporting.histogram import render_histogram
from fakeid.reporting.numbers import format_unit_estimate
from fakeid.reporting.page import render_page

_MOST_TELLING: Final = 3

_TEMPLATE: Final = """
{% macro draw(figures) %}
<div class="grid">
{% for figure in figures %}
<figure><strong>{{ figure.title }}</strong>{{ figure.svg }}
<figcaption><span>{{ figure.low }}</span><span>{{ figure.high }}</span></figcaption></figure>
{% endfor %}
</div>
{% endmacro %}
<div class="notice {{ mood }}">
<p><strong>{{ audit.verdict }}</strong></p>
{% if warnings %}
<ul>{% for warning in warnings %}<li>{{ warning }}</li>{% endfor %}</ul>
{% endif %}
</div>

<h2>Probes</h2>
<p class="faint">A small classifier tries to tell the classes apart by a few numbers, cross-validated by scene. AUROC
0.5 is guessing; above 0.6 with an interval above 0.5, the audit warns.</p>
<div class="wide"><table>
<thead><tr><th>probe on</th><th>AUROC [95 %]</th><th>most telling</th></tr></thead>
<tbody>
{% for probe in probes %}
<tr><td>{{ probe.title }}</td><td>{{ probe.auroc }}{% if probe.warns %}, <strong>warns</strong>{% endif %}</td>
<td>{{ probe.telling }}</td></tr>
{% endfor %}
</tbody></table></div>
{% if audit.codec == "shared" %}
<p class="faint">With data.codec=shared the headers of the original files are shown below, but not probed.</p>
{% endif %}

<h2>The classes</h2>
<div class="wide"><table>
<thead><tr><th></th><th class="real">real</th><th class="fake">fake</th></tr></thead>
<tbody>
{% for title, real, fake in rows %}<tr><th scope="row">{{ title }}</th><td>{{ real }}</td><td>{{ fake }}</td></tr>
{% endfor %}
</tbody></table></div>
<p class="faint">Counts in parentheses; mean ± standard deviation.</p>

<h2>Distributions</h2>
<p class="faint"><span class="real">real: solid line</span>, <span class="fake">fake: dashed line</span>. Shares of the
class; the outermost 0.5 % are in the last bins.</p>
{{ draw(facts) }}
<details><summary>Residual statistics</summary>{{ draw(statistics) }}</details>

{% if audit.duplicates is defined %}
{% set found = audit.duplicates %}
<h2>Copies in two splits</h2>
<p>{{ found.num_exact }} exact and {{ found.num_near }} near
{%- if found.between %}: {% for pair in found.between -%}
{{ pair.split_a }} and {{ pair.split_b }} {{ pair.num_pairs }}
{{- "" if loop.last else ", " }}{% endfor %}{% endif %}.</p>
{% if found.examples %}
<div class="wide"><table>
<thead><tr><th>kind</th><th>bits</th><th colspan="2">image</th><th colspan="2">its copy</th></tr></thead>
<tbody>
{% for pair in found.examples %}
<tr><td>{{ pair.kind }}</td><td>{{ pair.distance }}</td><td>{{ pair.split_a }}</td><td>{{ pair.key_a }}</td>
<td>{{ pair.split_b }}</td><td>{{ pair.key_b }}</td></tr>
{% endfor %}
</tbody></table></div>
{% if found.num_exact + found.num_near > found.examples | length %}
<p class="faint">The first {{ found.examples | length }}; the JSON file counts all.</p>
{% endif %}
{% endif %}
{% endif %}
"""


def render_audit_page(audit: Mapping[str, Any], subtitle: str = "") -> str:
    """The verdict and what to do, then what it rests on.

    Args:
        audit: What `fakeid.audit.classes.audit_images` gives; with `duplicates` and
            `torn_pairs`, what `describe_duplicates` and `describe_torn_pairs` give.
        subtitle: Which data were looked at.

    Returns:
        A self-contained HTML document.
    """
    parts_of_plan = [audit.get(name, {}) for name in ("duplicates", "torn_pairs")]
    warnings = [*audit["warnings"], *(text for part in parts_of_plan for text in part.get("warnings", []))]
    undecided = None in audit["probes"].values()
    is_statistic = {name: name.startswith(("luma_", "chroma_")) for name in audit["histograms"]}
    figures = {name: _describe_figure(name, histogram) for name, histogram in audit["histograms"].items()}
    return render_page(
        _TEMPLATE,
        title="Audit",
        subtitle=subtitle,
        audit=audit,
        mood="bad" if warnings else "unknown" if undecided else "good",
        warnings=[warning[0].upper() + warning[1:] + "." for warning in warnings],
        probes=[_describe_probe(name, audit["probes"][name]) for name in PROBE_TITLES],
        rows=list_class_rows(audit),
        facts=[figure for name, figure in figures.items() if not is_statistic[name]],
        statistics=[figure for name, figure in figures.items() if is_statistic[name]],
    )


def _describe_probe(name: str, probe: Mapping[str, Any] | None) -> dict[str, Any]:
    title = PROBE_TITLES[name]
    if probe is None:
        return {"title": title, "auroc": "too few images", "warns": False, "telling": ""}
    shares = list(probe["importances"].items())[:_MOST_TELLING]
    telling = ", ".join(f"{_spell(feature)} {100 * share:.0f} %" for feature, share in shares)
    return {
        "title": title,
        "auroc": format_unit_estimate(probe["auroc"]),
        "warns": probe["warns"],
        "telling": telling if probe["warns"] else "",
    }


def _describe_figure(name: str, histogram: Mapping[str, Any]) -> dict[str, Any]:
    edges = histogram["edges"]
    title = _spell(name)
    return {
        "title": title,
        "svg": render_histogram(histogram, title),
        "low": f"{edges[0]:.3g}",
        "high": f"{edges[-1]:.3g}",
    }


def _spell(name: str) -> str:
    """`jpeg_quality` as people write it."""
    return name.replace("_", " ").replace("jpeg", "JPEG").replace("png", "PNG")
