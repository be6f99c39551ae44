"""Hydra's sweeper for `sweep.py`: check the whole grid, train what is left of it on any launcher, report."""

import importlib
import os
import sys
import types
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, ListConfig, OmegaConf
from rich.console import Console

from fakeid.errors import ConfigError, FakeidError
from fakeid.files import check_writable
from fakeid.identity import fingerprint
from fakeid.progress import StatusLine
from fakeid.runs.grid import Cell, build_cells, check_intended, expand_grid
from fakeid.runs.launchers import check_launcher, register_launchers
from fakeid.runs.launching import SWEEP_PROCESS, launch_cells
from fakeid.runs.layout import DONE
from fakeid.runs.networks import check_networks
from fakeid.runs.overview import Overview
from fakeid.runs.prepare import prepare
from fakeid.runs.rounds import run_rounds
from fakeid.runs.states import is_complete, lacks_evaluation, read_state

_PACKAGE: Final = "hydra_plugins"
"""Hydra instantiates registered plugins too only if their class is found below this package."""


@dataclass
class GridSweeperConf:
    """What `conf/grid/` fills in."""

    _target_: str = f"{_PACKAGE}.fakeid.GridSweeper"
    experiments: list[dict[str, Any]] = field(default_factory=list)
    at_once: int = 2


def register_sweeper() -> None:
    """Make `hydra/sweeper=grid` known to Hydra, and the launchers as it wants them."""
    ConfigStore.instance().store(group="hydra/sweeper", name="grid", node=GridSweeperConf, provider="fakeid")
    try:
        package = importlib.import_module(_PACKAGE)
    except ModuleNotFoundError:  # no other plugin, such as a launcher, is installed
        package = sys.modules[_PACKAGE] = types.ModuleType(_PACKAGE)
        package.__path__ = []
    package.fakeid = sys.modules[__name__]  # type: ignore[attr-defined]
    GridSweeper.__module__ = f"{_PACKAGE}.fakeid"
    Plugins.instance().register(GridSweeper)
    register_launchers()


class GridSweeper(Sweeper):
    """Trains the cells of a grid that are not done yet, one job each on whatever launcher is chosen.

    Args:
        experiments: Option → a value or a list of values; see `expand_grid`.
        at_once: Cells in progress at a time under `submitit_local`; other launchers have a limit of their own.

    Raises:
        ConfigError: `at_once` is below 1.
    """

    def __init__(self, experiments: ListConfig, at_once: int) -> None:
        if at_once < 1:
            raise ConfigError(f"hydra.sweeper.at_once must be at least 1, got {at_once}")
        self._experiments: Any = OmegaConf.to_container(experiments)
        self._at_once = at_once
        self.config: DictConfig | None = None
        self.launcher: Launcher | None = None
        self.hydra_context: HydraContext | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Called by Hydra."""
        check_launcher(config.hydra.launcher)
        self.config, self.hydra_context = config, hydra_context
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> list[Cell]:
        """Called by Hydra with what was typed.

        Raises:
            ConfigError: Neither a grid nor an axis was typed, or a mistake anywhere in the grid, before anything is
                trained.
            OutputError: The folder of the runs cannot be written to.
            SystemExit: A cell failed; with 1, after all others were trained and the report was written.
        """
        console = Console(highlight=False)
        console.soft_wrap = not console.is_terminal  # lines of a log file stay whole
        assert self.config is not None
        if not self.config.sweep.plan_only:
            check_intended(self._experiments, arguments)
        with StatusLine(console, "checking the grid"):
            cells = build_cells(expand_grid(self._experiments, arguments), self._compose)
            pending = [cell for cell in cells if not is_complete(cell.run, cell.config)]
            check_networks([cell.config for cell in pending])
        overview = Overview(cells, console)
        overview.print_plan(pending)
        if cells[0].config.sweep.plan_only:
            return cells
        if pending:
            assert self.launcher is not None
            for folder in {Path(cell.config.paths.runs) for cell in pending}:
                check_writable(folder, "paths.runs")  # or each cell would find out by itself, on each launch
            _prepare(pending, console)
            os.environ[SWEEP_PROCESS] = str(os.getpid())
            with overview:
                run_rounds(pending, partial(launch_cells, self.launcher, at_once=self._at_once), console)
        _conclude(cells, console)
        return cells

    def _compose(self, overrides: list[str]) -> DictConfig:
        assert self.hydra_context is not None
        assert self.config is not None
        config = self.hydra_context.config_loader.load_sweep_config(self.config, overrides)
        return OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])


def _prepare(cells: list[Cell], console: Console) -> None:
    """Pack all images before the first training, so that parallel ones need not wait for each other."""
    configs = [cell.config for cell in cells]
    by_data = {fingerprint(each, "data", "evaluation", "place"): each for each in configs}
    for config in by_data.values():
        try:
            prepare([config], console=console)
        except FakeidError as error:
            # It may concern a few cells only; each of them will find out and keep the reason.
            console.print(f"not prepared: {error}", style="red", markup=False)


def _conclude(cells: list[Cell], console: Console) -> None:
    """Report on what is done, name what is not, and leave with 1 if there is any."""
    from fakeid.runs.report import write_report  # noqa: PLC0415 - matplotlib takes a second

    states = {cell.run.path: read_state(cell.run) for cell in cells}
    GlobalHydra.instance().clear()  # all is launched; the report composes command lines of its own
    if any(state.name == DONE for state in states.values()):
        for folder in sorted({Path(cell.config.paths.runs) for cell in cells}):
            write_report(folder, console)
    unevaluated = {cell.run.path for cell in cells if lacks_evaluation(cell.run, cell.config)}
    missing = {path: state for path, state in states.items() if state.name != DONE or path in unevaluated}
    for path, state in missing.items():
        left = f"left {'without its evaluation' if state.name == DONE else state.name} by {state.who or 'nobody'}"
        reason = state.reason or left
        console.print(f"{path.name}: {reason}", style="red", markup=False)
    if missing:
        console.print(f"{len(missing)} of {len(cells)} cells are not done; the same command tries them again")
        raise SystemExit(1)
