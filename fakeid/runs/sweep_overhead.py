"""What a sweep adds to its trainings: seconds and memory of cells that are too small to count for themselves."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from fakeid.config import Config
from fakeid.environment import environment_variable
from fakeid.errors import ConfigError
from fakeid.evaluation.trend import Trend, fit_trend
from fakeid.runs.compose import compose_config
from fakeid.runs.data_memory import read_process_mb
from fakeid.runs.grid import Cell
from fakeid.runs.layout import RunFolder
from fakeid.sections import DataConfig, PathsConfig

_IMAGE_PX: Final = 48
_MOST_CATEGORIES: Final = 10  # of the built-in images
_SETTLED: Final = 10  # cells after which libraries have loaded and cached what they ever will
_FEWEST_FOR_TREND: Final = _SETTLED + 5


class CellCost(NamedTuple):
    """One cell.

    Attributes:
        seconds: From its words on the command line to its last file.
        epochs_seconds: Of these, in the epochs, validation included.
        memory_mb: Resident memory of this process afterwards; NaN where the system is not Linux.
        open_files: How many this process then has open; 0 where the system is not Linux.
    """

    seconds: float
    epochs_seconds: float
    memory_mb: float
    open_files: int

    @property
    def overhead_seconds(self) -> float:
        """All but the epochs; the test, of 44 images, is in it."""
        return self.seconds - self.epochs_seconds


@dataclass(frozen=True)
class Overhead:
    """Cells that were trained one after the other in this process.

    Attributes:
        import_seconds: Loading torch and the rest; about 0 where that was done before.
        cells: In their order.
    """

    import_seconds: float
    cells: list[CellCost]

    @property
    def later_seconds(self) -> float:
        """Median overhead of a cell after the first."""
        return median(cell.overhead_seconds for cell in self.cells[1:] or self.cells)

    @property
    def slowest_seconds(self) -> float:
        """The largest of them."""
        return max(cell.overhead_seconds for cell in self.cells[1:] or self.cells)

    def select(self, numbers: Sequence[int]) -> list[tuple[int, CellCost]]:
        """The cells of these numbers, which begin with 1, and the last."""
        last = len(self.cells)
        return [(number, self.cells[number - 1]) for number in sorted({*numbers, last}) if number <= last]

    def fit_growth(self) -> Trend | None:
        """Megabytes for one more cell, from the tenth on; None for too few cells."""
        if len(self.cells) < _FEWEST_FOR_TREND:
            return None
        numbers = range(_SETTLED, len(self.cells) + 1)
        return fit_trend(numbers, [self.cells[number - 1].memory_mb for number in numbers])


def measure_overhead(cells: Sequence[Cell], num_cells: int, on_cell: Callable[[], None] = lambda: None) -> Overhead:
    """Train the cells of a grid as a sweep does, but on a few small built-in images for one epoch.

    Networks, number of categories, audit, device and logger are the grid's own; W&B logs offline. What a cell puts on
    the disk goes to a folder that is removed at the end.

    Args:
        cells: Of the grid; after the last they begin anew with another seed.
        num_cells: How many to train.
        on_cell: Told after each.
    """
    start = time.perf_counter()
    from fakeid.runs.cell import train_cell  # noqa: PLC0415 - the import is measured

    import_seconds = time.perf_counter() - start
    measured = []
    offline = environment_variable("WANDB_MODE", "offline")  # made-up trainings are nothing to show to others
    with TemporaryDirectory(prefix="fakeid-benchmark-") as folder, offline, _silent():
        configs = _prepare(cells, num_cells, Path(folder))
        for at, config in enumerate(configs):
            start = time.perf_counter()
            words = [word for word in cells[at % len(cells)].overrides if not word.startswith("grid=")]
            compose_config(words)  # as Hydra does for each job
            train_cell(config)
            seconds = time.perf_counter() - start
            epochs_seconds = RunFolder.locate(config).read_summary().seconds or 0.0
            measured.append(CellCost(seconds, epochs_seconds, read_process_mb("status", "VmRSS"), _count_open_files()))
            on_cell()
    return Overhead(import_seconds, measured)


def _prepare(cells: Sequence[Cell], num_cells: int, root: Path) -> list[Config]:
    """The shrunken cells, whose images are packed."""
    from fakeid.runs.prepare import prepare  # noqa: PLC0415 - loads torch; see above

    sides = {cell.config.model.name: _choose_side(cell.config) for cell in cells}
    configs = []
    for at in range(num_cells):
        config = cells[at % len(cells)].config
        configs.append(
            replace(
                config,
                seed=at,  # so that no two are the same cell, though they may have differed in their data alone
                force=False,
                categories=min(config.categories or _MOST_CATEGORIES, _MOST_CATEGORIES),
                data=DataConfig(
                    image_px=sides[config.model.name], train_per_class=24, val_per_class=4, test_per_class=2,
                    audit_per_class=config.data.audit_per_class,
                ),
                optim=replace(config.optim, epochs=1, batch_size=16),
                paths=PathsConfig(runs=str(root / "runs"), cache=str(root / "cache")),
            )
        )  # fmt: skip
    prepare(list({repr((config.data, config.categories)): config for config in configs}.values()))
    return configs


def _choose_side(config: Config) -> int:
    """48 px, unless the network takes one size only."""
    from fakeid.runs.fit import build_module  # noqa: PLC0415 - loads torch; see above

    small = replace(config, data=replace(config.data, image_px=_IMAGE_PX))
    try:
        build_module(replace(small, model=replace(small.model, pretrained=False)))
    except ConfigError:
        return config.data.image_px
    return _IMAGE_PX


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Lines of the trainings would hide what is measured."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


def _count_open_files() -> int:
    try:
        return len(list(Path("/proc/self/fd").iterdir())) - 1  # the listing itself is one
    except OSError:
        return 0
