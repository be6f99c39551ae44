"""`python -m fakeid benchmark sweep`: the hours of a grid on this machine, and what a sweep adds to its trainings."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Console

from fakeid.progress import build_progress
from fakeid.runs.compose import compose_grid
from fakeid.runs.sweep_overhead import Overhead, measure_overhead

if TYPE_CHECKING:  # it loads torch, and the import is measured
    from fakeid.runs.sweep_estimate import Estimate

_SHOWN: Final = (2, 10, 25, 50, 100)
"""Cells after which the memory is printed."""


@dataclass(frozen=True)
class SweepCost:
    """What was measured.

    Attributes:
        overhead: Of tiny cells of the same grid.
        estimate: For the cells that are not done.
    """

    overhead: Overhead
    estimate: "Estimate"


def run_sweep_benchmark(words: Sequence[str], *, cells: int, steps: int, console: Console | None = None) -> SweepCost:
    """Measure and print; trains a few tiny cells and takes a few steps with each network of the grid.

    Args:
        words: What would be typed after `python sweep.py -m`; images of LSUN and ProGAN need not be there.
        cells: How many tiny cells to train; the growth of memory shows from 15 on.
        steps: Measured steps of each network, in training and in validation.
        console: Where to print; None is the terminal.

    Raises:
        ConfigError: Every mistake in the whole grid, before anything is measured.
        DataError: Missing or too few images, where the options do not tell how many there would be.
        DeviceError: No GPU with `trainer=gpu`.
    """
    # Bound to what is the terminal now: while tiny cells are trained, their own lines go nowhere.
    console = console or Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        console.width = 120  # of a log file
    with console.status("checking the grid"):
        grid = compose_grid(words)
    pending = [cell for cell in grid if cell.config.force or not cell.run.is_done()]
    console.print(f"{len(grid)} cells, {len(pending)} to train")
    with build_progress(console) as progress:
        task = progress.add_task("training tiny cells", total=cells, unit="cells")
        overhead = measure_overhead(grid, cells, lambda: progress.advance(task))
    _print_overhead(overhead, console)
    from fakeid.runs.sweep_estimate import estimate_sweep  # noqa: PLC0415 - torch, whose import was measured

    return SweepCost(overhead, estimate_sweep(pending, overhead.later_seconds, steps, console))


def _print_overhead(overhead: Overhead, console: Console) -> None:
    first, count = overhead.cells[0].overhead_seconds, len(overhead.cells)
    console.print(
        f"a cell beyond its epochs, {count} tiny ones trained: first {first + overhead.import_seconds:.1f} s "
        f"({overhead.import_seconds:.1f} s of them imports), later {overhead.later_seconds:.1f} s "
        f"(median; {overhead.slowest_seconds:.1f} s at most)",
        soft_wrap=True,
    )
    memory = [f"{cell.memory_mb:,.0f} MB after cell {at}" for at, cell in overhead.select(_SHOWN)]
    growth = overhead.fit_growth()
    if growth:
        memory.append(f"{growth.slope:+.2f} [{growth.low:.2f}, {growth.high:.2f}] MB a cell from the 10th on")
    console.print(f"memory: {', '.join(memory)}; {overhead.cells[-1].open_files} files open", soft_wrap=True)
