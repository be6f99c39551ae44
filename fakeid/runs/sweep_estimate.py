"""The hours of the cells that are not done, from a few steps with each of their networks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table
from torch import cuda

from fakeid.config import Config
from fakeid.progress import StatusLine, build_progress
from fakeid.runs.grid import Cell
from fakeid.runs.provenance import name_device
from fakeid.runs.step_rates import Rates, measure_rates
from fakeid.runs.sweep_hours import Network, group_cells
from fakeid.runs.sweep_images import GridImages, count_images
from fakeid.runs.sweep_packing import estimate_packing_seconds
from fakeid.training.trainer import choose_device, choose_precision


@dataclass(frozen=True)
class Estimate:
    """What was measured, and what follows from it.

    Attributes:
        rates: Images per second, by network.
        packing_seconds: To pack the images that no cache holds yet.
        seconds: Of all cells, one after the other, with the packing.
    """

    rates: Mapping[str, Rates]
    packing_seconds: float
    seconds: float


def estimate_sweep(cells: Sequence[Cell], each_seconds: float, steps: int, console: Console) -> Estimate:
    """Measure and print.

    Args:
        cells: Those that are to be trained; of one that was interrupted the epochs that are left count.
        each_seconds: What a cell takes beside its images.
        steps: Measured steps of each network, in training and in validation.
        console: Where to print.

    Raises:
        DataError: Missing or too few images, where the options do not tell how many there would be.
        DeviceError: No GPU with `trainer=gpu`.
    """
    configs = [cell.config for cell in cells]
    images = count_images(configs, console)
    if images.missing:
        console.print(f"images counted from the budgets, for not all are there: {images.missing}", soft_wrap=True)
    with StatusLine(console, "packing a few images"):
        packing_seconds = estimate_packing_seconds(images)
    epochs_done = [0 if cell.config.force else cell.run.epochs_done for cell in cells]
    networks = group_cells(configs, images.splits, epochs_done)
    rates = _measure(networks, steps, console)
    hours = {label: network.estimate_seconds(rates[label], each_seconds) / 3600 for label, network in networks.items()}
    if networks:
        console.print(_render(networks, rates, hours))
    seconds = packing_seconds + 3600 * sum(hours.values())
    _print_total(images, packing_seconds, seconds, console)
    return Estimate(rates, packing_seconds, seconds)


def _measure(networks: Mapping[str, Network], steps: int, console: Console) -> dict[str, Rates]:
    rates = {}
    for config in [network.config for network in networks.values()][:1]:
        console.print(f"{steps} steps with each network, on {_name_hardware(config)}", soft_wrap=True)
    with build_progress(console) as progress:
        task = progress.add_task("measuring", total=2 * (steps + 1) * len(networks), unit="steps")
        for label, network in networks.items():
            progress.update(task, description=f"measuring {label}")
            rates[label] = measure_rates(network.config, steps=steps, on_step=lambda: progress.advance(task))
    return rates


def _name_hardware(config: Config) -> str:
    device = choose_device(config.trainer.accelerator.value)
    return f"{name_device(device)} in {choose_precision(config.trainer.precision.value, device)}"


def _render(networks: Mapping[str, Network], rates: Mapping[str, Rates], hours: Mapping[str, float]) -> Table:
    table = Table("network", "cells", "training", "testing", "hours", box=box.SIMPLE_HEAD, show_edge=False)
    for label, network in networks.items():
        train, infer = (f"{rate:,.1f} images/s" for rate in rates[label])
        table.add_row(label, str(network.num_cells), train, infer, f"{hours[label]:,.2f}")
    return table


def _print_total(images: GridImages, packing_seconds: float, seconds: float, console: Console) -> None:
    if images.num_to_pack:
        console.print(f"packing {images.num_to_pack:,} images, once: {packing_seconds / 3600:,.2f} hours")
    console.print(f"together {seconds / 3600:,.1f} hours, one cell after the other")
    if cuda.device_count() > 1:
        spread = packing_seconds + (seconds - packing_seconds) / cuda.device_count()
        console.print(f"with a launcher, on {cuda.device_count()} GPUs at once: {spread / 3600:,.1f} hours")
