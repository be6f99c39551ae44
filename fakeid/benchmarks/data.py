"""How fast images are listed, read, packed and handed out, and what that takes, beside PIL and torchvision."""

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from fakeid.benchmarks.harness import build_table, in_fresh_process, take_turns
from fakeid.benchmarks.lsun_progan import HELD_OUT, TRAINED, write_keys, write_lsun_progan
from fakeid.benchmarks.memory import list_keys, list_keys_as_torchvision, pack_chunks
from fakeid.benchmarks.pairs import measure_pairs
from fakeid.benchmarks.photos import Photos, draw_photos
from fakeid.config.choices import Prep, SourceName
from fakeid.config.parse import Config
from fakeid.config.schema import DataConfig, PathsConfig, TrainerConfig
from fakeid.data.cache.packing import Preparation
from fakeid.data.datamodule import PackedDataModule
from fakeid.errors import ConfigError, DataError, OutputError
from fakeid.runs.images import list_images, prepare_images
from fakeid.runs.provenance import name_device
from fakeid.runs.show import build_console
from fakeid.training.trainer import cpu_as_asked, set_up_cpu

_MAX_PHOTOS: Final = 2000
_DRAWN_PHOTOS: Final = 300
_PAIRED_PHOTOS: Final = 20
_FEWEST_RECORDS: Final = 60
_BYTES: Final = {"photo": 350_000, "record": 9_000, "key": 220}
"""What one of each takes on the disk while it is measured."""
_PACKED: Final = (6, 256)
"""Chunks that are packed to measure a worker, and images of each, as the cache has them."""
_ONE_THREAD: Final = TrainerConfig(threads=1, keep_memory=False)


def run_data_benchmark(
    *, photos: Path | None, records: int, keys: int, rounds: int, console: Console | None = None
) -> dict[str, float]:
    """Measure how images are listed, read and packed, and print the table.

    Everything is read from the system's file cache, on one thread but for the packing of the made-up set. Rates and
    seconds are medians over rounds in which baseline and ours take turns; keys are listed once.

    Args:
        photos: A folder of JPEG files, of which up to 2,000 are taken; None draws 300.
        records: Images of the made-up set, at least 60.
        keys: Keys of the made-up database.
        rounds: Repetitions.
        console: Where to print; None is the terminal.

    Returns:
        Numbers by what they measure; the name ends with the unit.

    Raises:
        ConfigError: Too few records.
        DataError: No JPEG files, or unusable ones.
        OutputError: The folder for temporary files has too little room.
    """
    console = console or build_console()
    if records < _FEWEST_RECORDS:
        raise ConfigError(f"--records must be at least {_FEWEST_RECORDS}, got {records}: six groups share them")
    paths = None if photos is None else _find_photos(photos)
    counts = {"photo": _DRAWN_PHOTOS if paths is None else len(paths), "record": records, "key": keys}
    with tempfile.TemporaryDirectory(prefix="fakeid-benchmark-") as folder, cpu_as_asked(_ONE_THREAD):
        root = Path(folder)
        _check_room(root, sum(counts[name] * size for name, size in _BYTES.items()), console)
        console.print(f"{counts['photo']:,} photos, {records:,} records, {keys:,} keys, on {name_device('cpu')}")
        with console.status("reading photos"):
            files = draw_photos(_DRAWN_PHOTOS) if paths is None else [path.read_bytes() for path in paths]
            numbers = _measure_photos(Photos(root / "photos", files), rounds)
        with console.status("making pairs of photos and copies"):
            rates = measure_pairs(root / "pairs", files[:_PAIRED_PHOTOS], rounds)
        numbers |= {f"{name}_per_s": rate for name, rate in rates.items()}
        numbers |= _measure_lsun_progan(root / "run", records, rounds, console)
        with console.status("listing keys"):
            numbers |= _measure_keys(root / "bedroom_train_lmdb", keys)
    console.print(_render(numbers, records, keys))
    return numbers


