"""Check a whole grid, train what is left of it, and report on all of it."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig
from rich.console import Console

from fakeid.config.identity import fingerprint
from fakeid.console import StatusLine
from fakeid.errors import FakeidError
from fakeid.io import check_writable
from fakeid.processes import SWEEP_PROCESS
from fakeid.runs.layout import DONE
from fakeid.runs.states import is_complete, lacks_evaluation, read_state
from fakeid.sweeps.grid import PlannedRun, check_intended, check_networks, expand_grid, plan_runs
from fakeid.sweeps.images import prepare
from fakeid.sweeps.monitor import Overview, run_rounds


def run_sweep(
    experiments: Sequence[Mapping[str, Any]],
    typed: Sequence[str],
    compose: Callable[[list[str]], DictConfig],
    launch: Callable[[Sequence[PlannedRun]], str | None],
    *,
    must_be_named: bool,
) -> list[PlannedRun]:
    """Train the unfinished cells of a grid and report on all of them.

    Args:
        experiments: Experiments of the grid; see `expand_grid`.
        typed: Overrides that were typed.
        compose: Function from overrides to a configuration.
        launch: Function that trains cells and returns a description of an error, if any.
        must_be_named: Whether `typed` must name a grid or an axis.

    Returns:
        All cells of the grid.

    Raises:
        ConfigError: Neither a grid nor an axis was typed, or the grid has a mistake; raised before any training.
        OutputError: The folder of the runs cannot be written to.
        SystemExit: A cell failed; exits with 1 after all others have been trained and the report is written.
    """
    console = Console(highlight=False)
    console.soft_wrap = not console.is_terminal  # lines of a log file stay whole
    if must_be_named:
        check_intended(experiments, typed)
    with StatusLine(console, "checking the grid"):
        planned_runs = plan_runs(expand_grid(experiments, typed), compose)
        pending = [planned for planned in planned_runs if not is_complete(planned.run, planned.config)]
        check_networks([planned.config for planned in pending])
    overview = Overview(planned_runs, console)
    overview.print_plan(pending)
    if planned_runs[0].config.sweep.plan_only:
        return planned_runs
    if pending:
        own = {planned.run.path for planned in pending if planned.run.path.exists()}  # or those of another user
        for folder in sorted({Path(planned.config.paths.runs) for planned in pending} | own):
            check_writable(folder, "paths.runs")  # otherwise every cell would fail at each launch
        _prepare(pending, console)
        pending = [_start_over(planned) if planned.config.force else planned for planned in pending]
        os.environ[SWEEP_PROCESS] = str(os.getpid())
        with overview:
            run_rounds(pending, launch, console)
    _conclude(planned_runs, console)
    return planned_runs


def _start_over(planned: PlannedRun) -> PlannedRun:
    """Clear a run that is forced, and plan it without force, so that a cell which is launched again continues."""
    with planned.run.lock():
        planned.run.clear()
    overrides = tuple(word for word in planned.overrides if word.partition("=")[0] != "force")
    return replace(planned, overrides=overrides, config=replace(planned.config, force=False))


def _prepare(planned_runs: list[PlannedRun], console: Console) -> None:
    """Pack all images before the first training, so that parallel trainings do not wait for each other."""
    configs = [planned.config for planned in planned_runs]
    by_data = {fingerprint(each, "data", "evaluation", "place"): each for each in configs}
    for config in by_data.values():
        try:
            prepare([config], console=console)
        except FakeidError as error:
            if config.force:  # before its earlier results are cleared
                raise
            # This may affect only a few cells, which will record the reason themselves.
            console.print(f"not prepared: {error}", style="red", markup=False)


def _conclude(planned_runs: list[PlannedRun], console: Console) -> None:
    """Report on finished cells, list unfinished ones, and exit with 1 if there are any."""
    from fakeid.sweeps.report import write_report  # noqa: PLC0415 - matplotlib takes a second

    states = {planned.run.path: read_state(planned.run) for planned in planned_runs}
    GlobalHydra.instance().clear()  # launching is over; the report composes its own commands
    if any(state.name == DONE for state in states.values()):
        for folder in sorted({Path(planned.config.paths.runs) for planned in planned_runs}):
            write_report(folder, console)
    unevaluated = {planned.run.path for planned in planned_runs if lacks_evaluation(planned.run, planned.config)}
    missing = {path: state for path, state in states.items() if state.name != DONE or path in unevaluated}
    for path, state in missing.items():
        left = f"left {'without its evaluation' if state.name == DONE else state.name} by {state.who or 'nobody'}"
        reason = state.reason or left
        console.print(f"{path.name}: {reason}", style="red", markup=False)
    if missing:
        console.print(f"{len(missing)} of {len(planned_runs)} cells are not done; run the command again to retry them")
        raise SystemExit(1)
