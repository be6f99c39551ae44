"""Launch the cells of a sweep in rounds until all have ended, and show how many are left."""

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
from fakeid.reporting.formatting import format_seconds
from fakeid.runs.layout import DONE, FAILED, RUNNING, RunStatus
from fakeid.runs.states import is_complete, lacks_evaluation, read_state
from fakeid.sweeps.grid import PlannedRun

_REDRAW_SECONDS = 2.0
_TESTED: Final = "tested"  # but not yet evaluated


class Overview:
    """A running count of the cells of a sweep while they are trained in this or other processes.

    On a terminal, a line at the bottom shows the counts, above the progress bar of the cell trained in this process.
    Otherwise a line is printed whenever another cell has ended.

    Args:
        planned_runs: All cells of the grid.
        console: Console to print on.
    """

    def __init__(self, planned_runs: Sequence[PlannedRun], console: Console) -> None:
        self._planned_runs = planned_runs
        self._console = console
        self._line = StatusLine(console, "sweep: starting")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._started, self._done_before = time.monotonic(), 0

    def print_plan(self, pending: Sequence[PlannedRun]) -> None:
        """Print the number of cells, their states, and how long the rest may take."""
        states = self._count()
        found = ", ".join(f"{count} {name}" for name, count in states.items() if count)
        self._console.print(f"{len(self._planned_runs)} cells: {found}")
        to_train = [planned for planned in pending if self._name_state(planned) != _TESTED]
        seconds = estimate_seconds(self._planned_runs, to_train)
        if to_train:
            unknown = "duration not known yet; python -m fakeid benchmark sweep with the same options measures it"
            hours = f"about {format_seconds(seconds)} one after another" if seconds else unknown
            self._console.print(f"{len(to_train)} to train, {hours}")
            self._print_seeds(len({planned.config.seed for planned in self._planned_runs}))
        if len(to_train) < len(pending):
            self._console.print(f"{len(pending) - len(to_train)} to evaluate only")

    def _print_seeds(self, num_seeds: int) -> None:
        """Print what the seeds of the grid cost, including finished ones, and what they are for."""
        if num_seeds < 2:
            self._console.print("one seed: the report shows each run and judges no difference between configurations")
            return
        self._console.print(
            f"{num_seeds} seeds of each configuration; seed=0 trains only one, in 1/{num_seeds} of the time, and "
            "differences are then not judged"
        )

    def __enter__(self) -> "Overview":
        self._started, self._done_before = time.monotonic(), self._count()[DONE]
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
        left = len(self._planned_runs) - now[DONE] - now[FAILED] - now[RUNNING]
        line = f"{now[DONE]} done, {now[RUNNING]} running, {now[FAILED]} failed, {left} left"
        finished = now[DONE] - self._done_before
        if finished and left + now[RUNNING]:
            each = (time.monotonic() - self._started) / finished
            line += f", about {format_seconds(each * (left + now[RUNNING] / 2))} to go"
        return line

    def _count(self) -> Counter[str]:
        return Counter(self._name_state(planned) for planned in self._planned_runs)

    @staticmethod
    def _name_state(planned: PlannedRun) -> str:
        name = read_state(planned.run).name
        return _TESTED if name == DONE and lacks_evaluation(planned.run, planned.config) else name


def estimate_seconds(planned_runs: Sequence[PlannedRun], pending: Sequence[PlannedRun]) -> float | None:
    """Estimate the training time of pending cells from the images per second of finished cells with the same network.

    A cell without a budget is taken to train on as many images as a finished one of the same source.

    Returns:
        Duration in seconds, or None if the network of a pending cell has not been trained at that size yet, or if the
        number of its images is not known.
    """
    rates: dict[tuple[str, int], list[float]] = {}
    num_images: dict[tuple[str, int], int] = {}
    for config, summary in ((each.config, each.run.read_summary()) for each in planned_runs if each.run.is_done()):
        if summary.images_per_second:
            rates.setdefault((config.model.name, config.data.image_px), []).append(summary.images_per_second)
        if summary.data and config.data.train_per_class is None:
            num_images[config.data.source, config.data.simulated.pairs_per_photo] = summary.data.images["train"]
    seconds = 0.0
    for config in (planned.config for planned in pending):
        found = rates.get((config.model.name, config.data.image_px))
        budget = config.data.train_per_class
        source = (config.data.source, config.data.simulated.pairs_per_photo)
        total = num_images.get(source) if budget is None else 2 * budget
        if not found or total is None:
            return None
        epochs = 1 if config.model.is_fitted_at_once else config.optim.epochs
        seconds += total * epochs / median(found)
    return seconds


