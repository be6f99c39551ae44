"""The frame of the report over many runs: Jinja source and CSS."""

from typing import Final

from fakeid.reporting.sortable import TABLE_MACROS

SWEEP_STYLE: Final = """
body { max-width: 78rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .5rem; }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin: .6rem 0 0; font-size: .925rem; }
a { color: var(--real); }
.answer { margin: 1.2rem 0 .6rem; padding: 1.1rem 1.4rem 1.1rem 2.8rem; background: var(--card);
  border-radius: .5rem; font-size: 1.1rem; line-height: 1.5; }
.answer li { margin: .45rem 0; padding-left: .3rem; max-width: 60rem; overflow-wrap: anywhere; }
.answer li::marker { color: var(--real); font-weight: 700; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(34rem, 100%), 1fr)); gap: 1rem; }
.figures .spanning { grid-column: 1 / -1; }
.figures figure > strong { display: block; margin-bottom: .3rem; }
.narrow { display: none; }
.heat { border-collapse: separate; border-spacing: 2px; font-size: .875rem; }
.heat th, .heat td { border: 0; padding: .3rem .25rem; text-align: center; }
.heat thead th { vertical-align: bottom; color: var(--text); }
.heat thead th span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; font-weight: 400; }
.heat thead th.average span { font-weight: 600; }
.heat td { min-width: 4.6rem; border-radius: .25rem; line-height: 1.25; overflow-wrap: normal; white-space: nowrap;
  background: color-mix(in srgb, var(--heat) calc(var(--share) * 1%), var(--card)); }
.heat td.below { background: color-mix(in srgb, var(--below) calc(var(--share) * 1%), var(--card)); }
.heat td.seen { box-shadow: inset 0 -3px 0 var(--faint); }
.heat td.average { font-weight: 600; } .heat th.average, .heat td.average { border-left: .5rem solid transparent;
  background-clip: padding-box; }
.heat small { display: block; font-size: .72rem; font-weight: 400; opacity: .8; }
.heat tbody th { padding-right: .6rem; color: var(--text); }
:root { --heat: #8cc4ec; --below: #f2a27a; }
.scale { display: inline-block; width: 9rem; height: .7rem; border-radius: .2rem; vertical-align: baseline;
  background: linear-gradient(to right, var(--below), var(--card) 50%, var(--heat)); }
.long { font-size: .83rem; } .long td, .long th { white-space: nowrap; padding-right: .75rem; }
.long thead th { vertical-align: bottom; white-space: normal; }
.long td:first-child, .long thead th:first-child { position: sticky; left: 0; background: var(--paper); }
.wraps td { white-space: normal; min-width: 7rem; }
.budget { margin: 1.2rem 0 .4rem; font-weight: 600; }
.better { color: var(--good); font-weight: 600; } .worse { color: var(--bad); font-weight: 600; }
.open { color: var(--faint); }
code { font: .8rem/1.45 ui-monospace, monospace; overflow-wrap: anywhere; user-select: all; }
.commands dt { margin-top: .6rem; font-size: .875rem; color: var(--faint); overflow-wrap: anywhere; }
.commands dd { margin: .1rem 0 0; padding: .4rem .6rem; background: var(--card); border-radius: .3rem; }
@media (prefers-color-scheme: dark) { :root { --heat: #1d5f93; --below: #8a4a2c; } }
@media (max-width: 40rem) {
  .wide-figure { display: none !important; } .narrow { display: block !important; }
  .answer { padding: .8rem 1rem .8rem 2rem; font-size: 1rem; }
  .long td:first-child, .long thead th:first-child { position: static; }
  .heat tbody th, .heat thead th:first-child { position: sticky; left: 0; background: var(--paper); }
}
@media print {
  :root { color-scheme: light; --heat: #8cc4ec; --below: #f2a27a; --card: #f5f6f8; --line: #ccc; --faint: #444;
    --real: #0072b2; --good: #00694c; --bad: #b3261e; --bad-card: #fdecea; }
  @page { size: A4 landscape; margin: 12mm; }
  nav { display: none; } .wide { overflow: visible; }
  .heat td, .scale, .answer { print-color-adjust: exact; } .heat td { min-width: 0; }
  .figures { grid-template-columns: 1fr 1fr; } .figures figure { padding: .4rem .6rem; }
  .figures svg { max-height: 62mm; } .answer { font-size: 1rem; } section, .answer { break-inside: avoid; }
  h3, summary { break-after: avoid; }
  .long { font-size: 6.5pt; } .long td, .long th { white-space: normal; padding-right: .4rem; }
  .long td:first-child { position: static; }
}
"""

