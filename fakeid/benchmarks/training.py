"""Images per second of a training, ours against a loop as the paper's authors wrote it, each in fresh processes."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.utils.benchmark import Timer
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode
from torchvision.datasets import ImageFolder
from torchvision.transforms import ToTensor

from fakeid.benchmarks.harness import build_table, in_fresh_process, take_turns, time_call
from fakeid.benchmarks.step_rates import time_steps
from fakeid.config.choices import Accelerator, Precision
from fakeid.config.constants import LABEL_NAMES
from fakeid.config.parse import Config
from fakeid.config.schema import DataConfig, OptimConfig, TrainerConfig
from fakeid.data.cache.image_cache import ImageCache
from fakeid.data.cache.packing import Preparation
from fakeid.data.cache.packs import PackedImages
from fakeid.data.datamodule import PackedDataModule
from fakeid.data.plans import Plan
from fakeid.data.records import Record
from fakeid.data.sources.folders import FolderSource
from fakeid.models.pelee import PeleeNet
from fakeid.processes import can_keep_memory
from fakeid.runs.provenance import name_device
from fakeid.training.module import DetectorModule, compute_loss
from fakeid.training.trainer import choose_device, choose_precision, set_up_cpu

_DTYPES: Final = {Precision.float32: torch.float32, Precision.bf16: torch.bfloat16}
_KV = torch.tensor([[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]])
_MATRIX_SIDE: Final = 4096
"""Of the product that stands for the best that the hardware does."""
_PRODUCT_SECONDS: Final = 2.0


class Settings(NamedTuple):
    """What all loops have in common; `root` is a folder for files, and threads None leaves torch's own choice."""

    root: Path
    image_px: int
    batch_size: int
    steps: int
    device: str
    threads: int | None


class Loop(NamedTuple):
    """One loop: its name in the table, whose it is, whether glibc keeps freed memory, and how ours is set up."""

    name: str
    is_ours: bool
    keeps_memory: bool = True
    precision: Precision = Precision.float32
    compiled: bool = False


_AUTHORS: Final = Loop("authors' loop", is_ours=False, keeps_memory=False)
_AUTHORS_KEEPING: Final = Loop("authors' loop, memory kept", is_ours=False)


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
) -> dict[str, float]:
    """Measure trainings beside the loop of the paper's authors, and print the table.

    The images are noise in PNG files, which the authors' loop decodes in every epoch and ours once, into the cache.
    In each round every loop has its turn, in a process of its own; each figure is the median over the rounds.

    Args:
        image_px: Side of the images, pixels.
        batch_size: Images a step.
        steps: How many are measured of each loop, in each round, after a first one.
        rounds: How often each loop is measured.
        device: `auto`, `cpu` or `gpu`.
        threads: Of the CPU; None leaves torch's choice.
        compiled: Measure ours with a compiled backbone too.
        console: Where to print; None is the terminal.

    Returns:
        Images per second by the name of the loop.

    Raises:
        DeviceError: No GPU with `gpu`.
        WorkerError: The system ended a process that measured.
    """
    console = console or Console(highlight=False)
    where = choose_device(device)
    precisions = list(_DTYPES) if choose_precision("auto", where) == "bf16" else [Precision.float32]
    console.print(
        f"Pelee+HPF, {image_px} px, batch {batch_size}, steps {steps}, rounds {rounds}, on {name_device(where)}"
    )
    if not can_keep_memory():
        console.print("the allocator is not glibc's, or is set up in the environment: it stays as it is")
    if len(precisions) == 1:
        console.print("bf16 is not in hardware here, and left out")
    loops = list(_list_loops(precisions, compiled))
    with tempfile.TemporaryDirectory(prefix="fakeid-benchmark-") as folder:
        settings = Settings(Path(folder), image_px, batch_size, steps, where, threads)
        _write_files(settings)
        ways: dict[str, Callable[[int], float]] = {
            loop.name: partial(_measure, loop, settings, rounds, console) for loop in loops
        }
        for each in precisions:
            ways[each.value] = lambda _, each=each: in_fresh_process(measure_product, each, settings)  # type: ignore[misc]
        rates = take_turns(ways, rounds)
    chip, flops = {each: rates.pop(each.value) for each in precisions}, count_flops(image_px)
    console.print(render_rates(loops, rates, {each: best / flops for each, best in chip.items()}))
    best = " and ".join(f"{each / 1e9:,.0f} GFLOP/s in {name.value}" for name, each in chip.items())
    console.print(f"of the chip: of {best}, which a matrix product reaches; an image takes {flops / 1e9:.1f} GFLOP")
    return rates


def _list_loops(precisions: Sequence[Precision], compiled: bool) -> Iterator[Loop]:
    yield _AUTHORS
    if can_keep_memory():
        yield _AUTHORS_KEEPING
    for compiles in (False, True) if compiled else (False,):
        for precision in precisions:
            name = f"fakeid, {precision.value}{', compiled' if compiles else ''}"
            yield Loop(name, is_ours=True, precision=precision, compiled=compiles)


def _measure(loop: Loop, settings: Settings, rounds: int, console: Console, number: int) -> float:
    start = f"round {number + 1} of {rounds}: {loop.name}"
    with console.status(start):
        rate = in_fresh_process(measure_loop, loop, settings)
    console.print(f"{start}: {rate:.1f} images/s")
    return rate


