"""Images per second of a training, ours against a loop as the paper's authors wrote it, each in fresh processes."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from fakeid.allocator import can_keep_memory
from fakeid.runs.benchmark_loops import Loop, Settings, Speed, measure_loop, write_files
from fakeid.runs.chip import MATRIX_SIDE, count_flops, measure_products
from fakeid.runs.fresh_process import in_fresh_process
from fakeid.runs.provenance import name_device
from fakeid.training.trainer import choose_device, choose_precision

KINDS: Final = {"alone": "step alone", "whole": "end to end"}
"""Field of `Speed` → what the table calls it."""

_AUTHORS: Final = Loop("authors' loop", is_ours=False, keeps_memory=False)
_AUTHORS_KEEPING: Final = Loop("authors' loop, memory kept", is_ours=False, keeps_memory=True)


def run_benchmark(
    *,
    image_px: int,
    batch_size: int,
    steps: int,
    rounds: int,
    device: str,
    threads: int | None,
    compiled: bool,
    console: Console | None = None,
) -> dict[tuple[str, str], float]:
    """Measure and print the table.

    The images are noise in PNG files, which the authors' loop decodes in every epoch and ours once, into the cache.
    In each round every loop has its turn, in a process of its own; each figure is the median over the rounds.

    Args:
        image_px: Side of the images, pixels.
        batch_size: Images a step.
        steps: How many are measured of each kind, in each round.
        rounds: How often each loop is measured.
        device: `auto`, `cpu` or `gpu`.
        threads: Of the CPU; None leaves torch's choice.
        compiled: Measure ours with a compiled backbone too.
        console: Where to print; None is the terminal.

    Returns:
        Images per second by the name of the loop and the kind, `step alone` or `end to end`.

    Raises:
        DeviceError: No GPU with `gpu`.
        WorkerError: The system ended a process that measured.
    """
    console = console or Console(highlight=False)
    where = choose_device(device)
    precisions = ("float32", "bf16") if choose_precision("auto", where) == "bf16" else ("float32",)
    loops = list(_list_loops(precisions, compiled))
    with tempfile.TemporaryDirectory(prefix="fakeid-benchmark-") as folder:
        settings = Settings(Path(folder), image_px, batch_size, steps, where, threads)
        write_files(settings)
        _print_start(settings, rounds, precisions, console)
        speeds, products = _measure(loops, settings, precisions, rounds, console)
    rates = {
        (loop.name, kind): median(getattr(speed, field) for speed in speeds[loop])
        for field, kind in KINDS.items()
        for loop in loops
    }
    chip = {name: median(product[name] for product in products) for name in precisions}
    flops = count_flops(image_px)
    console.print(render_rates(loops, rates, {name: each / flops for name, each in chip.items()}))
    best = " and ".join(f"{each / 1e9:,.0f} GFLOP/s in {name}" for name, each in chip.items())
    console.print(f"of the chip: of {best}, which a matrix product reaches; an image takes {flops / 1e9:.1f} GFLOP")
    return rates


def _list_loops(precisions: Sequence[str], compiled: bool) -> Iterator[Loop]:
    yield _AUTHORS
    if can_keep_memory():
        yield _AUTHORS_KEEPING
    for compiles in (False, True) if compiled else (False,):
        for precision in precisions:
            name = f"fakeid, {precision}{', compiled' if compiles else ''}"
            yield Loop(name, is_ours=True, keeps_memory=True, precision=precision, compiled=compiles)


def _print_start(settings: Settings, rounds: int, precisions: Sequence[str], console: Console) -> None:
    console.print(
        f"Pelee+HPF, {settings.image_px} px, batch {settings.batch_size}, steps of each kind {settings.steps}, "
        f"rounds {rounds}, on {name_device(settings.device)}"
    )
    if not can_keep_memory():
        console.print("the allocator is not glibc's, or is set up in the environment: it stays as it is")
    if "bf16" not in precisions:
        console.print("bf16 is not in hardware here, and left out")


def _measure(
    loops: Sequence[Loop], settings: Settings, precisions: tuple[str, ...], rounds: int, console: Console
) -> tuple[dict[Loop, list[Speed]], list[dict[str, float]]]:
    """The speeds of each loop and of matrix products, one of each a round."""
    speeds: dict[Loop, list[Speed]] = {loop: [] for loop in loops}
    products = []
    for number in range(1, rounds + 1):
        start = f"round {number} of {rounds}:"
        for loop in loops:
            with console.status(f"{start} {loop.name}"):
                speed = in_fresh_process(measure_loop, loop, settings)
            speeds[loop].append(speed)
            console.print(f"{start} {loop.name}: {speed.alone:.1f} images/s alone, {speed.whole:.1f} end to end")
        with console.status(f"{start} matrix products"):
            products.append(in_fresh_process(_measure_products, precisions, settings))
    return speeds, products


def _measure_products(precisions: tuple[str, ...], settings: Settings) -> dict[str, float]:
    return measure_products(precisions, side=MATRIX_SIDE, device=settings.device, threads=settings.threads)


def render_rates(loops: Sequence[Loop], rates: dict[tuple[str, str], float], chip: dict[str, float]) -> Table:
    """A table of at most 80 columns.

    Args:
        loops: In the order of the rows.
        rates: Images per second by loop and kind.
        chip: By precision, the images per second of a training that computed as fast as a matrix product.
    """
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("")
    for heading in ("images/s", "to the\nauthors'", "to theirs,\nmemory kept", "of the\nchip"):
        table.add_column(heading, justify="right")
    for kind in KINDS.values():
        table.add_row(kind)
        for loop in loops:
            rate = rates[loop.name, kind]
            ratios = [_render_ratio(rate, rates.get((base.name, kind))) for base in (_AUTHORS, _AUTHORS_KEEPING)]
            table.add_row(f"  {loop.name}", f"{rate:.1f}", *ratios, f"{rate / chip[loop.precision]:.0%}")
    return table


def _render_ratio(rate: float, base: float | None) -> str:
    return f"{rate / base:.2f} x" if base else "-"
