"""Run `python -m fakeid status DIR`: show the state of each run in a folder, who works on it, and why runs failed."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.console import Console

from fakeid.errors import DamagedFileError
from fakeid.reporting.formatting import format_count
from fakeid.reporting.renderers import render_terminal
from fakeid.reporting.sweep.configurations import FinishedRun
from fakeid.reporting.table import Column, Form, Table, Value
from fakeid.reporting.verdict import judge
from fakeid.runs.layout import DONE, RunFolder, find_runs
from fakeid.runs.states import STATES, State, read_state

_COLUMNS: Final = (
    Column("unseen acc. %", Form.PERCENT, "unseen\nacc. %"),
    Column("unseen AUROC", Form.UNIT, "unseen\nAUROC"),
    Column("seed", Form.DIGITS),
    Column("verdict or state", short="verdict\nor state"),
    Column("run"),
)

_NOTE: Final = "With 95 % intervals over test images; a single run says nothing about other seeds."


def print_status(directory: Path, console: Console | None = None) -> dict[str, State]:
    """Print the number of runs in each state, a line for each run, the best first, and why runs failed.

    Args:
        directory: Folder with one subfolder per run.
        console: Console to print to; None prints to the terminal.

    Returns:
        State of each run by its name.

    Raises:
        DataError: The folder does not exist or holds no run.
    """
    console = console or Console(highlight=False)
    runs = find_runs(directory)
    states = {run.path.name: read_state(run) for run in runs}
    counts = Counter(state.name for state in states.values())
    found = ", ".join(f"{counts[name]} {name}" for name in STATES if counts[name])
    console.print(f"{format_count(len(runs), 'run')}: {found}")
    tested = {run.path.name: _read_tested(run) for run in runs if states[run.path.name].name == DONE}
    console.print("", render_terminal(_tabulate_states(states, tested), stacked=False))
    for name, state in states.items():
        if state.name != DONE:
            why = f": {state.reason}" if state.reason else ""
            console.print(f"\n{name}\n  {state.name} by {state.who or 'nobody'}{why}", markup=False, soft_wrap=True)
    return states


def _tabulate_states(states: Mapping[str, State], tested: Mapping[str, FinishedRun]) -> Table:
    """Build a table of the tested runs, the best accuracy on unseen content first, then the others by name."""
    accuracies = {name: run.average(seen=False).value for name, run in tested.items()}
    rows: list[tuple[Value, ...]] = []
    for name in sorted(states, key=lambda name: (name not in tested, -(accuracies.get(name) or 0), name)):
        if run := tested.get(name):
            area = run.summary.unseen.read("auroc").value if run.summary.unseen else None
            word = judge(run.summary, run.evaluation).verdict.value
            rows.append((run.average(seen=False), area, run.seed, word, name))
        else:
            state = states[name]
            rows.append((None, None, None, f"{state.name} {state.epochs_done}/{state.epochs}", name))
    return Table.of("", _COLUMNS, rows, [_NOTE])


def _read_tested(run: RunFolder) -> FinishedRun:
    try:
        evaluation = run.evaluation.read_numbers()
    except (FileNotFoundError, DamagedFileError):
        evaluation = None
    return FinishedRun(run.path.name, run.read_summary(), {}, evaluation)
