"""Expand the experiments of a grid into planned runs, each checked and named by its options."""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from fakeid.config.compose import Composer, Overrides, list_single
from fakeid.config.identity import fingerprint, name_run
from fakeid.config.parse import Config, parse
from fakeid.config.presets import GRID, list_choices
from fakeid.config.validate import ONE_PROCESS_A_CELL, check
from fakeid.errors import ConfigError
from fakeid.runs.layout import RunFolder

_SHORTEST: Final = "smoke"
_LONGEST: Final = "full"


@dataclass(frozen=True)
class PlannedRun:
    """One training of a grid, a cell of it, before anybody has trained it.

    Attributes:
        overrides: What would be typed after `python train.py`, and the grid, which names the folder of its runs.
        config: The checked options.
        run: The folder that follows from them.
    """

    overrides: Overrides
    config: Config
    run: RunFolder


def expand_grid(experiments: Sequence[Mapping[str, Any]], arguments: Sequence[str]) -> list[Overrides]:
    """List all combinations of values of a grid, each experiment by itself.

    Args:
        experiments: Option → a value or a list of values.
        arguments: Typed overrides, several values separated by commas; they take the place of an option of the grid.

    Returns:
        The overrides of each cell; those of an experiment in the order of its options, the last changing fastest.

    Raises:
        ConfigError: More than one grid.
    """
    typed = {}
    for override in OverridesParser.create().parse_overrides(list(arguments)):
        name = override.key_or_group
        if name == GRID and override.is_sweep_override():
            raise ConfigError("grid takes one name; sweep the options of a grid instead, as in seed=0,1,2")
        typed[name] = list_single(override)
    found: list[Overrides] = []
    for experiment in experiments or [{}]:
        axes = [
            [f"{name}={value}" for value in (values if isinstance(values, list) else [values])]
            for name, values in experiment.items()
            if name not in typed
        ]
        found += [
            (*point, *words) for words in itertools.product(*typed.values()) for point in itertools.product(*axes)
        ]
    return found


def check_intended(experiments: Sequence[Mapping[str, Any]], arguments: Sequence[str]) -> None:
    """Refuse to train the largest grid because none was named.

    Args:
        experiments: Of the grid that is taken where none is named.
        arguments: Typed overrides.

    Raises:
        ConfigError: They name neither a grid nor an axis, which is an option of the grid or one with several values.
    """
    axes = {GRID, *(name for experiment in experiments for name in experiment)}
    typed = OverridesParser.create().parse_overrides(list(arguments))
    if not any(override.key_or_group in axes or override.is_sweep_override() for override in typed):
        others = " or ".join(f"grid={name}" for name in list_choices(GRID) if name not in (_SHORTEST, _LONGEST))
        num_runs = len(expand_grid(experiments, arguments))
        raise ConfigError(
            f"which grid? python sweep.py -m grid={_SHORTEST} takes a few minutes, grid={_LONGEST} trains all "
            f"{num_runs} cells; further ones are {others}, or give the values of an axis, such as categories=1,5,10; "
            "sweep.plan_only=true shows what would be trained"
        )


def plan_runs(grid: Sequence[Overrides], compose: Callable[[list[str]], DictConfig]) -> list[PlannedRun]:
    """Check every cell before any is trained; one that several experiments share is kept once.

    Args:
        grid: What `expand_grid` gives.
        compose: Overrides → configuration.

    Raises:
        ConfigError: Every mistake in the whole grid, each once, and how many cells have it.
    """
    planned_runs: dict[str, PlannedRun] = {}
    mistakes: Counter[str] = Counter()
    composer = Composer(compose)
    for overrides in grid:
        try:
            config = parse(composer.compose(overrides))
            check((config.trainer.devices or 1) == 1, ONE_PROCESS_A_CELL)
        except ConfigError as error:
            mistakes[str(error)] += 1
            continue
        planned_runs.setdefault(name_run(config), PlannedRun(overrides, config, RunFolder.locate(config)))
    _refuse(mistakes, len(grid))
    return list(planned_runs.values())


def check_networks(configs: Sequence[Config]) -> None:
    """Build each different network once, without published weights, and show it one image of each size.

    Args:
        configs: Checked options of the cells that are to be trained.

    Raises:
        ConfigError: Every network that cannot be built or does not take the images, and how many cells have it.
    """
    alike: dict[str, list[Config]] = {}
    for config in configs:
        sizes = {"data.image_px": config.data.image_px, "windows": config.list_windows()}
        alike.setdefault(fingerprint(config, "network", also=sizes), []).append(config)
    mistakes: Counter[str] = Counter()
    for same in alike.values():
        try:
            _build_network(same[0])
        except ConfigError as error:
            mistakes[str(error)] += len(same)
    _refuse(mistakes, len(configs))


def _build_network(config: Config) -> None:
    from fakeid.runs.fit import build_module  # noqa: PLC0415 - takes seconds, which a finished grid does without

    model, trainer = replace(config.model, pretrained=False), replace(config.trainer, compile=False)
    build_module(replace(config, model=model, trainer=trainer))


def _refuse(mistakes: Counter[str], num_runs: int) -> None:
    """Refuse a grid that has mistakes.

    Args:
        mistakes: What is wrong → how many cells have it.
        num_runs: How many were looked at.

    Raises:
        ConfigError: Every mistake once, and how many cells have it.
    """
    if mistakes:
        lines = (f"{message} ({count} of {num_runs} cells)" for message, count in mistakes.items())
        raise ConfigError("; ".join(lines))
