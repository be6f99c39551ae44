"""Images per second of a training, ours against a loop as the paper's authors wrote it, in one process."""

import tempfile
import time
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import torch
from rich import box
from rich.console import Console
from rich.table import Table

from fakeid.data.cache import ImageCache
from fakeid.data.datamodule import PackedDataModule
from fakeid.data.packing import Preparation
from fakeid.data.plans import Plan
from fakeid.data.sources.folders import FolderSource
from fakeid.runs.paper_loop import PaperLoop
from fakeid.runs.provenance import name_device
from fakeid.training.callbacks import History
from fakeid.training.module import DetectorModule, compute_loss
from fakeid.training.trainer import build_trainer, choose_device, choose_precision, expected_warnings_ignored
from fakeid.vocabulary import LABEL_NAMES


def run_benchmark(
    *,
    image_px: int,
    batch_size: int,
    steps: int,
    device: str,
    compiled: bool,
    console: Console | None = None,
) -> dict[str, float]:
    """Measure and print the table.

    The images are noise in PNG files, which the paper-style loop decodes in every epoch and ours once, into the cache.
    Each figure is the median over the steps after a first one that is not counted.

    Args:
        image_px: Side of the images, pixels.
        batch_size: Images a step.
        steps: How many are measured.
        device: `auto`, `cpu` or `gpu`.
        compiled: Compile our backbone.
        console: Where to print; None is the terminal.

    Returns:
        Images per second by the name of what was measured.

    Raises:
        DeviceError: No GPU with `gpu`.
    """
    console = console or Console(highlight=False)
    where = choose_device(device)
    precision = choose_precision("auto", where)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _write_images(root / "images", image_px, batch_size)
        console.print(f"Pelee+HPF, {image_px} px, batch {batch_size}, {steps} steps each, on {name_device(where)}")
        paper = PaperLoop(root / "images", batch_size=batch_size, device=where)
        ours = _Ours(
            root, image_px=image_px, batch_size=batch_size, device=where, precision=precision, compiled=compiled
        )
        rates = {}
        for name, measure in (
            ("paper-style loop, step alone", paper.step_seconds),
            ("fakeid, step alone", ours.step_seconds),
            ("paper-style loop, end to end", paper.epoch_seconds),
            ("fakeid, end to end", ours.epoch_seconds),
        ):
            rates[name] = batch_size / median(measure(steps))
            console.print(f"{name}: {rates[name]:.1f} images/s")
    console.print(_render(rates, precision, compiled))
    return rates


class _Ours:
    """What `train.py` does with the same images."""

    def __init__(
        self, root: Path, *, image_px: int, batch_size: int, device: str, precision: str, compiled: bool
    ) -> None:
        source = FolderSource(str(root / "images"))
        records = source.records()
        packed = ImageCache(root / "cache", source, Preparation(image_px, "crop", "none")).load(records)
        plan = Plan(train=records, val=[], test=[], seen=("images",), unseen=(), held_out=None)
        self._data = PackedDataModule(plan, packed, batch_size=batch_size, seed=0)
        self._module = DetectorModule({}, compile_backbone=compiled)
        self._root, self._device, self._precision = root, device, precision

    def step_seconds(self, steps: int) -> list[float]:
        """Seconds of each step on one batch that is in memory, after a step that is not counted."""
        module = self._module.to(self._device)
        optimizer = module.configure_optimizers()
        rgb_u8, labels = (tensor.to(self._device) for tensor in next(iter(self._data.train_dataloader())))
        seconds = []
        for _ in range(steps + 1):
            start = time.perf_counter()
            with torch.autocast(self._device, torch.bfloat16, enabled=self._precision == "bf16"):
                loss = compute_loss("softmax_ce", module(rgb_u8), labels)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            loss.item()  # waits for the device
            seconds.append(time.perf_counter() - start)
        return seconds[1:]

    def epoch_seconds(self, steps: int) -> list[float]:
        """Seconds of each step of a Lightning training from the cache, after a first epoch that is not counted."""
        batches = len(self._data.train_dataloader())
        history = History(self._root / "history.csv")
        trainer = build_trainer(
            folder=self._root / "checkpoints",
            epochs=1 + -(-steps // batches),
            device=self._device,
            precision=self._precision,
            keep_best=False,
            callbacks=[history],
        )
        with expected_warnings_ignored():
            trainer.fit(self._module, datamodule=self._data)
        return [row["seconds"] / batches for row in history.rows[1:]]


def _write_images(root: Path, image_px: int, batch_size: int) -> None:
    """Two batches of smooth noise, as compressible as photos, as PNG files of two classes."""
    generator = np.random.default_rng(0)
    for label in LABEL_NAMES:
        (root / label).mkdir(parents=True)
        for index in range(batch_size):
            coarse = generator.integers(0, 256, (image_px // 8, image_px // 8, 3), np.uint8)
            fine = generator.integers(-8, 9, (image_px, image_px, 3))
            smooth = cv2.resize(coarse, (image_px, image_px), interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(root / label / f"{index:04}.png"), np.clip(smooth + fine, 0, 255).astype(np.uint8))


def _render(rates: dict[str, float], precision: str, compiled: bool) -> Table:
    ours = f"{precision}, channels last{', compiled' if compiled else ''}"
    table = Table("", "paper-style loop", f"fakeid ({ours})", "ratio", box=box.SIMPLE_HEAD, show_edge=False)
    for kind in ("step alone", "end to end"):
        baseline, fakeid = rates[f"paper-style loop, {kind}"], rates[f"fakeid, {kind}"]
        table.add_row(kind, f"{baseline:.1f} images/s", f"{fakeid:.1f} images/s", f"{fakeid / baseline:.2f} x")
    return table
