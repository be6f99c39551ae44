"""The report over many runs as one HTML page."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup

from fakeid.reporting.averages import Cell
from fakeid.reporting.judged import Judged
from fakeid.reporting.numbers import Estimate
from fakeid.reporting.page import render_page
from fakeid.reporting.report_figures import ReportFigure
from fakeid.reporting.setting_names import split_by_budget
from fakeid.reporting.svg import LINE_STYLE, inline_svg
from fakeid.reporting.sweep_markdown import (
    BEST_NOTE,
    CATEGORIES_NOTE,
    EFFECTS_NOTE,
    EVALUATION_NOTE,
    NEXT_NOTE,
    SETTINGS_NOTE,
    TEST_NOTE,
    TREND_NOTE,
)
from fakeid.reporting.sweep_report import SweepReport
from fakeid.reporting.sweep_rows import (
    Rows,
    list_averages,
    list_claims,
    list_classes,
    list_effects,
    list_names,
    list_provenance,
    list_runs,
    list_trends,
    split_cells,
    tell_verdicts,
)
from fakeid.reporting.sweep_tables import SweepTable, describe_brackets, format_cell

_MANY: Final = 12  # rows; longer lists of differences are folded up
_CHANCE: Final = 0.5


def render_sweep_page(report: SweepReport) -> str:
    """The answer first, then what it rests on.

    Returns:
        A self-contained HTML document.
    """
    num_settings = len({cell.setting for cell in report.cells})
    return render_page(
        "sweep.html",
        title=f"Report: {report.title}",
        subtitle=(
            f"{len(report.tested)} of {len(report.runs)} runs finished; "
            f"{num_settings} {'setting' if num_settings == 1 else 'settings'}; {tell_verdicts(report.tested)}"
        ),
        css=LINE_STYLE,
        styles=("report.css", "sortable.css"),
        script="sortable.js",
        report=report,
        figures=[_describe_figure(figure) for figure in report.figures],
        names=list_names(report.cells),
        tables=[
            (budget, [_describe_table(table) for table in tables])
            for budget, tables in split_by_budget(report.tables, lambda table: table.setting)
        ],
        averages=_describe_cells(report, list_averages),
        next_note=NEXT_NOTE,
        trends=[
            (budget, list_trends(trends))
            for budget, trends in split_by_budget(report.trends, lambda trend: trend.setting)
        ],
        trend_note=TREND_NOTE,
        comparisons=_describe_comparisons(report),
        test_note=TEST_NOTE,
        classes=_describe_cells(report, list_classes),
        evaluation_note=EVALUATION_NOTE,
        runs=[(budget, _link_runs(table)) for budget, table in _describe_cells(report, list_runs)],
        link=link_run,
        provenance=list_provenance(report.tested),
        brackets=describe_brackets(report.cells),
    )


def link_run(name: str) -> Markup:
    """A link from a report, which lies beside the runs, to the folder of one."""
    return Markup('<a href="../{}/">{}</a>').format(quote(name), name)


def _link_runs(table: Rows) -> Rows:
    headings, rows = table
    return headings, [[*row[:-1], link_run(row[-1])] for row in rows]


def _describe_cells(report: SweepReport, list_rows: Callable[[Sequence[Cell]], Rows]) -> list[tuple[str, Rows]]:
    """A table for each budget, and the line above it; empty where there is one budget."""
    return [(budget, list_rows(cells)) for budget, cells in split_cells(report.cells)]


def _describe_figure(figure: ReportFigure) -> dict[str, Any]:
    return {
        "title": figure.title,
        "is_wide": figure.is_wide,
        "wide": inline_svg(figure.plot(), f"{figure.slug}-wide", figure.label),
        "narrow": inline_svg(figure.plot(narrow=True), f"{figure.slug}-narrow", figure.label),
    }


def _describe_table(table: SweepTable) -> dict[str, Any]:
    rows = [
        {
            "categories": cell.categories,
            "seeds": len(cell.runs),
            "cells": [
                _describe_cell(estimate, seen)
                for estimate, seen in zip(table.estimates(cell), table.seen(cell), strict=True)
            ],
        }
        for cell in table.rows
    ]
    return {
        "title": table.title,
        "slug": table.slug,
        "headings": [f"{name} (held out)" if name == table.held_out else name for name in table.columns],
        "rows": rows,
        "brackets": describe_brackets(table.rows),
    }


def _describe_cell(estimate: Estimate, seen: bool) -> dict[str, Any]:
    value, interval = format_cell(estimate)
    number = estimate["value"]
    # From chance level to perfect, and in another color to always wrong.
    heat = 0.0 if number is None else (number - _CHANCE) / (1 - _CHANCE)
    mood = "below" if heat < 0 else ""
    return {"value": value, "interval": interval, "seen": seen, "heat": round(100 * abs(heat)), "mood": mood}


def _describe_comparisons(report: SweepReport) -> list[dict[str, Any]]:
    claims = report.claims
    listed: tuple[tuple[str, str, Sequence[Judged], Rows], ...] = (
        ("The highest accuracy against the others", BEST_NOTE, claims.best, list_claims(claims.best)),
        ("One option changed", EFFECTS_NOTE, report.effects, list_effects(report.effects)),
        ("Settings against each other", SETTINGS_NOTE, claims.settings, list_claims(claims.settings)),
        (
            "Numbers of categories against each other",
            CATEGORIES_NOTE,
            claims.categories,
            list_claims(claims.categories),
        ),
    )
    described = []
    for number, (title, note, chosen, table) in enumerate(listed):
        if chosen:
            verdicts = [each.verdict for each in chosen]
            counts = [f"{verdicts.count(name)} {name}" for name in dict.fromkeys(verdicts)]
            described.append({
                "id": f"differences-{number}", "title": title, "note": note, "table": table,
                "open": len(chosen) <= _MANY, "counts": ", ".join(counts),
            })  # fmt: skip
    return described
