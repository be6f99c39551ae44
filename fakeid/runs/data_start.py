"""How long a run takes to its first batch, once everything is imported."""

import shutil
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from statistics import median
from typing import Any, Final, TypeVar

import torch
from rich.console import Console
from torchvision.datasets import ImageFolder

from fakeid.choices import Prep, SourceName
from fakeid.config import Config
from fakeid.data.datamodule import PackedDataModule
from fakeid.data.packing import Preparation
from fakeid.data.records import Record
from fakeid.runs.data_memory import Effort, pack_chunks
from fakeid.runs.data_rates import time_call
from fakeid.runs.fresh_process import in_fresh_process
from fakeid.runs.images import list_images, prepare_images
from fakeid.runs.made_up import HELD_OUT, TRAINED, write_made_up
from fakeid.schema import DataConfig, PathsConfig

_Result = TypeVar("_Result")
_CHUNKS: Final = 6
_IMAGES_A_CHUNK: Final = 256  # as the cache has it


class MadeUpRun:
    """A run that takes every image of a made-up set.

    Args:
        root: An empty folder.
        num_records: Images of the set.
    """

    def __init__(self, root: Path, num_records: int) -> None:
        self._root = root
        write_made_up(root / "set", num_records)
        self._config = Config(
            categories=len(TRAINED),
            data=DataConfig(
                source=SourceName.lsun_progan, image_px=33, prep=Prep.squash, categories=list(TRAINED),
                held_out=HELD_OUT, train_per_class=None, val_per_class=None, test_per_class=None,
            ),
            paths=PathsConfig(data=str(root / "set"), cache=str(root / "cache")),
        )  # fmt: skip

    def pack(self, console: Console) -> None:
        """Fill the cache, in worker processes."""
        source, plan = list_images(self._config, console)
        prepare_images(self._config, plan, source, console)

    def measure_start(self, rounds: int) -> dict[str, float]:
        """Seconds in fresh processes, by turns.

        `list` until the images are known and `start` until the first batch is there; `list_first` and `start_first`
        where neither plan nor listings are remembered, though all is packed.
        """
        seconds: dict[str, list[float]] = {"list_first": [], "start_first": [], "list": [], "start": []}
        for _ in range(rounds):
            for folder in ("plans", "listings"):
                shutil.rmtree(self._root / "cache" / folder)
            for suffix in ("_first", ""):
                listed, ready = _in_imported_process(time_start, self._config)
                seconds["list" + suffix].append(listed)
                seconds["start" + suffix].append(ready)
        return {name: median(found) for name, found in seconds.items()}

    def measure_worker(self) -> Effort:
        """Memory of a process that packs chunks from all over the set at 256 px."""
        source, plan = list_images(self._config, Console(quiet=True))
        records = sorted(plan.records(), key=lambda record: record.key)
        chunks = [records[at : at + _IMAGES_A_CHUNK] for at in range(0, len(records), _IMAGES_A_CHUNK)]
        some: list[list[Record]] = chunks[:: max(1, len(chunks) // _CHUNKS)]
        return in_fresh_process(pack_chunks, source, some, Preparation(256, "squash", "none"), self._root / "packs")


def time_start(config: Config) -> tuple[float, float]:
    """Seconds from options to a plan, and to the first batch."""
    torch.set_num_threads(1)
    console, start = Console(quiet=True), time.perf_counter()
    source, plan = list_images(config, console)
    listed = time.perf_counter() - start
    packed = prepare_images(config, plan, source, console)
    data = PackedDataModule(plan, packed, batch_size=64, seed=config.seed)
    next(iter(data.train_dataloader()))
    return listed, time.perf_counter() - start


def _in_imported_process(function: Callable[..., _Result], *arguments: Any) -> _Result:
    """Call a function in a new process that is forked, where that can be, from one that has imported this module."""
    can_fork = "forkserver" in get_all_start_methods()
    context = get_context("forkserver" if can_fork else "spawn")
    if can_fork:
        context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(1, context) as executor:
        return executor.submit(function, *arguments).result()


def measure_image_folder(root: Path, num_files: int, rounds: int) -> float:
    """Seconds in which torchvision lists so many files, which are empty, in six folders."""
    for folder in range(6):
        (root / str(folder)).mkdir(parents=True)
        for number in range(num_files // 6):
            (root / str(folder) / f"{number:07}.jpg").touch()
    return median(time_call(ImageFolder, str(root)) for _ in range(rounds))
