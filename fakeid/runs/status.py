"""`python -m fakeid status DIR`: what became of each run of a folder, who is at it, and why some failed."""

from collections import Counter
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from fakeid.errors import DataError
from fakeid.runs.layout import DONE, RunFolder
from fakeid.runs.states import STATES, State, read_state


def print_status(directory: Path, console: Console | None = None) -> dict[str, State]:
    """Print the counts, and a line for each run that is not done.

    Args:
        directory: Holds one folder a run.
        console: Where to print; None is the terminal.

    Returns:
        The state of each run by its name.

    Raises:
        DataError: No such folder, or no run in it.
    """
    console = console or Console(highlight=False)
    if not directory.is_dir():
        raise DataError(f"there is no folder {directory}; give the one that was paths.runs")
    runs = [RunFolder(path) for path in sorted(directory.iterdir()) if (path / "status.json").exists()]
    if not runs:
        raise DataError(f"there is no run in {directory}; train one with paths.runs={directory}")
    states = {run.path.name: read_state(run) for run in runs}
    counts = Counter(state.name for state in states.values())
    console.print(f"{len(runs)} runs: {', '.join(f'{counts[name]} {name}' for name in STATES if counts[name])}")
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("run", "state", "epochs", "by"):
        table.add_column(heading, overflow="fold")
    unfinished = {name: state for name, state in states.items() if state.name != DONE}
    for name, state in unfinished.items():
        table.add_row(name, state.name, f"{state.epochs_done}/{state.epochs}", state.who)
    if unfinished:
        console.print("", table)
    for name, state in unfinished.items():
        if state.reason:
            console.print(f"\n{name}\n  {state.reason}", markup=False, soft_wrap=True)
    return states