def render_rates(loops: Sequence[Loop], rates: Mapping[str, float], chip: Mapping[Precision, float]) -> Table:
    """Draw a table of at most 80 columns.

    Args:
        loops: In the order of the rows.
        rates: Images per second by the name of the loop.
        chip: By precision, the images per second of a training that computed as fast as a matrix product.
    """
    table = build_table("images/s", "to the\nauthors'", "to theirs,\nmemory kept", "of the\nchip")
    for loop in loops:
        rate = rates[loop.name]
        bases = [rates.get(base.name) for base in (_AUTHORS, _AUTHORS_KEEPING)]
        ratios = [f"{rate / base:.2f} x" if base else "-" for base in bases]
        table.add_row(loop.name, f"{rate:.1f}", *ratios, f"{rate / chip[loop.precision]:.0%}")
    return table


def measure_loop(loop: Loop, settings: Settings) -> float:
    """Train for a few steps, the reading of each batch included; in a new process, for memory stays kept.

    Returns:
        Images per second, by the median over the steps after a first one.
    """
    trainer = TrainerConfig(
        accelerator=Accelerator.cpu if settings.device == "cpu" else Accelerator.gpu,
        precision=loop.precision, compile=loop.compiled, threads=settings.threads, keep_memory=loop.keeps_memory,
    )  # fmt: skip
    set_up_cpu(trainer)
    seconds = _time_ours(trainer, settings) if loop.is_ours else _time_authors(settings)
    return settings.batch_size / median(seconds)


def _time_ours(trainer: TrainerConfig, settings: Settings) -> list[float]:
    """Measure the seconds of each step of what `train.py` does."""
    config = Config(
        trainer=trainer,
        data=DataConfig(image_px=settings.image_px),
        optim=OptimConfig(batch_size=settings.batch_size),
    )
    records, packed = _open_cache(settings)
    repeated = records * -(-(settings.steps + 1) // 2)  # two batches of files
    plan = Plan(train=repeated, val=[], test=[], seen=("images",), unseen=(), held_out=None)
    data = PackedDataModule(plan, packed, batch_size=settings.batch_size, seed=0)
    return time_steps(config, data)[0][: settings.steps]


def _time_authors(settings: Settings) -> list[float]:
    """Measure the seconds of each step of the authors' loop: float32, NCHW, `ImageFolder`, no workers, Adam."""
    torch.manual_seed(0)
    network = _PaperNetwork().to(settings.device)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    images = ImageFolder(str(settings.root / "images"), ToTensor())
    loader = DataLoader(images, settings.batch_size, shuffle=True, drop_last=True)
    batches = (batch for _ in range(settings.steps + 1) for batch in loader)

    def step() -> None:
        rgb, labels = (part.to(settings.device) for part in next(batches))
        loss = F.cross_entropy(network(rgb), labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        loss.item()  # waits for the device

    return [time_call(step) for _ in range(settings.steps + 1)][1:]


class _PaperNetwork(nn.Module):
    """High-pass filter over three channels, PeleeNet with two outputs, softmax inside (Lee & Park 2021)."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", (_KV / 12).expand(1, 3, 5, 5).clone())
        self.pelee = PeleeNet(1, num_outputs=2)

    def forward(self, rgb: Tensor) -> Tensor:
        """Compute P (N, 2) of RGB (N, 3, H, W) in [0, 1]; the loss takes it for logits, as the authors' does."""
        return torch.softmax(self.pelee(F.conv2d(rgb, self.get_buffer("kernel"))), dim=1)


def _write_files(settings: Settings) -> None:
    """Write two batches of smooth noise, as compressible as photos, as PNG files of two classes and in the cache."""
    rng, side = np.random.default_rng(0), settings.image_px
    for label in LABEL_NAMES:
        folder = settings.root / "images" / label
        folder.mkdir(parents=True)
        for index in range(settings.batch_size):
            coarse = rng.integers(0, 256, (side // 8, side // 8, 3), np.uint8)
            fine = rng.integers(-8, 9, (side, side, 3))
            image = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC) + fine
            cv2.imwrite(str(folder / f"{index:04}.png"), np.clip(image, 0, 255).astype(np.uint8))
    _open_cache(settings)


def _open_cache(settings: Settings) -> tuple[list[Record], PackedImages]:
    source = FolderSource(str(settings.root / "images"))
    records, preparation = source.records(), Preparation(settings.image_px, "crop", "none")
    return records, ImageCache(settings.root / "cache", source, preparation).load(records)


def measure_product(precision: Precision, settings: Settings) -> float:
    """Measure the FLOP per second of a product of two large square matrices; in a new process."""
    set_up_cpu(TrainerConfig(threads=settings.threads))
    shape = (_MATRIX_SIDE, _MATRIX_SIDE)
    left, right = (torch.randn(shape, device=settings.device).to(_DTYPES[precision]) for _ in range(2))
    timer = Timer(
        "torch.mm(left, right)[0, 0].item()",  # which waits for the device
        globals={"torch": torch, "left": left, "right": right},
        num_threads=torch.get_num_threads(),
    )
    return 2.0 * _MATRIX_SIDE**3 / timer.blocked_autorange(min_run_time=_PRODUCT_SECONDS).median


def count_flops(image_px: int) -> float:
    """Count the FLOP of Pelee+HPF for one training image, forward and backward, in convolutions and matrix products.

    Args:
        image_px: Side of the image, pixels.
    """
    rgb_u8 = torch.zeros(2, 3, image_px, image_px, dtype=torch.uint8)  # normalization over a batch needs two
    with FlopCounterMode(display=False) as counter:
        loss = compute_loss("softmax_ce", DetectorModule({})(rgb_u8), torch.tensor([0, 1]))
        loss.backward()  # type: ignore[no-untyped-call]
    return float(counter.get_total_flops()) / len(rgb_u8)
