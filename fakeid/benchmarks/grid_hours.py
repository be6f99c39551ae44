"""Estimate the hours of a grid on this machine from a few steps with each network and the packing of a few images."""

import math
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table
from torch import cuda

from fakeid.benchmarks.data import PREPARATION, draw_photos, write_photos
from fakeid.benchmarks.harness import time_call
from fakeid.benchmarks.step_rates import Rates, measure_rates
from fakeid.config.constants import TEST, TRAIN, VAL
from fakeid.config.identity import flatten, label_options, tell_apart
from fakeid.config.options import list_options
from fakeid.config.parse import Config, to_plain
from fakeid.console import StatusLine, build_progress, print_sentence
from fakeid.data.cache.packing import Preparation, pack_images
from fakeid.data.records import Record
from fakeid.data.sources.base import Source
from fakeid.data.sources.folders import FolderSource
from fakeid.processes import count_cores
from fakeid.runs.provenance import name_device
from fakeid.sweeps.grid import PlannedRun
from fakeid.sweeps.images import GridImages, count_images
from fakeid.training.trainer import choose_device, choose_precision

_SAMPLE: Final = 64


@dataclass
class Network:
    """Cells that take the same time per image.

    Attributes:
        config: Options of one of the cells.
        num_runs: Number of cells.
        trained: Number of images that they still train on, counted once per epoch.
        inferred: Number of images that they still validate, calibrate and test on, counted likewise; those of
            evaluations are left out.
    """

    config: Config
    num_runs: int = 0
    trained: int = 0
    inferred: int = 0

    def add(self, config: Config, splits: Counter[str], epochs_done: int = 0) -> None:
        """Add a cell.

        Args:
            config: Options of the cell.
            splits: Number of images in its `train`, `val` and `test`.
            epochs_done: Number of finished epochs.
        """
        limit = config.trainer.limit_batches
        epochs = 1 if config.model.is_fitted_at_once else config.optim.epochs - epochs_done
        most = limit * config.optim.batch_size if limit else max(splits.values())
        self.num_runs += 1
        self.trained += epochs * min(splits[TRAIN], most)
        self.inferred += epochs * min(splits[VAL], most) + splits[TEST]
        self.inferred += len(config.evaluation.calibrated_under) * splits[VAL] // 2  # the reals of both classes

    def estimate_seconds(self, rates: Rates, each_seconds: float) -> float:
        """Estimate the seconds of all cells, one after the other.

        Args:
            rates: Images per second in training and inference.
            each_seconds: Overhead of each cell in seconds, beyond its images.
        """
        return self.trained / rates.train + self.inferred / rates.infer + self.num_runs * each_seconds


def group_by_network(
    configs: Sequence[Config], splits: Sequence[Counter[str]], epochs_done: Sequence[int]
) -> dict[str, Network]:
    """Group the cells by network, labeled with the options in which the networks differ.

    Args:
        configs: Options of each cell.
        splits: Number of images of each cell by split.
        epochs_done: Number of finished epochs of each cell.

    Returns:
        Networks by label.
    """
    networks: dict[str, Network] = {}
    for config, images, done in zip(configs, splits, epochs_done, strict=True):
        networks.setdefault(repr(_describe(config)), Network(config)).add(config, images, done)
    differences = tell_apart([_describe(network.config) for network in networks.values()])
    labels = [label_options(values) or "all runs" for values in differences]
    return dict(zip(labels, networks.values(), strict=True))


def _describe(config: Config) -> dict[str, Any]:
    """Collect every option that can change the time of a step, by its path."""
    values = flatten(to_plain(config))
    timed = {each.path: each.timed for each in list_options(Config) if each.timed}
    return {path: ("on" if values[path] else "off") if how == "on" else values[path] for path, how in timed.items()}


def estimate_packing_seconds(images: GridImages) -> float:
    """Estimate the seconds of packing on all cores from packing 64 images of each cache on one.

    Images that are counted from budgets are assumed to be JPEG files of 256 px, the shorter side of LSUN's photos.
    """
    there = sum(len(each.records) for each in images.to_pack)
    seconds = sum(
        len(each.records) / _measure_rate(each.source, each.records.values(), each.preparation)
        for each in images.to_pack
        if each.records
    )
    if images.num_to_pack > there:
        seconds += (images.num_to_pack - there) / _measure_photo_rate()
    return seconds / count_cores()