SWEEP_TEMPLATE: Final = (
    TABLE_MACROS
    + """
{% macro budget_line(text) %}{% if text %}<p class="budget">{{ text }}</p>{% endif %}{% endmacro %}
{% macro draw_each(tables, id) %}
{% for budget, table in tables %}
{{ budget_line(budget) }}
{{ draw(table, id ~ ("-%d" % loop.index if tables | length > 1 else "")) }}
{% endfor %}
{% endmacro %}
{% macro filter(id) %}
<input class="filter" type="search" data-filters="{{ id }}" placeholder="filter rows: words, such as hsv 5"
  aria-label="filter the rows below">
{% endmacro %}
<nav>
{% if figures %}<a href="#figures">Figures</a>{% endif %}
<a href="#tables">Tables</a>
{% if comparisons %}<a href="#differences">Differences</a>{% endif %}
<a href="#classes">Real and fake</a>
{% if report.evaluations %}<a href="#evaluations">Evaluations</a>{% endif %}
<a href="#runs">Runs</a>
{% if report.unfinished %}<a href="#unfinished">Not finished</a>{% endif %}
<a href="#provenance">Images and audit</a> <a href="#commands">How to reproduce</a>
</nav>
{% if report.warnings %}
<div class="notice bad"><p><strong>WARNING: what the audit of the images found</strong></p><ul>
{% for text, count in report.warnings %}
<li>{{ count }} of {{ report.tested | length }} runs: {{ text }}</li>
{% endfor %}
</ul></div>
{% endif %}
{% if report.misplaced %}
<div class="notice bad"><p><strong>WARNING: these accuracies are lower than the ranking behind them</strong></p><ul>
{% for text in report.misplaced %}<li>{{ text }}</li>
{% endfor %}
</ul></div>
{% endif %}
<ol class="answer">
{% for sentence in report.answer %}
{% set head, colon, rest = sentence.partition(": ") %}
{% set bold = colon and "(" not in head %}
<li>{% if bold %}<strong>{{ head }}</strong>{{ colon }}{{ rest }}{% else %}{{ sentence }}{% endif %}</li>
{% endfor %}</ol>
<p class="faint">{{ report.caveat }}</p>
{% if report.unfinished %}
<p class="faint"><a href="#unfinished">{{ report.unfinished | length }} of {{ report.runs | length }} runs</a> are not
finished and not in the numbers.</p>
{% endif %}
{% if report.missing %}<p class="faint">Not in this folder: {{ report.missing | join("; ") }}.</p>{% endif %}

{% set names_text, names_table = names %}
{% if names_text or names_table %}
<p class="faint">{{ names_text }}</p>
{% if names_table %}{{ draw(names_table, "names-table", "wraps") }}{% endif %}
{% endif %}

{% if figures %}
<h2 id="figures">Figures</h2>
<div class="figures">
{% for figure in figures %}
<figure{% if figure.is_wide %} class="spanning"{% endif %}><strong>{{ figure.title }}</strong>
<div class="wide-figure">{{ figure.wide }}</div>
<div class="narrow">{{ figure.narrow }}</div></figure>
{% endfor %}
</div>
{% endif %}

<h2 id="tables">Accuracy by category</h2>
<p class="faint">In %, averaged over seeds, below it the 95 % interval. Underlined cells were trained on. No color is
chance level: 0 <span class="scale"></span> 100. The averages are over categories.</p>
{% for budget, group in tables %}
{{ budget_line(budget) }}
{% for table in group %}
<section><h3 id="{{ table.slug }}">{{ table.title }}</h3>
<div class="wide"><table class="heat">
<thead><tr><th><span>categories</span></th>
{% for heading in table.headings %}
<th{% if loop.revindex <= 2 %} class="average"{% endif %}><span>{{ heading }}</span></th>
{% endfor %}</tr></thead>
<tbody>
{% for row in table.rows %}
<tr><th scope="row">{{ row.categories }}</th>
{% for cell in row.cells %}
<td class="{{ cell.mood }}{{ " seen" if cell.seen }}{{ " average" if loop.revindex <= 2 }}"
 style="--share: {{ cell.heat }}">
{{- cell.value }}{% if cell.interval %}<small>{{ cell.interval }}</small>{% endif %}</td>
{% endfor %}</tr>
{% endfor %}
</tbody></table></div>
<p class="faint">{{ table.brackets }}.</p></section>
{% endfor %}
{% endfor %}

<h3>Averages</h3>
{{ draw_each(averages, "averages-table") }}
<p class="faint">{{ brackets }}. {{ next_note }}</p>

{% if trends %}
<h3>Trend over categories</h3>
{{ draw_each(trends, "trends-table") }}
<p class="faint">{{ trend_note }}</p>
{% endif %}

{% if comparisons or report.refusals %}
<h2 id="differences">Which differences are significant</h2>
<p class="faint">{{ test_note }}</p>
{% for comparison in comparisons %}
<details{% if comparison.open %} open{% endif %}><summary>{{ comparison.title }}: {{ comparison.counts }}</summary>
<p class="faint">{{ comparison.note }}</p>
{{ filter(comparison.id) }}
{{ draw(comparison.table, comparison.id) }}
</details>
{% endfor %}
{% for reason, count, example in report.refusals %}
<p class="faint">Not compared: {{ count }} {{ "pair" if count == 1 else "pairs" }}, for {{ reason }} (such as
{{ example }}).</p>
{% endfor %}
{% endif %}

<h2 id="classes">Real and fake apart</h2>
<p class="faint">Over the pooled images of the categories; called at each run's own threshold. {{ brackets }}.</p>
{{ draw_each(classes, "classes-table") }}

{% if report.evaluations %}
<h2 id="evaluations">Evaluations</h2>
<p class="faint">{{ evaluation_note }} {{ brackets }}.</p>
{% for evaluation in report.evaluations %}
<h3>{{ evaluation.title }}</h3>
{{ draw(evaluation.rows, evaluation.slug) }}
{% endfor %}
{% endif %}

<h2 id="runs">Runs</h2>
{% for budget, table in runs %}
{% set id = "runs-table" ~ ("-%d" % loop.index if runs | length > 1 else "") %}
{{ budget_line(budget) }}
{{ filter(id) }}
{{ draw(table, id) }}
{% endfor %}

{% if report.unfinished %}
<h2 id="unfinished">Not finished</h2>
<div class="wide"><table class="long wraps">
<thead><tr><th>run</th><th>state</th><th>reason</th></tr></thead>
<tbody>
{% for run in report.unfinished %}
<tr><td>{{ run.name }}</td><td>{{ run.state }}</td><td>{{ run.reason }}</td></tr>
{% endfor %}
</tbody></table></div>
{% endif %}

<h2 id="provenance">Images, audit, machine</h2>
<p class="faint">Runs with the same digest of images, here and in the table of runs, trained, validated and tested
on the same ones.</p>
{{ draw(provenance, "provenance-table", "wraps") }}

<h2 id="commands">How to reproduce</h2>
<details><summary>The command of each run</summary>
<dl class="commands">
{% for run in report.runs if run.command %}<dt>{{ link(run.name) }}</dt><dd><code>{{ run.command }}</code></dd>
{% endfor %}
</dl></details>
"""
)
