"""Expand the experiments of a grid into planned runs, each of them checked and named after its options."""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from fakeid.config.compose import Composer, Overrides, list_single
from fakeid.config.identity import fingerprint, flatten
from fakeid.config.parse import Config, parse, to_plain
from fakeid.config.presets import GRID, list_choices
from fakeid.config.validate import ONE_PROCESS_A_CELL, check
from fakeid.errors import ConfigError
from fakeid.runs.layout import RunFolder

_SHORTEST: Final = "smoke"
_OPEN: Final = "custom"


@dataclass(frozen=True)
class PlannedRun:
    """One planned training of a grid, called a cell.

    Attributes:
        overrides: Overrides as typed after `python train.py`, and the grid, which names the folder of its runs.
        config: Checked options.
        run: Folder of the run, which follows from the options.
    """

    overrides: Overrides
    config: Config
    run: RunFolder


def expand_grid(experiments: Sequence[Mapping[str, Any]], arguments: Sequence[str]) -> list[Overrides]:
    """List all combinations of values of a grid, separately for each experiment.

    Args:
        experiments: Experiments, each mapping options to a value or a list of values.
        arguments: Typed overrides, with several values separated by commas; they replace options of the grid.

    Returns:
        Overrides of each cell, for each experiment in the order of its options, the last changing fastest.

    Raises:
        ConfigError: More than one grid is named.
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
    """Refuse a command that does not say what is to be compared.

    Args:
        experiments: Experiments of the default grid.
        arguments: Typed overrides.

    Raises:
        ConfigError: The overrides name neither a grid nor an axis, which is an option of the grid or one with several
            values.
    """
    axes = {GRID, *(name for experiment in experiments for name in experiment)}
    typed = OverridesParser.create().parse_overrides(list(arguments))
    if not any(override.key_or_group in axes or override.is_sweep_override() for override in typed):
        others = ", ".join(f"grid={name}" for name in list_choices(GRID) if name not in (_SHORTEST, _OPEN))
        raise ConfigError(
            f"which grid? python sweep.py -m grid={_SHORTEST} takes a few minutes; others are {others}; or give the "
            "values of an axis, such as color=rgb,hsv; sweep.plan_only=true shows what would be trained"
        )


def plan_runs(grid: Sequence[Overrides], compose: Callable[[list[str]], DictConfig]) -> list[PlannedRun]:
    """Check every cell before any is trained; a cell shared by several experiments is kept once.

    Args:
        grid: Overrides of each cell, as returned by `expand_grid`.
        compose: Function from overrides to a configuration.

    Raises:
        ConfigError: The grid has mistakes, such as two cells that make the same run from different options; the message
            lists each of them once, with the number of cells that have it.
    """
    planned_runs: dict[Path, PlannedRun] = {}
    mistakes: Counter[str] = Counter()
    composer = Composer(compose)
    for overrides in grid:
        try:
            config = parse(composer.compose(overrides))
            check(config.trainer.devices == 1, ONE_PROCESS_A_CELL)
            planned = PlannedRun(overrides, config, RunFolder.locate(config))
            _check_same(planned_runs.setdefault(planned.run.path, planned), planned)
        except ConfigError as error:
            mistakes[str(error)] += 1
    _refuse(mistakes, len(grid))
    return list(planned_runs.values())


def _check_same(first: PlannedRun, second: PlannedRun) -> None:
    """Refuse two cells that share a folder but not their options: one of them would never be trained."""
    before, after = flatten(to_plain(first.config)), flatten(to_plain(second.config))
    differing = [name for name in before if before[name] != after[name]]
    values = " and ".join(f"{name}={before[name]} and ={after[name]}" for name in differing)
    check(
        not differing,
        f"{values} make the same run: sweep only options that change a run, and start a sweep with another paths.runs "
        "for each value of the others",
    )


def check_networks(configs: Sequence[Config]) -> None:
    """Build each distinct network once, without published weights, and score one image of each size.

    Args:
        configs: Checked options of the cells to train.

    Raises:
        ConfigError: Some networks cannot be built or do not accept the images; the message lists each of them, with the
            number of cells that have it.
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
    from fakeid.models.configured import check_sizes, list_arguments  # noqa: PLC0415 - loads torch
    from fakeid.models.detector import Detector  # noqa: PLC0415 - a finished grid needs neither

    check_sizes(Detector(**{**list_arguments(config), "pretrained": False}), config)


def _refuse(mistakes: Counter[str], num_runs: int) -> None:
    """Refuse a grid that has mistakes.

    Args:
        mistakes: Description of each mistake → number of cells that have it.
        num_runs: Number of cells checked.

    Raises:
        ConfigError: There are mistakes; the message lists each of them once, with the number of cells that have it.
    """
    if mistakes:
        lines = (f"{message} ({count} of {num_runs} cells)" for message, count in mistakes.items())
        raise ConfigError("; ".join(lines))
