"""The frame of an evaluation's page: Jinja source and CSS, beside those of the report over many runs."""

from typing import Final

EVALUATION_STYLE: Final = """
.matrix td { min-width: 3.6rem; padding: .35rem .05rem; }
.matrix td.empty { color: var(--faint); }
.matrix small { font-size: .62rem; }
.matrix tbody th { text-align: right; white-space: pre; line-height: 1.25; font-size: .82rem; }
.matrix tr.first > * { border-top: .55rem solid transparent; background-clip: padding-box; }
.narrow .matrix td { min-width: 3.9rem; padding: .3rem .05rem; }
.narrow .matrix tbody th { padding-right: .25rem; font-size: .75rem; white-space: nowrap; vertical-align: middle; }
.narrow .matrix thead th { font-weight: 400; line-height: 1.2; font-size: .69rem; padding: .3rem 0;
  vertical-align: bottom; }
.wide + p { margin-top: .5rem; }
.wide + figure, .wide + .wide { margin-top: 1.2rem; }
figure p { margin: 0 0 .5rem; } .drawn { margin: 0 auto; }
.numbers small { display: block; font-size: .72rem; color: var(--faint); }
.numbers td:not(:first-child), .numbers th:not(:first-child) { text-align: right; }
.numbers td.word, .numbers th.word { text-align: left; white-space: normal; min-width: 5rem; }
.numbers td.word:first-child { min-width: 7.5rem; max-width: 14rem; }
.numbers td, .numbers thead th { padding-right: .55rem; }
.numbers thead th.oracle { color: var(--bad); } .numbers td.oracle { color: var(--faint); font-style: italic; }
.facts th { color: var(--faint); white-space: nowrap; } .facts td { white-space: normal; overflow-wrap: anywhere; }
.command { display: block; padding: .6rem .8rem; background: var(--card); border-radius: .3rem; }
@media print {
  .matrix { font-size: 8pt; } .matrix td { min-width: 0; padding: .25rem .15rem; } .matrix small { font-size: 5pt; }
  .numbers small { font-size: 5.6pt; white-space: nowrap; } .numbers td.word:first-child { min-width: 6rem; }
  figure svg { max-height: 76mm; } h2 { margin-top: 1.2rem; }
}
"""