_POLL_SECONDS: Final = 1.0
_TRIES: Final = 2
"""The number of consecutive launches without progress after which a sweep gives up."""

_Progress = tuple[int, int]


def run_rounds(
    planned_runs: Sequence[PlannedRun], launch: Callable[[Sequence[PlannedRun]], str | None], console: Console
) -> None:
    """Launch all cells that no process is training, relaunch those cut off, and wait for those of other processes.

    A cell ends as done or failed. A cell whose process was killed is launched again, as long as rounds finish another
    cell or save another epoch.

    Args:
        planned_runs: Cells to train.
        launch: Function that trains cells and returns a description of an error, if any.
        console: Console to print on.
    """
    begun = {planned.run.path: planned.run.read_status() for planned in planned_runs}
    best, tries = _measure(planned_runs, begun), 0
    while left := [planned for planned in planned_runs if not _has_ended(planned, begun)]:
        free = [planned for planned in left if read_state(planned.run).name != RUNNING]
        if not free:
            _wait(left, begun, console)
            continue
        reason = launch(free)
        cut_off = [
            planned for planned in free if not _has_ended(planned, begun) and read_state(planned.run).name != RUNNING
        ]
        if not cut_off:
            continue
        progress = _measure(planned_runs, begun)
        tries = 0 if progress > best else tries + 1
        best = max(best, progress)
        what = f"{_count(cut_off)} cut off ({reason or 'no reason known'})"
        if tries == _TRIES:
            console.print(f"{what} again without another epoch; giving up", style="red", markup=False)
            return
        console.print(f"{what}; launching {'it' if len(cut_off) == 1 else 'them'} again", markup=False)


def _has_ended(planned: PlannedRun, begun: Mapping[Path, RunStatus | None]) -> bool:
    """Tell whether a cell has been done or failed since the sweep started, or need not be trained."""
    status = planned.run.read_status()
    if is_complete(planned.run, planned.config):
        return True
    return status is not None and status.state in (DONE, FAILED) and status != begun[planned.run.path]


def _measure(planned_runs: Sequence[PlannedRun], begun: Mapping[Path, RunStatus | None]) -> _Progress:
    """Count the cells that have ended, and the saved epochs of the others."""
    open_ = [planned for planned in planned_runs if not _has_ended(planned, begun)]
    return len(planned_runs) - len(open_), sum(planned.run.epochs_done for planned in open_)


def _wait(planned_runs: Sequence[PlannedRun], begun: Mapping[Path, RunStatus | None], console: Console) -> None:
    """Wait until one of the cells, all of which are in progress elsewhere, has stopped."""
    # No message for a worker of this sweep that is about to end.
    time.sleep(_POLL_SECONDS)
    told = False
    while all(read_state(planned.run).name == RUNNING and not _has_ended(planned, begun) for planned in planned_runs):
        if not told:
            names = ", ".join(
                f"{planned.run.path.name} ({read_state(planned.run).who or 'starting'})" for planned in planned_runs
            )
            console.print(f"waiting for {len(planned_runs)} in progress elsewhere: {names}", markup=False)
            told = True
        time.sleep(_POLL_SECONDS)


def _count(planned_runs: Sequence[PlannedRun]) -> str:
    return "1 cell was" if len(planned_runs) == 1 else f"{len(planned_runs)} cells were"
