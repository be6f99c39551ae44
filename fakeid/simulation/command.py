"""`python -m fakeid benchmark statistics`: do claims, intervals and thresholds keep their word?"""

from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fakeid.errors import OutputError
from fakeid.files import clear_output_errors, write_text
from fakeid.simulation.claim_tables import plan_claims, tabulate_claims, tabulate_effects
from fakeid.simulation.coverage_tables import plan_coverage, tabulate_coverage
from fakeid.simulation.document import CLAIMS, COVERAGE, EFFECTS, POWER, Chapter, render_document
from fakeid.simulation.points import Plan, Point, count_cores, simulate_points
from fakeid.simulation.power_tables import plan_power, tabulate_power
from fakeid.simulation.rates import RateTable, is_bold

PAGES: Final = 200
_WIDTH: Final = 170  # of a log file


def run_statistics_benchmark(
    *,
    pages: int = PAGES,
    seed: int = 0,
    processes: int | None = None,
    out: Path | None = None,
    console: Console | None = None,
) -> list[Chapter]:
    """Draw, count, and print or write the tables.

    Args:
        pages: Drawn for each rate; cheap ones are drawn more often.
        seed: Of the draws.
        processes: That draw at the same time, None for one a core; the outcome does not depend on it.
        out: A Markdown file to write; None prints the tables.
        console: Where to print; None is the terminal.

    Returns:
        What was written.

    Raises:
        OutputError: The file cannot be written.
    """
    console = console or Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH
    if out is not None:
        _check_writable(out)
    outcomes = simulate_points(_plan(pages), seed, processes or count_cores(), console)
    chapters = [
        Chapter("False claims", CLAIMS, tabulate_claims(outcomes, pages)),
        Chapter("Options whose effect differs between settings", EFFECTS, tabulate_effects(outcomes, pages)),
        Chapter("Intervals", COVERAGE, tabulate_coverage(outcomes, pages)),
        Chapter("How many seeds to take", POWER, tabulate_power(outcomes, pages)),
    ]
    if out is not None:
        with clear_output_errors(out.parent, "--out"):
            write_text(out, render_document(chapters, pages, seed))
        console.print(f"written to {out}", soft_wrap=True)
    else:
        for chapter in chapters:
            console.rule(chapter.title)
            for table in chapter.tables:
                console.print(_render(table))
    rows = [row for chapter in chapters for table in chapter.tables for row in table.rows]
    broken = sum(is_bold(cell) for row in rows for cell in row)
    console.print(f"rates that clearly break their promise of 5 % or 95 %: {broken}")
    return chapters


def _plan(pages: int) -> list[Plan]:
    """What the tables need, each point once."""
    plans: dict[Point, Plan] = {}
    for plan in (*plan_claims(pages), *plan_coverage(pages), *plan_power(pages)):
        known = plans.get(plan.point)
        plans[plan.point] = plan if known is None else Plan(plan.point, max(plan.repeats, known.repeats))
    return list(plans.values())


def _check_writable(out: Path) -> None:
    """Tell what would go wrong before all is drawn, not after."""
    if out.is_dir():
        raise OutputError(f"--out={out} is a folder; name a file in it")
    with clear_output_errors(out.parent, "--out"):
        out.parent.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=out.parent).close()


def _render(table: RateTable) -> Table:
    shown = Table(title=table.title, caption=table.note, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for place, column in enumerate(table.columns):
        shown.add_column(column, justify="right" if place else "left", overflow="fold")
    for row in table.rows:
        shown.add_row(*(Text(cell.strip("*"), style="bold red" if is_bold(cell) else "") for cell in row))
    return shown
