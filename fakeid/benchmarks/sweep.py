"""Estimate the hours of a grid on this machine, and measure on tiny cells what a sweep adds to the trainings."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from rich.console import Console

from fakeid.config.compose import compose_config
from fakeid.config.parse import Config
from fakeid.config.schema import DataConfig, PathsConfig
from fakeid.console import build_progress
from fakeid.errors import ConfigError
from fakeid.processes import environment_variable
from fakeid.runs.layout import RunFolder
from fakeid.sweeps.grid import PlannedRun, check_networks
from fakeid.sweeps.sweeper import compose_grid

if TYPE_CHECKING:  # imports torch, whose import is measured
    from fakeid.benchmarks.grid_hours import Estimate

_IMAGE_PX: Final = 48
_MOST_CATEGORIES: Final = 10  # training categories of the built-in images


@dataclass(frozen=True)
class Overhead:
    """Time beyond the epochs of cells that were trained one after the other in this process.

    Attributes:
        import_seconds: Seconds to import torch and the rest; about 0 if they were imported before.
        seconds: Seconds of each cell, from composing its options to its last file, including the test of 44 images.
    """

    import_seconds: float
    seconds: list[float]

    @property
    def later_seconds(self) -> list[float]:
        """Seconds of the cells after the first."""
        return self.seconds[1:] or self.seconds


def run_sweep_benchmark(words: Sequence[str], *, num_runs: int, steps: int) -> "tuple[Overhead, Estimate]":
    """Train a few tiny cells, take a few steps with each network of a grid, and print how long the grid will take.

    Args:
        words: Words that would be typed after `python sweep.py -m`; images of LSUN and ProGAN need not be present.
        num_runs: Number of tiny cells to train.
        steps: Number of measured steps of each network, in training and in validation.

    Returns:
        Overhead of the cells, and the estimate for the grid.

    Raises:
        ConfigError: The grid has mistakes; all are reported before anything is measured.
        DataError: Images are missing or too few, and the options do not tell how many there would be.
        DeviceError: There is no GPU for `trainer=gpu`.
    """
    # Bound to the current standard output, because the output of the tiny cells is discarded later.
    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        console.width = 120  # for a log file
    with console.status("checking the grid"):
        grid = compose_grid(words)
    pending = [planned for planned in grid if planned.config.force or not planned.run.is_done()]
    console.print(f"{len(grid)} cells, {len(pending)} to train")
    with build_progress(console) as progress:
        task = progress.add_task("training tiny cells", total=num_runs, unit="cells")
        overhead = measure_overhead(grid, num_runs, lambda: progress.advance(task))
    _print_overhead(overhead, console)
    from fakeid.benchmarks.grid_hours import estimate_sweep  # noqa: PLC0415 - imports torch, measured above

    return overhead, estimate_sweep(pending, median(overhead.later_seconds), steps, console)


def _print_overhead(overhead: Overhead, console: Console) -> None:
    first, count = overhead.seconds[0], len(overhead.seconds)
    console.print(
        f"overhead per cell beyond its epochs, from {count} tiny cells: first {first + overhead.import_seconds:.1f} s "
        f"({overhead.import_seconds:.1f} s of which imports), later {median(overhead.later_seconds):.1f} s "
        f"(median; at most {max(overhead.later_seconds):.1f} s)",
        soft_wrap=True,
    )


def measure_overhead(
    planned_runs: Sequence[PlannedRun], num_runs: int, on_run: Callable[[], None] = lambda: None
) -> Overhead:
    """Train the cells of a grid as a sweep does, but on a few small built-in images for one epoch.

    Networks, number of categories, audit, device and logger are those of the grid; W&B logs offline. All files of the
    cells go to a temporary folder.

    Args:
        planned_runs: Runs of the grid; after the last, the first follows again with another seed.
        num_runs: Number of cells to train.
        on_run: Function called after each cell.

    Returns:
        Overhead of the cells.
    """
    start = time.perf_counter()
    from fakeid.sweeps.worker import train_run  # noqa: PLC0415 - the import is measured

    overhead = Overhead(time.perf_counter() - start, [])
    cells = list(islice(cycle(planned_runs), num_runs))
    offline = environment_variable("WANDB_MODE", "offline")  # these trainings do not belong in anyone's project
    with (
        TemporaryDirectory(prefix="fakeid-benchmark-") as folder,
        offline,
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        redirect_stdout(nowhere),  # output of the trainings would bury the results
    ):
        for planned, config in zip(cells, _prepare(cells, Path(folder)), strict=True):
            start = time.perf_counter()
            compose_config([word for word in planned.overrides if not word.startswith("grid=")])  # as Hydra does
            train_run(config)
            seconds = time.perf_counter() - start
            overhead.seconds.append(seconds - (RunFolder.locate(config).read_summary().seconds or 0.0))
            on_run()
    return overhead


def _prepare(cells: Sequence[PlannedRun], root: Path) -> list[Config]:
    """Shrink the cells and pack their images."""
    from fakeid.sweeps.images import prepare  # noqa: PLC0415 - imports torch; see above

    networks = {planned.config.model.name: planned.config for planned in cells}
    sides = {name: _choose_side(config) for name, config in networks.items()}
    configs = [
        replace(
            config, force=False,
            data=DataConfig(
                image_px=sides[config.model.name], train_per_class=24, val_per_class=4, test_per_class=2,
                audit_per_class=config.data.audit_per_class,
            ),
            seed=at,  # so that no two are the same cell, even if they differed only in their data
            categories=min(config.categories or _MOST_CATEGORIES, _MOST_CATEGORIES),
            optim=replace(config.optim, epochs=1, batch_size=16),
            paths=PathsConfig(runs=str(root / "runs"), cache=str(root / "cache")),
        )
        for at, config in enumerate(planned.config for planned in cells)
    ]  # fmt: skip
    prepare(list({repr((config.data, config.categories)): config for config in configs}.values()))
    return configs


def _choose_side(config: Config) -> int:
    """Choose a side of 48 px, unless the network takes only the size of the run."""
    try:
        check_networks([replace(config, data=replace(config.data, image_px=_IMAGE_PX))])
    except ConfigError:
        return config.data.image_px
    return _IMAGE_PX