def _find_photos(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    if not found:
        raise DataError(f"{folder} holds no JPEG files: --photos=DIR must name a folder of photos")
    return found[:_MAX_PHOTOS]


def _check_room(folder: Path, needed: int, console: Console) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OutputError(
            f"the benchmark needs {needed / 1e9:.1f} GB and {folder.parent} has {free / 1e9:.1f} GB left: set TMPDIR "
            "to a folder on another disk, or lower --records and --keys"
        )
    console.print(f"takes up to {needed / 1e9:.1f} GB in {folder}, which is removed at the end", soft_wrap=True)


def _measure_photos(photos: Photos, rounds: int) -> dict[str, float]:
    rates, seconds = photos.measure_reading(2 * rounds), photos.measure_batches(6 * rounds)
    return {f"{name}_images_per_s": rate for name, rate in rates.items()} | {
        f"{name}_batch_s": each for name, each in seconds.items()
    }


def _measure_lsun_progan(root: Path, num_records: int, rounds: int, console: Console) -> dict[str, float]:
    """Measure the seconds to the first batch of a run on a made-up set, and the memory of a packing worker."""
    with console.status("writing the made-up set"):
        write_lsun_progan(root / "set", num_records)
    config = Config(
        categories=len(TRAINED),
        data=DataConfig(
            source=SourceName.lsun_progan, image_px=33, prep=Prep.squash, categories=list(TRAINED),
            held_out=HELD_OUT, train_per_class=None, val_per_class=None, test_per_class=None,
        ),
        paths=PathsConfig(data=str(root / "set"), cache=str(root / "cache")),
    )  # fmt: skip
    images = list_images(config, console)
    prepare_images(config, images, console)
    with console.status("starting runs"):
        ways: dict[str, Callable[[int], float]] = {
            "start_first_s": lambda _: in_fresh_process(time_start, config, True),
            "start_s": lambda _: in_fresh_process(time_start, config, False),
        }
        numbers = take_turns(ways, rounds)
    num_chunks, size = _PACKED
    records = sorted(images.plan.records(), key=lambda record: record.key)
    chunks = [records[at : at + size] for at in range(0, len(records), size)]
    some = chunks[:: max(1, len(chunks) // num_chunks)]
    with console.status("packing in one process"):
        worker = in_fresh_process(pack_chunks, images.source, some, Preparation(256, "squash", "none"), root / "packs")
    return numbers | {f"worker_{unit}": number for unit, number in worker.items()}


def time_start(config: Config, forgets: bool) -> float:
    """Measure the seconds from options to the first batch, all being packed; in a new process.

    Args:
        config: Of the run.
        forgets: Whether plan and listings that earlier runs have left in the cache are removed before.
    """
    set_up_cpu(_ONE_THREAD)
    for folder in ("plans", "listings") if forgets else ():
        shutil.rmtree(Path(config.paths.cache) / folder)
    console, start = Console(quiet=True), time.perf_counter()
    images = list_images(config, console)
    packed = prepare_images(config, images, console)
    data = PackedDataModule(images.plan, packed, batch_size=64, seed=config.seed)
    next(iter(data.train_dataloader()))
    return time.perf_counter() - start


def _measure_keys(database: Path, num_keys: int) -> dict[str, float]:
    write_keys(database, num_keys)
    ways = {"keys": list_keys, "torchvision_keys": list_keys_as_torchvision}
    return {
        f"{who}_{when}_{unit}": number
        for when in ("first", "again")
        for who, way in ways.items()
        for unit, number in in_fresh_process(way, database).items()
    }


def _render(numbers: dict[str, float], num_records: int, num_keys: int) -> Table:
    table = build_table("baseline", "fakeid", "ratio")
    for way, what in (("squash", "squash"), ("center_crop", "center crop"), ("pack", "squash and pack")):
        theirs, ours = (numbers[f"{name}_images_per_s"] for name in ("image_folder", way))
        baseline = f"{theirs:,.0f} images/s, ImageFolder and Resize"
        table.add_row(f"read, {what}; one core", baseline, f"{ours:,.0f} images/s", f"{ours / theirs:.2f} x")
    for what, baseline, name, by in (
        ("batch of 64", "png_batch", "cache_batch", "PNG files by PIL"),
        (f"start with {num_records:,} packed", "start_first", "start", "nothing remembered"),
        (f"list {num_keys:,} keys", "torchvision_keys_first", "keys_first", "as torchvision's LSUNClass"),
        ("  again", "torchvision_keys_again", "keys_again", "as torchvision's LSUNClass"),
    ):
        theirs, ours = (numbers[f"{each}_s"] for each in (baseline, name))
        table.add_row(what, f"{_show(theirs)}, {by}", _show(ours), f"{theirs / ours:.2f} x")
        if f"{name}_grown_mb" in numbers:
            theirs, ours = (numbers[f"{each}_grown_mb"] for each in (baseline, name))
            table.add_row("  memory for it", f"{theirs:,.0f} MB", f"{ours:,.0f} MB")
    theirs, ours = numbers["random_decoder_per_s"], numbers["pairs_per_s"]
    baseline = f"{theirs:.1f} copies/s, one random decoder"
    table.add_row("pair photos with copies; one core", baseline, f"{ours:.1f} pairs/s", f"{ours / theirs:.2f} x")
    table.add_row("memory of a packing worker", "", f"{numbers['worker_peak_mb']:.0f} MB")
    return table


def _show(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.1f} ms"
