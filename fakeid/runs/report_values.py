"""What W&B gets of a report: curves against the number of categories, tables, and the numbers to sort by."""

import re
from collections.abc import Sequence
from typing import Any, Final

from fakeid.reporting.averages import Cell
from fakeid.reporting.numbers import UNDEFINED, Estimate
from fakeid.reporting.sweep_report import SweepReport
from fakeid.reporting.sweep_rows import Rows, list_averages, list_claims, list_effects, list_runs
from fakeid.reporting.sweep_tables import tabulate_table

CATEGORIES: Final = "categories"
"""What the curves are drawn against."""

CURVES: Final = (
    *("held_out_accuracy", "unseen_accuracy", "seen_accuracy"),
    *("unseen_real_accuracy", "unseen_fake_accuracy", "unseen_auroc"),
)
"""Of each there is a curve for each setting; the first alone is of the same images at every number of categories."""

Table = tuple[Sequence[str], list[list[Any]]]
"""Columns, and rows of as many cells."""


def name_curve(quantity: str, cell: Cell) -> str:
    """Under which a quantity of a cell's setting is logged; W&B cannot query names with commas and dots."""
    setting = re.sub(r"\W+", "_", cell.setting.name.lower()).strip("_")
    return f"{quantity}/{setting}"


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
    """The paper's tables and those of evaluations by their slug, then others by name; numbers as such."""
    claims = [*report.claims.settings, *report.claims.categories, *report.claims.best]
    tables: dict[str, Table] = {table.slug: tabulate_table(table) for table in report.tables}
    tables |= {"averages": _read_numbers(list_averages(report.cells)), "runs": _read_numbers(list_runs(report.cells))}
    tables |= {evaluation.slug: _read_numbers(evaluation.rows) for evaluation in report.evaluations}
    if report.effects:
        tables["effects"] = _read_numbers(list_effects(report.effects))
    if claims:
        tables["differences"] = _read_numbers(list_claims(claims))
    return tables


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
            **_spread("best/unseen_accuracy", cell.average(seen=False)),
            **_spread("best/seen_accuracy", cell.average(seen=True)),
            **_spread("best/unseen_auroc", cell.measure("unseen", "auroc")),
        }
    return summary


def _spread(name: str, estimate: Estimate) -> dict[str, float | None]:
    return {name: estimate["value"], f"{name}_low": estimate["low"], f"{name}_high": estimate["high"]}


def _read_numbers(rows: Rows) -> Table:
    """Columns of numbers as such, so that W&B sorts them by size."""
    headings, words = rows
    columns = [_read_column([row[i] for row in words]) for i in range(len(headings))]
    return headings, [list(row) for row in zip(*columns, strict=True)]


def _read_column(words: list[str]) -> list[Any]:
    try:
        return [None if word == UNDEFINED else float(word) for word in words]
    except ValueError:
        return list(words)
