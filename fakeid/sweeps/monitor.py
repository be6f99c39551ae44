"""A sweep from round to round: launch cells until each has ended, and say how many are left."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Final

from rich.console import Console

from fakeid.console import StatusLine
from fakeid.runs.layout import DONE, FAILED, RUNNING, RunStatus
from fakeid.runs.states import is_complete, lacks_evaluation, read_state
from fakeid.sweeps.grid import Cell

_REDRAW_SECONDS = 2.0
_TESTED: Final = "tested"  # and still to be evaluated


class Overview:
    """Counts the cells of a sweep while they are trained, here or in other processes.

    A terminal has the counts in a line at its bottom, above the bar of the cell that is trained in this process;
    elsewhere a line is printed whenever another cell has ended.

    Args:
        cells: All cells of the grid.
        console: Where to print.
    """

    def __init__(self, cells: Sequence[Cell], console: Console) -> None:
        self._cells = cells
        self._console = console
        self._line = StatusLine(console, "sweep: starting")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._started = time.monotonic()
        self._done_before = self._count()[DONE]

    def print_plan(self, pending: Sequence[Cell]) -> None:
        """Print the number of cells, what is done already, and how long the rest might take."""
        states = self._count()
        found = ", ".join(f"{count} {name}" for name, count in states.items() if count)
        self._console.print(f"{len(self._cells)} cells: {found}")
        to_train = [cell for cell in pending if self._name_state(cell) != _TESTED]
        seconds = estimate_seconds(self._cells, to_train)
        if to_train:
            unknown = "no time known yet; python -m fakeid benchmark sweep with the same options measures it"
            hours = f"about {_render(seconds)} one after the other" if seconds else unknown
            self._console.print(f"{len(to_train)} to train, {hours}")
            self._print_seeds(len({cell.config.seed for cell in self._cells}))
        if len(to_train) < len(pending):
            self._console.print(f"{len(pending) - len(to_train)} to evaluate only")

    def _print_seeds(self, num_seeds: int) -> None:
        """Print what several seeds of the grid cost, those that are done among them, and what they are for."""
        if num_seeds < 2:
            self._console.print("one seed: the report shows each run and judges no difference between configurations")
            return
        self._console.print(
            f"{num_seeds} seeds of each configuration; seed=0 trains only one, in 1/{num_seeds} of the time, and "
            "differences are then not judged"
        )

    def __enter__(self) -> "Overview":
        self._line.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._line.stop()

    def _watch(self) -> None:
        before = self._count()
        self._line.update(f"sweep: {self._render_line(before)}")
        while not self._stop.wait(_REDRAW_SECONDS):
            now = self._count()
            line = f"sweep: {self._render_line(now)}"
            self._line.update(line)
            if not self._console.is_terminal and now[DONE] + now[FAILED] != before[DONE] + before[FAILED]:
                self._console.print(line)
            before = now

    def _render_line(self, now: Counter[str]) -> str:
        left = len(self._cells) - now[DONE] - now[FAILED] - now[RUNNING]
        line = f"{now[DONE]} done, {now[RUNNING]} running, {now[FAILED]} failed, {left} left"
        finished = now[DONE] - self._done_before
        if finished and left + now[RUNNING]:
            each = (time.monotonic() - self._started) / finished
            line += f", about {_render(each * (left + now[RUNNING] / 2))} to go"
        return line

    def _count(self) -> Counter[str]:
        return Counter(self._name_state(cell) for cell in self._cells)

    @staticmethod
    def _name_state(cell: Cell) -> str:
        name = read_state(cell.run).name
        return _TESTED if name == DONE and lacks_evaluation(cell.run, cell.config) else name


def estimate_seconds(cells: Sequence[Cell], pending: Sequence[Cell]) -> float | None:
    """Estimate the training time of pending cells by the images per second of finished cells of the same network.

    Returns:
        None where no network of a pending cell was trained at that size yet.
    """
    rates: dict[tuple[str, int], list[float]] = {}
    for cell in cells:
        if cell.run.is_done() and (rate := cell.run.read_summary().images_per_second):
            rates.setdefault((cell.config.model.name, cell.config.data.image_px), []).append(rate)
    seconds = 0.0
    for cell in pending:
        key, budget = (cell.config.model.name, cell.config.data.image_px), cell.config.data.train_per_class
        if key not in rates or budget is None:
            return None
        seconds += 2 * budget * cell.config.optim.epochs / median(rates[key])
    return seconds


def _render(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


_POLL_SECONDS: Final = 1.0
_TRIES: Final = 2
"""Launches in a row that get no further than the one before."""

_Progress = tuple[int, int]


def run_rounds(cells: Sequence[Cell], launch: Callable[[Sequence[Cell]], str | None], console: Console) -> None:
    """Launch all cells that no process trains; again those that were cut off; then wait for those of other processes.

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
    """Tell whether a cell was done or failed since the sweep began, or need not be trained."""
    status = cell.run.read_status()
    if is_complete(cell.run, cell.config):
        return True
    return status is not None and status.state in (DONE, FAILED) and status != begun[cell.run.path]


def _measure(cells: Sequence[Cell], begun: Mapping[Path, RunStatus | None]) -> _Progress:
    """Count cells that have ended, and saved epochs of the others."""
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
