"""`python -m fakeid status DIR`: what became of each run of a folder, who is at it, and why some failed."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fakeid.errors import DamagedFileError
from fakeid.reporting.averages import FinishedRun
from fakeid.reporting.formatting import UNDEFINED, format_estimate, format_number
from fakeid.reporting.table import Form
from fakeid.reporting.verdict import judge
from fakeid.runs.layout import DONE, RunFolder, find_runs
from fakeid.runs.states import STATES, State, read_state

_NOTE: Final = "With 95 % intervals over test images; one run says nothing of other seeds."


def print_status(directory: Path, console: Console | None = None) -> dict[str, State]:
    """Print the counts and a line for each run, the best first; and why some failed.

    Args:
        directory: Holds one folder a run.
        console: Where to print; None is the terminal.

    Returns:
        The state of each run by its name.

    Raises:
        DataError: No such folder, or no run in it.
    """
    console = console or Console(highlight=False)
    runs = find_runs(directory)
    states = {run.path.name: read_state(run) for run in runs}
    counts = Counter(state.name for state in states.values())
    console.print(f"{len(runs)} runs: {', '.join(f'{counts[name]} {name}' for name in STATES if counts[name])}")
    tested = {run.path.name: _read_tested(run) for run in runs if states[run.path.name].name == DONE}
    console.print("", _render_table(states, tested))
    for name, state in states.items():
        if state.name != DONE:
            why = f": {state.reason}" if state.reason else ""
            console.print(f"\n{name}\n  {state.name} by {state.who or 'nobody'}{why}", markup=False, soft_wrap=True)
    return states


def _render_table(states: Mapping[str, State], tested: Mapping[str, FinishedRun]) -> Table:
    """Tested runs by their accuracy on unseen content, the best first; then the others by name."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, caption=_NOTE, caption_justify="left")
    for heading in ("unseen\nacc. %", "unseen\nAUROC", "seed"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("verdict\nor state", "run"):
        table.add_column(heading, overflow="fold")
    accuracies = {name: run.average(seen=False).value for name, run in tested.items()}
    for name in sorted(states, key=lambda name: (name not in tested, -(accuracies.get(name) or 0), name)):
        state, numbers = states[name], [UNDEFINED] * 3
        told = f"{state.name} {state.epochs_done}/{state.epochs}"
        if run := tested.get(name):
            unseen = run.summary.unseen
            area = format_number(unseen.read("auroc").value if unseen else None, Form.UNIT)
            numbers = [format_estimate(run.average(seen=False), Form.PERCENT), area, str(run.seed)]
            told = judge(run.summary, run.evaluation).verdict.value
        table.add_row(*numbers, told, Text(name))
    return table


def _read_tested(run: RunFolder) -> FinishedRun:
    try:
        evaluation = run.evaluation.read_numbers()
    except (FileNotFoundError, DamagedFileError):
        evaluation = None
    return FinishedRun(run.path.name, run.read_summary(), {}, evaluation)
