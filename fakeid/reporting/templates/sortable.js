"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0], rows = [...body.rows], headings = [...table.tHead.rows[0].cells];
  const read = (row, column) => {
    const cell = row.cells[column], text = cell.textContent.trim();
    const number = parseFloat(cell.dataset.value ?? text.replace("<", ""));
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
    const words = filter.value.toLowerCase().split(/\s+/);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  });
}
