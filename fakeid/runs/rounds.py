"""Launches cells until each has ended, whatever dies on the way and whoever else is at them."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from fakeid.runs.grid import Cell
from fakeid.runs.layout import DONE, FAILED, RUNNING, RunStatus
from fakeid.runs.states import is_complete, read_state

_POLL_SECONDS: Final = 1.0
_TRIES: Final = 2
"""Launches in a row that get no further than the one before."""

_Progress = tuple[int, int]


def run_rounds(cells: Sequence[Cell], launch: Callable[[Sequence[Cell]], str | None], console: Console) -> None:
    """Launch all cells that nobody is at; again those that were cut off; then wait for those that others are at.

    A cell ends done or failed. One whose process was killed is launched again, as long as each round ends another cell
    or saves another epoch of one.

    Args:
        cells: Those to be trained.
        launch: Trains cells and says what went wrong, if anything did.
        console: Where to print.
    """
    begun = {cell.run.path: cell.run.read_status() for cell in cells}
    best, tries = _measure(cells, begun), 0
    while left := [cell for cell in cells if not _has_ended(cell, begun)]:
        free = [cell for cell in left if read_state(cell.run).name != RUNNING]
        if not free:
            _wait(left, begun, console)
            continue
        reason = launch(free)
        cut_off = [cell for cell in free if not _has_ended(cell, begun) and read_state(cell.run).name != RUNNING]
        if not cut_off:
            continue
        progress = _measure(cells, begun)
        tries = 0 if progress > best else tries + 1
        best = max(best, progress)
        what = f"{_count(cut_off)} cut off ({reason or 'no reason known'})"
        if tries == _TRIES:
            console.print(f"{what} again, and no epoch further; giving up", style="red", markup=False)
            return
        console.print(f"{what}; launching {'it' if len(cut_off) == 1 else 'them'} again", markup=False)


def _has_ended(cell: Cell, begun: Mapping[Path, RunStatus | None]) -> bool:
    """Whether it was done or failed since the sweep began, or need not be trained."""
    status = cell.run.read_status()
    if is_complete(cell.run, cell.config):
        return True
    return status is not None and status.state in (DONE, FAILED) and status != begun[cell.run.path]


def _measure(cells: Sequence[Cell], begun: Mapping[Path, RunStatus | None]) -> _Progress:
    """Cells that have ended, and saved epochs of the others."""
    open_ = [cell for cell in cells if not _has_ended(cell, begun)]
    return len(cells) - len(open_), sum(cell.run.epochs_done for cell in open_)


def _wait(cells: Sequence[Cell], begun: Mapping[Path, RunStatus | None], console: Console) -> None:
    """Return when one of the cells, all in progress elsewhere, no longer is."""
    # A worker of our own that is about to end is no news.
    time.sleep(_POLL_SECONDS)
    told = False
    while all(read_state(cell.run).name == RUNNING and not _has_ended(cell, begun) for cell in cells):
        if not told:
            names = ", ".join(f"{cell.run.path.name} ({read_state(cell.run).who or 'starting'})" for cell in cells)
            console.print(f"waiting for {len(cells)} in progress elsewhere: {names}", markup=False)
            told = True
        time.sleep(_POLL_SECONDS)


def _count(cells: Sequence[Cell]) -> str:
    return "1 cell was" if len(cells) == 1 else f"{len(cells)} cells were"
