"""Compare the training speed of fakeid with a loop like that of the paper's authors, each in fresh processes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import ToTensor

from fakeid.benchmarks.harness import build_table, in_fresh_process, take_turns, time_call
from fakeid.benchmarks.step_rates import measure_rates
from fakeid.config.choices import Accelerator, Precision
from fakeid.config.constants import LABEL_NAMES
from fakeid.config.parse import Config
from fakeid.config.schema import DataConfig, OptimConfig, TrainerConfig
from fakeid.models.pelee import PeleeNet
from fakeid.processes import can_keep_memory
from fakeid.runs.provenance import name_device
from fakeid.training.trainer import choose_device, choose_precision, set_up_cpu

_KV = torch.tensor([[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]])
_AUTHORS: Final = "authors' loop"
_AUTHORS_KEEPING: Final = "authors' loop, memory kept"


class Loop(NamedTuple):
    """A training loop to measure.

    Attributes:
        measure: Function that measures images per second, given a configuration, a number of steps and a folder of
            PNG files.
        config: Options of this loop.
    """

    measure: Callable[[Config, int, Path], float]
    config: Config


def run_benchmark(
    *,
    image_px: int,
    batch_size: int,
    steps: int,
    rounds: int,
    device: str,
    threads: int | None,
    compiled: bool,
) -> dict[str, float]:
    """Measure the training speed of fakeid and of the paper authors' loop, and print the table.

    The images are noise: PNG files for the authors' loop, which decodes them in every epoch, and arrays in memory for
    fakeid. In each round every loop is measured once, in a process of its own. Results are medians over the rounds.

    Args:
        image_px: Side of the images in pixels.
        batch_size: Images per step.
        steps: Number of measured steps of each loop in each round, after one that is not measured.
        rounds: Number of rounds.
        device: `auto`, `cpu` or `gpu`.
        threads: Number of CPU threads; None keeps torch's default.
        compiled: Whether to measure fakeid with a compiled backbone too.

    Returns:
        Images per second by the name of the loop.

    Raises:
        DeviceError: There is no GPU for `gpu`.
        WorkerError: The system killed a process that measured.
    """
    console = Console(highlight=False)
    where = choose_device(device)
    console.print(
        f"Pelee+HPF, {image_px} px, batch {batch_size}, steps {steps}, rounds {rounds}, on {name_device(where)}"
    )
    if not can_keep_memory():
        console.print("the allocator is not glibc's, or is configured in the environment: its settings are not changed")
    if choose_precision("auto", where) != "bf16":
        console.print("bf16 is left out, because the hardware does not support it")
    trainer = TrainerConfig(accelerator=Accelerator.cpu if where == "cpu" else Accelerator.gpu, threads=threads)
    loops = list_loops(
        Config(data=DataConfig(image_px=image_px), optim=OptimConfig(batch_size=batch_size), trainer=trainer), compiled
    )
    with TemporaryDirectory(prefix="fakeid-benchmark-") as folder:
        _write_files(Path(folder), image_px, batch_size)

        def take_turn(name: str, number: int) -> float:
            start = f"round {number + 1} of {rounds}: {name}"
            with console.status(start):
                rate = in_fresh_process(loops[name].measure, loops[name].config, steps, Path(folder))
            console.print(f"{start}: {rate:.1f} images/s")
            return rate

        rates = take_turns({name: partial(take_turn, name) for name in loops}, rounds)
    console.print(render_rates(rates))
    return rates


def list_loops(config: Config, compiled: bool) -> dict[str, Loop]:
    """List the baselines, and fakeid in each precision that the device supports, by their names in the table.

    Args:
        config: Options that all loops share.
        compiled: Whether to list fakeid with a compiled backbone too.
    """

    def build(measure: Callable[[Config, int, Path], float], **options: Any) -> Loop:
        return Loop(measure, replace(config, trainer=replace(config.trainer, **options)))

    loops = {_AUTHORS: build(measure_authors, keep_memory=False)}
    if can_keep_memory():
        loops[_AUTHORS_KEEPING] = build(measure_authors, keep_memory=True)
    has_bf16 = choose_precision("auto", choose_device(config.trainer.accelerator.value)) == "bf16"
    for compiles in (False, True) if compiled else (False,):
        for precision in (Precision.float32, Precision.bf16) if has_bf16 else (Precision.float32,):
            name = f"fakeid, {precision.value}{', compiled' if compiles else ''}"
            loops[name] = build(measure_ours, keep_memory=True, precision=precision, compile=compiles)
    return loops


def render_rates(rates: Mapping[str, float]) -> Table:
    """Build a table, at most 80 characters wide, of images per second by the name of the loop."""
    table = build_table("images/s", "to the\nauthors'", "to theirs,\nmemory kept")
    for name, rate in rates.items():
        ratios = [f"{rate / rates[base]:.2f} x" if base in rates else "-" for base in (_AUTHORS, _AUTHORS_KEEPING)]
        table.add_row(name, f"{rate:.1f}", *ratios)
    return table


def measure_ours(config: Config, steps: int, _: Path) -> float:
    """Measure the images per second of `train.py`; call in a new process, because memory stays kept."""
    return measure_rates(config, steps=steps).train


def measure_authors(config: Config, steps: int, images: Path) -> float:
    """Measure the images per second of the authors' loop, including reading; call in a new process.

    The loop trains in float32 and NCHW with Adam, and reads by `ImageFolder` without workers. The result is the median
    over all steps but the first. A new process is needed because memory stays kept.
    """
    set_up_cpu(config.trainer)
    torch.manual_seed(0)
    device, batch_size = choose_device(config.trainer.accelerator.value), config.optim.batch_size
    network = _PaperNetwork().to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    loader = DataLoader(ImageFolder(str(images), ToTensor()), batch_size, shuffle=True, drop_last=True)
    batches = (batch for _ in range(steps + 1) for batch in loader)

    def step() -> None:
        rgb, labels = (part.to(device) for part in next(batches))
        loss = F.cross_entropy(network(rgb), labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        loss.item()  # waits for the device

    return batch_size / median([time_call(step) for _ in range(steps + 1)][1:])


class _PaperNetwork(nn.Module):
    """High-pass filter over three channels, PeleeNet with two outputs, and a softmax at the end (Lee & Park 2021)."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", (_KV / 12).expand(1, 3, 5, 5).clone())
        self.pelee = PeleeNet(1, num_outputs=2)

    def forward(self, rgb: Tensor) -> Tensor:
        """Compute probabilities (N, 2) from RGB (N, 3, H, W) in [0, 1].

        As in the authors' code, the loss takes them for logits and applies the softmax again.
        """
        return torch.softmax(self.pelee(F.conv2d(rgb, self.get_buffer("kernel"))), dim=1)


def _write_files(root: Path, image_px: int, batch_size: int) -> None:
    """Write two batches of smooth noise, as compressible as photos, to PNG files of two classes."""
    rng = np.random.default_rng(0)
    for label in LABEL_NAMES:
        (root / label).mkdir()
        for index in range(batch_size):
            coarse = rng.integers(0, 256, (image_px // 8, image_px // 8, 3), np.uint8)
            fine = rng.integers(-8, 9, (image_px, image_px, 3))
            image = cv2.resize(coarse, (image_px, image_px), interpolation=cv2.INTER_CUBIC) + fine
            cv2.imwrite(str(root / label / f"{index:04}.png"), np.clip(image, 0, 255).astype(np.uint8))
