"""A sweep's table for a paper."""

import re
from typing import Final

from fakeid.reporting.sweep_tables import SweepTable, describe_brackets, format_cell

_SPECIAL: Final = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}  # fmt: skip


def render_table_latex(table: SweepTable) -> str:
    """A `table*` of the booktabs package, each interval below its number; a dagger marks what was trained on."""
    columns = len(table.columns) + 1
    headings = " & ".join(rf"\rotatebox{{90}}{{{escape_latex(name)}}}" for name in table.columns)
    lines = [
        "% needs \\usepackage{booktabs} and \\usepackage{graphicx}",
        *([f"% {table.setting.name}: {table.setting.full_name}"] if table.setting.short else []),
        r"\begin{table*}",
        r"\centering\footnotesize\setlength{\tabcolsep}{2.5pt}",
        rf"\caption{{{escape_latex(_describe(table))}}}",
        rf"\label{{tab:{table.slug}}}",
        rf"\begin{{tabular}}{{r{'c' * (columns - 1)}}}",
        r"\toprule",
        rf"$k$ & {headings} \\",
        r"\midrule",
    ]
    for cell in table.rows:
        pairs = [format_cell(estimate) for estimate in table.estimates(cell)]
        marks = [r"$^{\dagger}$" if seen else "" for seen in table.seen(cell)]
        values = " & ".join(_dash(value) + mark for (value, _), mark in zip(pairs, marks, strict=True))
        bounds = " & ".join(rf"\tiny {_dash(interval)}" if interval else "" for _, interval in pairs)
        lines += [rf"{cell.categories} & {values} \\", rf" & {bounds} \\[2pt]"]
    lines += [r"\bottomrule", r"\end{tabular}", r"\end{table*}"]
    return "\n".join(lines) + "\n"


def escape_latex(text: str) -> str:
    """Text whose characters LaTeX prints as they are."""
    return re.sub(r"[\\~^&%$#_{}]", lambda found: _SPECIAL[found.group()], text)


def _describe(table: SweepTable) -> str:
    held_out = f" {table.held_out} is held out." if table.held_out else ""
    return (
        f"{table.setting.name}: accuracy in % on each test category by number of training categories k; below it the "
        f"{describe_brackets(table.rows)}. Daggers mark what was trained on.{held_out}"
    )


def _dash(text: str) -> str:
    return text.replace("\N{EN DASH}", "--")
