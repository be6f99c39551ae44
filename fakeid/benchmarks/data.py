"""How fast photos are read, packed, handed out and paired, beside PIL and torchvision."""

import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from fakeid.benchmarks.harness import build_table
from fakeid.benchmarks.pairs import measure_pairs
from fakeid.benchmarks.photos import Photos, draw_photos
from fakeid.config.schema import TrainerConfig
from fakeid.errors import DataError
from fakeid.runs.provenance import name_device
from fakeid.runs.show import build_console
from fakeid.training.trainer import cpu_as_asked

_MAX_PHOTOS: Final = 2000
_DRAWN_PHOTOS: Final = 300
_PAIRED_PHOTOS: Final = 20
_ONE_THREAD: Final = TrainerConfig(threads=1, keep_memory=False)


def run_data_benchmark(*, photos: Path | None, rounds: int, console: Console | None = None) -> dict[str, float]:
    """Measure how photos are read, packed, handed out and paired, and print the table.

    Everything is read from the system's file cache, on one thread. Rates and seconds are medians over rounds in which
    baseline and ours take turns.

    Args:
        photos: A folder of JPEG files, of which up to 2,000 are taken; None draws 300.
        rounds: Repetitions.
        console: Where to print; None is the terminal.

    Returns:
        Numbers by what they measure; the name ends with the unit.

    Raises:
        DataError: No JPEG files, or unusable ones.
    """
    console = console or build_console()
    paths = None if photos is None else _find_photos(photos)
    with tempfile.TemporaryDirectory(prefix="fakeid-benchmark-") as folder, cpu_as_asked(_ONE_THREAD):
        root = Path(folder)
        with console.status("reading photos"):
            files = draw_photos(_DRAWN_PHOTOS) if paths is None else [path.read_bytes() for path in paths]
            console.print(f"{len(files):,} photos, on {name_device('cpu')}")
            some = Photos(root / "photos", files)
            numbers = {f"{name}_images_per_s": rate for name, rate in some.measure_reading(2 * rounds).items()}
            numbers |= {f"{name}_batch_s": seconds for name, seconds in some.measure_batches(6 * rounds).items()}
        with console.status("making pairs of photos and copies"):
            rates = measure_pairs(root / "pairs", files[:_PAIRED_PHOTOS], rounds)
        numbers |= {f"{name}_per_s": rate for name, rate in rates.items()}
    console.print(_render(numbers))
    return numbers


def _find_photos(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    if not found:
        raise DataError(f"{folder} holds no JPEG files: --photos=DIR must name a folder of photos")
    return found[:_MAX_PHOTOS]


def _render(numbers: dict[str, float]) -> Table:
    table = build_table("baseline", "fakeid", "ratio")
    for way, what in (("squash", "squash"), ("center_crop", "center crop"), ("pack", "squash and pack")):
        theirs, ours = (numbers[f"{name}_images_per_s"] for name in ("image_folder", way))
        baseline = f"{theirs:,.0f} images/s, ImageFolder and Resize"
        table.add_row(f"read, {what}; one core", baseline, f"{ours:,.0f} images/s", f"{ours / theirs:.2f} x")
    theirs, ours = numbers["png_batch_s"], numbers["cache_batch_s"]
    baseline = f"{1000 * theirs:.1f} ms, PNG files by PIL"
    table.add_row("batch of 64", baseline, f"{1000 * ours:.1f} ms", f"{theirs / ours:.2f} x")
    theirs, ours = numbers["random_decoder_per_s"], numbers["pairs_per_s"]
    baseline = f"{theirs:.1f} copies/s, one random decoder"
    table.add_row("pair photos with copies; one core", baseline, f"{ours:.1f} pairs/s", f"{ours / theirs:.2f} x")
    return table