EVALUATION_TEMPLATE: Final = """
{% macro filter(id, example) %}
<input class="filter" type="search" data-filters="{{ id }}" placeholder="filter rows: words, such as {{ example }}"
  aria-label="filter the rows below">
{% endmacro %}
{% macro cell(text) %}
{% set value, bracket, rest = text.partition(" [") %}
{{ value }}{% if bracket %} <small>{{ rest | replace(", ", "\\u2013") | replace("]", "") }}</small>{% endif %}
{% endmacro %}
{% macro draw(table, id="", words=1, class="") %}
<div class="wide"><table class="long numbers {{ class }}{% if id %} sortable" id="{{ id }}{% endif %}">
<thead><tr>{% for heading in table[0] %}<th
{%- if loop.index <= words %} class="word"{% elif "oracle" in heading %} class="oracle"{% endif %}>{{ heading }}</th>
{%- endfor %}</tr></thead>
<tbody>
{% for row in table[1] %}<tr>{% for text in row %}<td
{%- if loop.index <= words %} class="word"{% elif "oracle" in table[0][loop.index0] %} class="oracle"{% endif %}>
{{- cell(text) | trim }}</td>{% endfor %}</tr>
{% endfor %}
</tbody></table></div>
{% endmacro %}
{% macro words(table) %}
<div class="wide"><table class="long wraps">
<thead><tr>{% for heading in table[0] %}<th>{{ heading }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in table[1] %}<tr>{% for text in row %}<td>{{ text }}</td>{% endfor %}</tr>
{% endfor %}
</tbody></table></div>
{% endmacro %}
{% macro show(name, note="") %}
{% if name in figures %}
<figure>{% if note %}<p class="faint">{{ note }}</p>{% endif %}
<div class="wide-figure drawn" style="max-width: {{ figures[name].width }}px">{{ figures[name].wide }}</div>
<div class="narrow">{{ figures[name].narrow }}</div></figure>
{% endif %}
{% endmacro %}
{% macro shade(found) %}
<td class="{{ found.mood }}" style="--share: {{ found.share }}">{{ found.value }}
{%- if found.interval %}<small>{{ found.interval }}</small>{% endif %}</td>
{% endmacro %}
<div class="notice {{ verdict.look }}">
{% for line in verdict.lines %}
<p>{% for head, told in line %}<strong>{{ head }}</strong> {{ told }} {% endfor %}</p>
{% endfor %}
</div>
<nav>
{% for id, title in sections %}<a href="#{{ id }}">{{ title }}</a>
{% endfor %}
</nav>
{% if alarms %}
<div class="notice bad"><p><strong>WARNING: these numbers do not show what they seem to</strong></p><ul>
{% for alarm in alarms %}
<li>{{ alarm }}</li>
{% endfor %}
</ul></div>
{% endif %}
<ol class="answer">
{% for sentence in answer %}
{% set head, colon, rest = sentence.partition(": ") %}
<li><strong>{{ head }}</strong>{{ colon }}{{ rest }}</li>
{% endfor %}</ol>

<section><h2 id="matrix">Seen and unseen, under every degradation</h2>
<p class="faint">AUROC, below it the 95 % interval. No color is chance level:
0 <span class="scale"></span> 1.</p>
{% if matrix.rows %}
<div class="wide-figure matrix-wide"><div class="wide"><table class="heat matrix">
<thead><tr><th></th>
{% for name in matrix.degradations %}<th scope="col"><span>{{ name }}</span></th>{% endfor %}</tr></thead>
<tbody>
{% for row in matrix.rows %}
<tr{% if row.first %} class="first"{% endif %}><th scope="row">{{ row.name }}</th>
{% for found in row.cells %}{{ shade(found) | trim }}{% endfor %}</tr>
{% endfor %}
</tbody></table></div></div>
<div class="narrow matrix-narrow"><div class="wide"><table class="heat matrix">
<thead><tr><th></th>{% for row in matrix.rows %}<th scope="col">{{ row.name }}</th>{% endfor %}</tr></thead>
<tbody>
{% for name in matrix.degradations %}
{% set column = loop.index0 %}
<tr><th scope="row">{{ name }}</th>
{% for row in matrix.rows %}{{ shade(row.cells[column]) | trim }}
{% endfor %}</tr>
{% endfor %}
</tbody></table></div></div>
{% else %}
<p>No image was tested.</p>
{% endif %}
<p class="faint">{{ run_notes | join(" ") }}</p></section>

{% if "robustness" in figures %}
<h2 id="robustness">How it fares as images get worse</h2>
{{ show("robustness") }}
{% endif %}

{% if "roc" in figures %}
<h2 id="roc">Few false alarms</h2>
{{ show("roc", "Images as they are. The second panel holds the shares of false alarms at which a detector is of "
  "use.") }}
{% endif %}

<h2 id="thresholds">Thresholds</h2>
<p class="faint">Images as they are. {{ threshold_note }}
{{ oracle_note }}</p>
{{ draw(thresholds, "thresholds-table") }}
<p class="faint">{{ one_run }}</p>
{{ show("histograms", "Logits of reals and fakes, each class as shares of its own; the outermost 0.5 % are in the "
  "last bins.") }}

<h2 id="calibration">Can P(fake) be believed?</h2>
<p class="faint">{{ calibration_note }}</p>
{{ draw(calibration, "calibration-table") }}
<p class="faint">{{ one_run }}</p>
{{ show("reliability", "Share of fakes against P(fake), with 95 % intervals, and below it how many images. A detector "
  "that can be believed is on the diagonal.") }}

{% if swap %}
<h2 id="swap">Swap test: GAN or codec?</h2>
<p>{{ swap_verdict }}</p>
{{ draw(swap, "swap-table") }}
<p class="faint">{{ one_run }}</p>
{% endif %}

{% if controls %}
<h2 id="controls">Controls: images without a GAN</h2>
{{ words(controls) }}
<p class="faint">{{ one_run }}</p>
{% endif %}

{% if "spectra" in figures %}
<h2 id="spectra">Power spectra</h2>
{{ show("spectra", "Mean power of what a median filter takes away from the images. Maps: frequency 0 in the middle, "
  "0.5 cycles per pixel at the edges, one scale of colors for all.") }}
{% endif %}

{% if "mistakes" in figures %}
<h2 id="mistakes">The most confident mistakes</h2>
{{ show("mistakes", "Images as they are; the surest first, with category, generator and P(fake) as trained.") }}
{% endif %}

<h2 id="groups">All groups</h2>
{% if worst %}
<details{% if worst[1] | length <= 12 %} open{% endif %}><summary>The worst group of each test</summary>
{{ words(worst) }}</details>
{% endif %}
<details open><summary>Images as they are</summary>
{{ filter("groups-table", "unseen") }}
{{ draw(clean_groups, "groups-table", 2) }}</details>
{% if degraded_groups[1] %}
<details><summary>Degraded images: {{ degraded_groups[1] | length }} rows</summary>
{{ filter("degraded-table", "category jpeg-75") }}
{{ draw(degraded_groups, "degraded-table", 3) }}</details>
{% endif %}
<p class="faint">{{ one_run }}</p>

<h2 id="provenance">What was tested</h2>
{{ words(test_sets) }}
<div class="wide"><table class="long facts"><tbody>
{% for name, value in detector[1] %}
<tr><th scope="row">{{ name }}</th><td>{{ value }}</td></tr>
{% endfor %}
</tbody></table></div>
{% for note in notes %}
<p class="faint">{{ note }}</p>
{% endfor %}

<h2 id="command">How to reproduce</h2>
<code class="command">{{ command }}</code>
"""
