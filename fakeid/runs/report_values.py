"""What W&B gets of a report: curves against the number of categories, tables, and the numbers to sort by."""

import re
from collections.abc import Sequence
from typing import Any, Final

from fakeid.reporting.averages import Cell
from fakeid.reporting.numbers import UNDEFINED
from fakeid.reporting.sweep_report import SweepReport
from fakeid.reporting.sweep_rows import Rows, list_averages, list_claims, list_effects, list_runs
from fakeid.reporting.sweep_tables import tabulate_table
from fakeid.training.tracked_fields import make_key, spread

CATEGORIES: Final = "categories"
"""What the curves are drawn against."""

CURVES: Final = (
    *("held_out_accuracy", "unseen_accuracy", "seen_accuracy"),
    *("unseen_real_accuracy", "unseen_fake_accuracy", "unseen_auroc"),
)
"""Of each there is a curve for each setting; the first alone is of the same images at every number of categories."""

_NUMBER: Final = r"[+-]?\d+(?:\.\d+)?"
_NUMBERS: Final = re.compile(
    rf"(?:< )?(?P<value>{_NUMBER})(?: \[(?P<low>{_NUMBER}), (?P<high>{_NUMBER})\])?"
    rf"|(?P<least>{_NUMBER}) to (?P<most>{_NUMBER})"
)
_PARTS: Final = {"value": "", "low": " low", "high": " high", "least": " low", "most": " high"}
"""What a cell may hold, and what is added to the heading of its column."""

Table = tuple[Sequence[str], list[list[Any]]]
"""Columns, and rows of as many cells."""


def name_curve(quantity: str, cell: Cell) -> str:
    """Under which a quantity of a cell's setting is logged."""
    return make_key(quantity, cell.setting.name.lower())


def collect_curves(cells: Sequence[Cell]) -> list[dict[str, float]]:
    """One row for each number of categories, rising, with what each setting reaches at it."""
    rows: dict[int, dict[str, float]] = {k: {CATEGORIES: k} for k in sorted({cell.categories for cell in cells})}
    for cell in cells:
        estimates = (
            cell.measure(cell.held_out or "", "accuracy"), cell.average(seen=False), cell.average(seen=True),
            cell.measure("unseen", "real_accuracy"), cell.measure("unseen", "fake_accuracy"),
            cell.measure("unseen", "auroc"),
        )  # fmt: skip
        for quantity, estimate in zip(CURVES, estimates, strict=True):
            if estimate["value"] is not None:
                rows[cell.categories][name_curve(quantity, cell)] = estimate["value"]
    return list(rows.values())


def collect_tables(report: SweepReport) -> dict[str, Table]:
    """The paper's tables and those of evaluations, then others, by the names under which they are logged.

    Numbers are such, and an estimate is three columns: its value, and `_low` and `_high` for its interval.
    """
    claims = [*report.claims.settings, *report.claims.categories, *report.claims.best]
    tables: dict[str, Table] = {table.slug: tabulate_table(table) for table in report.tables}
    tables |= {"averages": _read_numbers(list_averages(report.cells)), "runs": _read_numbers(list_runs(report.cells))}
    tables |= {evaluation.slug: _read_numbers(evaluation.rows) for evaluation in report.evaluations}
    if report.effects:
        tables["effects"] = _read_numbers(list_effects(report.effects))
    if claims:
        tables["differences"] = _read_numbers(list_claims(claims))
    return {make_key("tables", slug): (name_columns(headings), rows) for slug, (headings, rows) in tables.items()}


def describe_report(report: SweepReport) -> dict[str, Any]:
    """What was varied."""
    return {
        "folder": report.title,
        "settings": list(dict.fromkeys(cell.setting.name for cell in report.cells)),
        CATEGORIES: sorted({cell.categories for cell in report.cells}),
        "seeds": sorted({run.seed for run in report.tested}),
    }


def sum_up_report(report: SweepReport) -> dict[str, Any]:
    """The answer, counts, and the numbers of the best configuration where one is named."""
    claims = [*report.claims.settings, *report.claims.categories, *report.claims.best]
    summary: dict[str, Any] = {
        "answer": " ".join(report.answer),
        "caveat": report.caveat,
        "finished_runs": len(report.tested),
        "unfinished_runs": len(report.unfinished),
        "audit_warnings": [warning for warning, _ in report.warnings],
        "misplaced_thresholds": report.misplaced,
        "comparisons": len(claims),
        "comparisons_significant": sum(claim.is_significant for claim in claims),
    }
    named = report.claims.named_best
    for cell in report.cells if len(report.cells) == 1 else [named] if named else []:  # one alone is the best of itself
        summary |= {
            "best/cell": cell.name,
            **spread("best/unseen_accuracy", cell.average(seen=False)),
            **spread("best/seen_accuracy", cell.average(seen=True)),
            **spread("best/unseen_auroc", cell.measure("unseen", "auroc")),
        }
    return summary


def name_columns(headings: Sequence[str]) -> list[str]:
    """Headings as names that W&B can query, each once, such as `unseen_acc_percent` and `p_Holm_2`."""
    names: list[str] = []
    for heading in headings:
        key = name = make_key(heading.replace("%", "percent"))
        number = 1
        while name in names:
            number += 1
            name = f"{key}_{number}"
        names.append(name)
    return names


def _read_numbers(rows: Rows) -> Table:
    """Columns of numbers as such, so that W&B sorts them by size; one for each bound where there are intervals."""
    headings, words = rows
    columns = [part for i, heading in enumerate(headings) for part in _read_column(heading, [row[i] for row in words])]
    return [heading for heading, _ in columns], [
        list(row) for row in zip(*(cells for _, cells in columns), strict=True)
    ]


def _read_column(heading: str, words: list[str]) -> list[tuple[str, list[Any]]]:
    """A p-value below what is told exactly becomes that bound."""
    found = [_NUMBERS.fullmatch(word) for word in words]
    if not all(match or word == UNDEFINED for match, word in zip(found, words, strict=True)):
        return [(heading, words)]
    parts = {part: [_read_part(match, part) for match in found] for part in _PARTS}
    known = [part for part, cells in parts.items() if any(number is not None for number in cells)]
    return [(heading + _PARTS[part], parts[part]) for part in known or ["value"]]


def _read_part(match: re.Match[str] | None, part: str) -> float | None:
    return float(match[part]) if match and match[part] else None
