"""From the finished runs of a folder to the paper's main figure and its table."""

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console

from fakeid.errors import DataError
from fakeid.files import clear_output_errors, read_json, write_atomically, write_text
from fakeid.reporting.curve import collect_curve, plot_curve, render_curve_markdown
from fakeid.runs.layout import RunFolder


def write_report(directory: Path, console: Console | None = None) -> list[dict[str, Any]]:
    """Average the finished runs over seeds; print the table, write `report/curve.{md,csv,png}`.

    Args:
        directory: Holds one folder a run.
        console: Where to print; None is the terminal.

    Returns:
        The rows of `collect_curve`.

    Raises:
        DataError: No folder, or no finished run in it.
        OutputError: The report cannot be written.
    """
    console = console or Console(highlight=False)
    if not directory.is_dir():
        raise DataError(f"there is no folder {directory}; give the one that was paths.runs")
    runs = [RunFolder(path) for path in sorted(directory.iterdir()) if (path / "status.json").exists()]
    done = [run for run in runs if run.is_done()]
    if not done:
        raise DataError(f"no run in {directory} is finished ({len(runs)} begun); train one with paths.runs={directory}")
    summaries = [read_json(run.summary) for run in done]
    rows = collect_curve(summaries)
    markdown = _render_warnings(summaries) + render_curve_markdown(rows)
    folder = directory / "report"
    with clear_output_errors(folder, "paths.runs"):
        write_text(folder / "curve.md", markdown)
        write_text(folder / "curve.csv", _render_csv(rows))
        figure = plot_curve(rows)
        write_atomically(folder / "curve.png", lambda file: figure.savefig(file, format="png"))
    console.print(f"{len(done)} finished runs of {len(runs)}\n")
    console.print(markdown, soft_wrap=True, markup=False)
    console.print(f"written to {folder}", soft_wrap=True)
    return rows


def _render_warnings(summaries: list[dict[str, Any]]) -> str:
    """What the audits warned of, loud and first, for it decides how much the numbers below are worth."""
    audits = [summary.get("audit") or {"warnings": []} for summary in summaries]
    counts = Counter(warning for audit in audits for warning in audit["warnings"])
    lines = [
        f"> **WARNING** ({count} of {len(summaries)} runs): {warning}\n" for warning, count in counts.most_common()
    ]
    return "\n".join([*lines, ""])


def _render_csv(rows: list[dict[str, Any]]) -> str:
    flat = [dict(_flatten(row)) for row in rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(flat[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue()


def _flatten(row: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, value in row.items():
        pairs += _flatten(value, f"{prefix}{name}_") if isinstance(value, dict) else [(prefix + name, value)]
    return pairs