def _measure_rate(source: Source, records: Collection[Record], preparation: Preparation) -> float:
    """Measure the images that one core packs per second."""
    some = list(records)[:: math.ceil(len(records) / _SAMPLE)]
    return len(some) / time_call(pack_images, source, some, preparation, True)


def _measure_photo_rate() -> float:
    with tempfile.TemporaryDirectory(prefix="fakeid-benchmark-") as folder:
        write_photos(Path(folder) / "photos", draw_photos(_SAMPLE))
        source = FolderSource(str(Path(folder) / "photos"), both_classes=False)
        return _measure_rate(source, source.records(), PREPARATION)


class Estimate(NamedTuple):
    """Measured rates of a grid and the estimated time.

    Attributes:
        rates: Images per second by label of the network.
        packing_seconds: Seconds to pack the images that no cache holds yet.
        seconds: Seconds of all cells, one after the other, including packing.
    """

    rates: Mapping[str, Rates]
    packing_seconds: float
    seconds: float


def estimate_sweep(planned_runs: Sequence[PlannedRun], each_seconds: float, steps: int, console: Console) -> Estimate:
    """Measure a few steps with each network, and print the estimated hours of the grid.

    Args:
        planned_runs: Runs to train; of an interrupted one only the remaining epochs count.
        each_seconds: Overhead of each cell in seconds, beyond its images.
        steps: Number of measured steps of each network, in training and in validation.
        console: Console to print to.

    Raises:
        DataError: Images are missing or too few, and the options do not tell how many there would be.
        DeviceError: There is no GPU for `trainer=gpu`.
    """
    configs = [planned.config for planned in planned_runs]
    images = count_images(configs, console)
    if images.missing:
        print_sentence(console, f"images counted from the budgets, because some are missing: {images.missing}")
    with StatusLine(console, "packing a few images"):
        packing_seconds = estimate_packing_seconds(images)
    epochs_done = [0 if planned.config.force else planned.run.epochs_done for planned in planned_runs]
    networks = group_by_network(configs, images.splits, epochs_done)
    rates = _measure(networks, steps, console)
    hours = {label: network.estimate_seconds(rates[label], each_seconds) / 3600 for label, network in networks.items()}
    if networks:
        console.print(_render(networks, rates, hours))
    seconds = packing_seconds + 3600 * sum(hours.values())
    evaluated = any(config.evaluation.is_wanted for config in configs)
    _print_total(images, packing_seconds, seconds, console, but=" and without evaluations" if evaluated else "")
    return Estimate(rates, packing_seconds, seconds)


def _measure(networks: Mapping[str, Network], steps: int, console: Console) -> dict[str, Rates]:
    rates = {}
    if networks:
        trainer = next(iter(networks.values())).config.trainer
        device = choose_device(trainer.accelerator.value)
        hardware = f"{name_device(device)} in {choose_precision(trainer.precision.value, device)}"
        console.print(f"{steps} steps with each network, on {hardware}", soft_wrap=True)
    with build_progress(console) as progress:
        task = progress.add_task("measuring", total=2 * (steps + 1) * len(networks), unit="steps")
        for label, network in networks.items():
            progress.update(task, description=f"measuring {label}")
            rates[label] = measure_rates(network.config, steps=steps, on_step=lambda: progress.advance(task))
    return rates


def _render(networks: Mapping[str, Network], rates: Mapping[str, Rates], hours: Mapping[str, float]) -> Table:
    table = Table("network", "cells", "training", "testing", "hours", box=box.SIMPLE_HEAD, show_edge=False)
    for label, network in networks.items():
        train, infer = (f"{rate:,.1f} images/s" for rate in rates[label])
        table.add_row(label, str(network.num_runs), train, infer, f"{hours[label]:,.2f}")
    return table


def _print_total(images: GridImages, packing_seconds: float, seconds: float, console: Console, but: str) -> None:
    if images.num_to_pack:
        console.print(f"packing {images.num_to_pack:,} images, once: {packing_seconds / 3600:,.2f} hours")
    console.print(f"in total {seconds / 3600:,.1f} hours, one cell after the other{but}")
    if cuda.device_count() > 1:
        spread = packing_seconds + (seconds - packing_seconds) / cuda.device_count()
        console.print(f"with a launcher, on {cuda.device_count()} GPUs at once: {spread / 3600:,.1f} hours")
