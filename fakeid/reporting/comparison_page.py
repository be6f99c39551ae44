"""The comparison of detectors as one HTML page."""

from collections.abc import Sequence
from typing import Any, Final

from fakeid.evaluation.comparison import Comparison
from fakeid.reporting.comparison_figure import plot_comparison
from fakeid.reporting.comparison_rows import (
    COMPARISON_NOTE,
    ComparisonReport,
    describe_comparison,
    list_comparison,
    name_comparison,
)
from fakeid.reporting.page import render_page
from fakeid.reporting.sortable import SORTABLE_SCRIPT, SORTABLE_STYLE, TABLE_MACROS
from fakeid.reporting.svg import LINE_STYLE, inline_svg
from fakeid.reporting.sweep_page_template import SWEEP_STYLE

_STYLE: Final = """
.long td:first-child { white-space: normal; min-width: 9rem; }
figure + figure { margin-top: 1rem; }
"""

_TEMPLATE: Final = (
    TABLE_MACROS
    + """
{% if report.warnings %}
<div class="notice bad"><p><strong>WARNING: what the audit of the images found</strong></p><ul>
{% for text, count in report.warnings %}<li>{{ count }} {{ "run" if count == 1 else "runs" }}: {{ text }}</li>
{% endfor %}
</ul></div>
{% endif %}
<ul class="answer">
{% for name, outcome in answers %}<li><strong>{{ name }}</strong>: {{ outcome }}</li>
{% endfor %}
</ul>
{% for note in report.notes %}<p class="faint">{{ note }}</p>
{% endfor %}
<h2 id="figures">Differences with 95 % intervals</h2>
{% for figure in figures %}
<figure><strong>Against {{ figure.baseline }}</strong><div class="wide-figure">{{ figure.wide }}</div>
<div class="narrow">{{ figure.narrow }}</div></figure>
{% endfor %}
<h2 id="differences">All numbers</h2>
{% for table in tables %}
<h3>{{ table.title }}</h3>
{{ draw(table.rows, table.id) }}
{% endfor %}
<p class="faint">{{ note }}</p>
<h2 id="scores">Scores</h2>
<div class="wide"><table class="wraps">
<thead><tr><th>detector</th><th>read from</th></tr></thead>
<tbody>
{% for name, places in report.places.items() %}
<tr><td>{{ name }}</td><td>{% for place in places %}<code>{{ place }}</code><br>{% endfor %}</td></tr>
{% endfor %}
</tbody></table></div>
"""
)


def render_comparison_page(report: ComparisonReport, figures: Sequence[Sequence[Comparison]]) -> str:
    """What came out, the figures, then every number.

    Args:
        report: What to show.
        figures: Comparisons with one baseline each, a figure for each.

    Returns:
        A self-contained HTML document.
    """
    return render_page(
        _TEMPLATE,
        title="Comparison",
        subtitle=f"{len(report.places)} detectors on the same images; baseline: {next(iter(report.places))}",
        style=LINE_STYLE + SWEEP_STYLE + SORTABLE_STYLE + _STYLE,
        script=SORTABLE_SCRIPT,
        report=report,
        answers=[(name_comparison(one), describe_comparison(one)) for one in report.comparisons],
        figures=[_describe_figure(number, chosen) for number, chosen in enumerate(figures)],
        tables=[
            {"title": f"{one.second} against {one.first}", "rows": list_comparison(one), "id": f"table-{number}"}
            for number, one in enumerate(report.comparisons)
        ],
        note=COMPARISON_NOTE,
    )


def _describe_figure(number: int, comparisons: Sequence[Comparison]) -> dict[str, Any]:
    baseline = comparisons[0].first
    label = f"Differences of accuracy and AUROC to {baseline} by group of images"
    return {
        "baseline": baseline,
        "wide": inline_svg(plot_comparison(comparisons, first_look=number), f"wide-{number}", label),
        "narrow": inline_svg(plot_comparison(comparisons, first_look=number, narrow=True), f"narrow-{number}", label),
    }
