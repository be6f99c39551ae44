"""Register the sweeper with Hydra. It imports little, because every `--help` and Tab of `sweep.py` loads it."""

import importlib
import sys
import types
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from hydra import compose
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, ListConfig, OmegaConf

from fakeid.config.compose import presets
from fakeid.errors import ConfigError
from fakeid.sweeps.grid import PlannedRun, expand_grid, plan_runs
from fakeid.sweeps.launchers import check_launcher, launch_runs, register_launchers

_PACKAGE: Final = "hydra_plugins"
"""The package in which Hydra must find the class of a registered plugin to instantiate it."""


@dataclass
class GridSweeperConf:
    """The options of the sweeper, set by `conf/grid/`."""

    _target_: str = f"{_PACKAGE}.fakeid.GridSweeper"
    experiments: list[dict[str, Any]] = field(default_factory=list)
    at_once: int = 2


def register_sweeper() -> None:
    """Register `hydra/sweeper=grid` and the defaults of its launchers with Hydra."""
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
    """A sweeper that trains the unfinished cells of a grid, one job per cell on the chosen launcher.

    Args:
        experiments: Experiments, each mapping options to a value or a list of values; see `expand_grid`.
        at_once: Largest number of cells at a time under `submitit_local`; other launchers have their own limits.

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
        """Store what Hydra passes to a sweeper."""
        check_launcher(config.hydra.launcher)
        self.config, self.hydra_context = config, hydra_context
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> list[PlannedRun]:
        """Train the grid that was typed; see `run_sweep`."""
        assert self.config is not None
        assert self.launcher is not None
        from fakeid.sweeps.sweep import run_sweep  # noqa: PLC0415 - torch takes seconds, and `--help` does without it

        intended = not self.config.sweep.plan_only
        launch = partial(launch_runs, self.launcher, at_once=self._at_once)
        return run_sweep(self._experiments, arguments, self._compose, launch, must_be_named=intended)

    def _compose(self, overrides: list[str]) -> DictConfig:
        assert self.hydra_context is not None
        assert self.config is not None
        config = self.hydra_context.config_loader.load_sweep_config(self.config, overrides)
        return OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])


def compose_grid(words: Sequence[str]) -> list[PlannedRun]:
    """Build and check the cells that `python sweep.py -m` would train for the same words, each of them once.

    Args:
        words: Words as typed after `python sweep.py -m`, such as `grid=paper` or `seed=0,1,2`.

    Raises:
        ConfigError: The grid has mistakes; the message lists all of them.
        HydraException: A word is not an override, or names an unknown choice.
    """
    register_sweeper()
    with presets():
        grid = [word for word in words if word.startswith("grid=") and "," not in word]  # expand_grid refuses several
        chosen = compose("sweep", grid, return_hydra_config=True)
        experiments = OmegaConf.to_container(chosen.hydra.sweeper.experiments)
        assert isinstance(experiments, list)
        return plan_runs(expand_grid(experiments, words), lambda overrides: compose("sweep", overrides))
