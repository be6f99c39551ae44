"""Render tables for the terminal (Rich), Markdown, CSV, W&B and LaTeX; pages use `templates/table.html`."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from rich import box
from rich.table import Table as RichTable
from rich.text import Text

from fakeid.evaluation.records.results import Estimate
from fakeid.reporting.formatting import format_bounds, format_cell, format_number
from fakeid.reporting.table import Cell, Column, Form, Row, Table, Tone

_STYLES: Final = {
    Tone.GOOD: "green", Tone.BAD: "red", Tone.DOUBTFUL: "yellow", Tone.OPEN: "dim", Tone.FAINT: "dim",
}  # fmt: skip
_LATEX_SPECIAL: Final = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "\N{EN DASH}": "--", "\N{DAGGER}": r"$^{\dagger}$",
}  # fmt: skip


def is_numeric(column: Column) -> bool:
    """Tell whether a column holds numbers, which are right-aligned."""
    return column.form not in (Form.TEXT, Form.CODE)


def render_terminal(table: Table, *, stacked: bool = True, dense: bool = False) -> RichTable:
    """Render a table for a terminal.

    Args:
        table: Table to render.
        stacked: Whether each interval is below its value, which saves width, or beside it.
        dense: Whether columns are separated by one space instead of two.

    Returns:
        A Rich table.
    """
    drawn = RichTable(
        title=table.title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD,
        padding=(0, 0 if dense else 1, 0, 0),
        show_edge=False, caption="\n".join(table.notes) or None, caption_justify="left",
    )  # fmt: skip
    for column in table.columns:
        numeric = is_numeric(column)
        heading = column.short or column.heading
        drawn.add_column(Text(heading), justify="right" if numeric else "left", no_wrap=numeric, overflow="fold")
    for row in table.rows:
        cells = [_draw_cell(cell, column, row, stacked) for cell, column in zip(row.cells, table.columns, strict=True)]
        drawn.add_row(*cells, end_section=row.ends_section)
    return drawn


def _draw_cell(cell: Cell, column: Column, row: Row, stacked: bool) -> Text:
    style = " ".join(filter(None, ["bold" if row.strong else "", _STYLES[cell.tone] if cell.tone else ""]))
    if stacked and cell.note:
        text = Text(format_cell(replace(cell, note=""), column.form), style=style)
        return text.append(f"\n{cell.note}", style="not bold magenta")
    value, bounds = _write_stacked(cell, column) if stacked else (format_cell(cell, column.form), "")
    text = Text(value, style=style)
    # 80 columns have no room for the last digit of 100.0.
    return text.append(f"\n{bounds.replace('100.0', '100')}", style="not bold dim") if bounds else text


def has_bounds_below(cell: Cell) -> bool:
    """Tell whether a cell holds a value with an interval, which some renderers put below it."""
    return isinstance(cell.value, Estimate) and cell.value.value is not None and cell.value.has_interval


def render_markdown(table: Table) -> str:
    """Render a table as Markdown with its notes below it, but without the title, whose level the caller chooses."""
    lines = [[column.heading for column in table.columns]]
    lines.append(["---:" if is_numeric(column) else "---" for column in table.columns])
    lines += [
        [_write_markdown(cell, column) for cell, column in zip(row.cells, table.columns, strict=True)]
        for row in table.rows
    ]
    body = "\n".join(f"| {' | '.join(_escape_markdown(cell) for cell in line)} |" for line in lines)
    return "\n\n".join([body, *table.notes]) + "\n"


def _write_markdown(cell: Cell, column: Column) -> str:
    text = format_cell(cell, column.form)
    return f"`{text}`" if column.form is Form.CODE and text else text


def _escape_markdown(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def tabulate(table: Table) -> tuple[list[str], list[list[Any]]]:
    """Convert a table to plain columns for CSV files and W&B.

    A column of estimates becomes a column of values and, if any row has an interval, columns `NAME low` and
    `NAME high`; estimates with bounds only become these two columns. Marks become a separate column, see `Column`.
    Undefined values are None.

    Returns:
        The unique column names, and the rows with one value per column.
    """
    names: list[str] = []
    spread: list[list[Any]] = []
    for at, column in enumerate(table.columns):
        cells = [row.cells[at] for row in table.rows]
        name = _make_unique(column.name or column.heading, names)
        estimates = [cell.value if isinstance(cell.value, Estimate) else Estimate(None) for cell in cells]
        values = [cell.value.value if isinstance(cell.value, Estimate) else cell.value for cell in cells]
        bounded = any(estimate.has_interval for estimate in estimates)
        if not bounded or any(value is not None for value in values):
            names.append(name)
            spread.append(values)
        if bounded:
            for end in ("low", "high"):
                names.append(f"{name} {end}")
                spread.append([getattr(estimate, end) for estimate in estimates])
        if column.marked:
            names.append(f"{name} {column.marked}")
            spread.append([bool(cell.mark) for cell in cells])
    return names, [list(row) for row in zip(*spread, strict=True)]


def _make_unique(name: str, taken: Sequence[str]) -> str:
    number, unique = 1, name
    while unique in taken:
        number += 1
        unique = f"{name} {number}"
    return unique


def render_latex(table: Table, *, caption: str, label: str, comments: Sequence[str] = ()) -> str:
    r"""Render a table that spans both columns of a paper, with rotated headings and each interval below its number.

    Args:
        table: Table to render; its first column is headed by its short name.
        caption: Caption as plain text.
        label: Label without the prefix `tab:`.
        comments: LaTeX comment lines above the table.

    Returns:
        A `table*`, which needs `booktabs`, and `graphicx` for the headings.
    """
    first, *others = (column.short or column.heading for column in table.columns)
    headings = [escape_latex(first), *(rf"\rotatebox{{90}}{{{escape_latex(name)}}}" for name in others)]
    lines = [
        *(f"% {comment}" for comment in (r"needs \usepackage{booktabs} and \usepackage{graphicx}", *comments)),
        r"\begin{table*}",
        r"\centering\footnotesize\setlength{\tabcolsep}{2.5pt}",
        rf"\caption{{{escape_latex(caption)}}}",
        rf"\label{{tab:{label}}}",
        rf"\begin{{tabular}}{{r{'c' * len(others)}}}",
        r"\toprule",
        rf"{' & '.join(headings)} \\",
        r"\midrule",
    ]
    for row in table.rows:
        cells = [_write_stacked(cell, column) for cell, column in zip(row.cells, table.columns, strict=True)]
        values = " & ".join(escape_latex(value) for value, _ in cells)
        bounds = " & ".join(rf"\tiny {escape_latex(below)}" if below else "" for _, below in cells)
        lines += [rf"{values} \\", rf"{bounds} \\[2pt]"]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table*}"]) + "\n"


def _write_stacked(cell: Cell, column: Column) -> tuple[str, str]:
    """Format a value and the interval below it."""
    if not isinstance(cell.value, Estimate) or not has_bounds_below(cell):
        return format_cell(cell, column.form), ""
    value = format_number(cell.value.value, column.form) + cell.mark
    return value, format_bounds(cell.value, column.form, "\N{EN DASH}")


def escape_latex(text: str) -> str:
    """Escape text so that LaTeX prints it literally."""
    return re.sub("|".join(map(re.escape, _LATEX_SPECIAL)), lambda found: _LATEX_SPECIAL[found[0]], text)
