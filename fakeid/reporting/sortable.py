"""Tables of a page that can be sorted by a click on a heading, and filtered; without JavaScript just tables."""

from typing import Final

TABLE_MACROS: Final = """
{% macro cell_class(text) -%}
{% if text in ("better", "worse") %} class="{{ text }}"
{%- elif text in ("not significant", "not judged") %} class="open"{% endif %}
{%- endmacro %}
{% macro draw(table, id="", class="") %}
<div class="wide"><table class="long {{ class }}{% if id %} sortable" id="{{ id }}{% endif %}">
<thead><tr>{% for heading in table[0] %}<th>{{ heading }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in table[1] %}<tr>{% for text in row %}<td{{ cell_class(text) }}>{{ text }}</td>{% endfor %}</tr>
{% endfor %}
</tbody></table></div>
{% endmacro %}
"""
"""Jinja source: `draw((headings, rows), id, class)` writes a table, sortable where it has an id, verdicts in color."""

SORTABLE_STYLE: Final = """
.filter { display: none; margin: 0 0 .6rem; padding: .4rem .6rem; width: min(24rem, 100%); font: inherit;
  color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: .3rem; }
.sortable.live th { cursor: pointer; }
.sortable.live th:focus-visible, .filter:focus-visible { outline: 2px solid var(--real); outline-offset: 2px; }
.sortable th[aria-sort]::after { content: " \\2193"; }
.sortable th[aria-sort="ascending"]::after { content: " \\2191"; }
@media print { .filter { display: none !important; } }
"""

SORTABLE_SCRIPT: Final = """
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0], rows = [...body.rows], headings = [...table.tHead.rows[0].cells];
  const read = (row, column) => {
    const text = row.cells[column].textContent.trim(), number = parseFloat(text.replace("<", ""));
    return Number.isNaN(number) ? text : number;
  };
  const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b :
    typeof a === typeof b ? a.localeCompare(b) : typeof a === "number" ? -1 : 1;
  const sort = (column) => {
    const heading = headings[column], rising = heading.getAttribute("aria-sort") !== "ascending";
    headings.forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const keyed = rows.map((row) => [read(row, column), row]);
    keyed.sort((a, b) => (rising ? 1 : -1) * compare(a[0], b[0]));
    body.append(...keyed.map((entry) => entry[1]));
  };
  table.classList.add("live");
  headings.forEach((heading, column) => {
    heading.tabIndex = 0;
    heading.addEventListener("click", () => sort(column));
    heading.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(column); }
    });
  });
  const filter = document.querySelector(`input[data-filters="${table.id}"]`);
  if (!filter) continue;
  filter.style.display = "block";
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\\s+/);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  });
}
"""
