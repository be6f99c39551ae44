"""How fast images are listed, read, packed and handed out, and what that takes, beside PIL and torchvision."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import cv2
import torch
from rich import box
from rich.console import Console
from rich.table import Table

from fakeid.data.sources.demo import DemoSource
from fakeid.errors import ConfigError, DataError, OutputError
from fakeid.runs.data_memory import Effort, list_keys, list_keys_as_torchvision
from fakeid.runs.data_rates import SIDE_PX, Photos
from fakeid.runs.data_start import MadeUpRun, measure_image_folder
from fakeid.runs.fresh_process import in_fresh_process
from fakeid.runs.made_up import write_keys
from fakeid.runs.provenance import name_device
from fakeid.vocabulary import REAL

_MAX_PHOTOS: Final = 2000
_DRAWN_PHOTOS: Final = 300
_FEWEST_RECORDS: Final = 60
_BYTES: Final = {"photo": 350_000, "record": 9_000, "key": 220}
"""What one of each takes on the disk while it is measured."""


def run_data_benchmark(
    *, photos: Path | None, records: int, keys: int, rounds: int, console: Console | None = None
) -> dict[str, float]:
    """Measure and print the table.

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
    console = console or Console(highlight=False)
    if not console.is_terminal:
        console.width = 120  # of a log file
    if records < _FEWEST_RECORDS:
        raise ConfigError(f"--records must be at least {_FEWEST_RECORDS}, got {records}: six groups share them")
    num_photos = _DRAWN_PHOTOS if photos is None else len(_find_photos(photos))
    with tempfile.TemporaryDirectory(prefix="fakeid-benchmark-") as folder, _one_thread():
        root = Path(folder)
        counts = {"photo": num_photos, "record": records, "key": keys}
        _check_room(root, sum(counts[name] * size for name, size in _BYTES.items()), console)
        console.print(f"{num_photos:,} photos, {records:,} records, {keys:,} keys, on {name_device('cpu')}")
        numbers = _measure_photos(root / "photos", photos, rounds, console)
        numbers |= _measure_made_up(root / "run", records, rounds, console)
        numbers |= _measure_keys(root / "keys", keys, console)
    console.print(_render(numbers, records, keys))
    return numbers


def _measure_photos(root: Path, photos: Path | None, rounds: int, console: Console) -> dict[str, float]:
    with console.status("drawing photos" if photos is None else "copying photos"):
        files = [path.read_bytes() for path in _find_photos(photos)] if photos else _draw_photos()
        both = Photos(root, files)
    with console.status("reading"):
        rates = {f"{name}_images_per_s": rate for name, rate in both.measure_reading(2 * rounds).items()}
    console.print(f"reading: {rates['squash_images_per_s']:,.0f} images/s, {rates['pack_images_per_s']:,.0f} packed")
    with console.status("taking batches"):
        batches = {f"{name}_batch_s": seconds for name, seconds in both.measure_batches(3 * rounds).items()}
    console.print(f"a batch from the cache: {1000 * batches['cache_batch_s']:.1f} ms")
    return rates | batches


def _measure_made_up(root: Path, num_records: int, rounds: int, console: Console) -> dict[str, float]:
    with console.status("writing the made-up set"):
        run = MadeUpRun(root, num_records)
    run.pack(console)
    with console.status("starting runs"):
        numbers = {f"{name}_s": seconds for name, seconds in run.measure_start(rounds).items()}
    console.print(f"start of a run: {numbers['start_s']:.2f} s, the first time {numbers['start_first_s']:.2f} s")
    with console.status("listing with ImageFolder"):
        numbers["image_folder_list_s"] = measure_image_folder(root / "empty", num_records, rounds)
    with console.status("packing in one process"):
        numbers |= _name("worker", run.measure_worker())
    console.print(f"a packing worker: {numbers['worker_peak_mb']:.0f} MB")
    return numbers


def _measure_keys(root: Path, num_keys: int, console: Console) -> dict[str, float]:
    database = root / "bedroom_train_lmdb"
    with console.status("writing keys"):
        write_keys(database, num_keys)
    numbers: dict[str, float] = {}
    for when in ("first", "again"):
        with console.status("listing keys"):
            ours = in_fresh_process(list_keys, root, "bedroom", root / "listings")
            torchvision = in_fresh_process(list_keys_as_torchvision, database, root / "keys.pickle")
        numbers |= _name(f"keys_{when}", ours) | _name(f"torchvision_keys_{when}", torchvision)
        console.print(f"keys listed in {ours.seconds:.1f} s")
    return numbers


def _name(what: str, effort: Effort) -> dict[str, float]:
    return {
        f"{what}_s": effort.seconds, f"{what}_peak_mb": effort.peak_mb, f"{what}_private_mb": effort.private_mb,
        f"{what}_grown_mb": effort.grown_mb,
    }  # fmt: skip


def _find_photos(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    if not found:
        raise DataError(f"{folder} holds no JPEG files: --photos=DIR must name a folder of photos")
    return found[:_MAX_PHOTOS]


def _draw_photos() -> list[bytes]:
    source = DemoSource(image_px=SIDE_PX, images_per_class=_DRAWN_PHOTOS)
    reals = [record for record in source.records() if record.label == REAL][:_DRAWN_PHOTOS]
    images = (cv2.cvtColor(source.read(record), cv2.COLOR_RGB2BGR) for record in reals)
    return [bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 75])[1]) for image in images]


def _check_room(folder: Path, needed: int, console: Console) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OutputError(
            f"the benchmark needs {needed / 1e9:.1f} GB and {folder.parent} has {free / 1e9:.1f} GB left: set TMPDIR "
            "to a folder on another disk, or lower --records and --keys"
        )
    console.print(f"takes up to {needed / 1e9:.1f} GB in {folder}, which is removed at the end", soft_wrap=True)


@contextmanager
def _one_thread() -> Iterator[None]:
    before = cv2.getNumThreads(), torch.get_num_threads()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before[0])
        torch.set_num_threads(before[1])


def _render(numbers: dict[str, float], num_records: int, num_keys: int) -> Table:
    table = Table("", "baseline", "fakeid", "ratio", "goal", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)

    def add(what: str, baseline: str, ours: str, unit: str, by: str, goal: str = "") -> None:
        theirs, mine = numbers[baseline], numbers[ours]
        ratio = mine / theirs if unit == "images/s" else theirs / mine
        table.add_row(what, f"{_show(theirs, unit)}, {by}", _show(mine, unit), f"{ratio:.2f} x", goal)

    for way, what in (("squash", "squash"), ("center_crop", "center crop"), ("pack", "squash and pack")):
        name = "image_folder_images_per_s"
        add(f"read, {what}; one core", name, f"{way}_images_per_s", "images/s", "ImageFolder and Resize")
    add("batch of 64", "png_batch_s", "cache_batch_s", "s", "PNG files by PIL", "40 x")
    add(f"start with {num_records:,} packed", "start_first_s", "start_s", "s", "nothing remembered", "< 2 s")
    add("  of which listing", "image_folder_list_s", "list_s", "s", "ImageFolder")
    memory = f"{numbers['worker_peak_mb']:.0f} MB, {numbers['worker_private_mb']:.0f} private"
    table.add_row("memory of a packing worker", "", memory, "", "< 500 MB")
    for when, what in (("first", f"list {num_keys:,} keys"), ("again", "  again")):
        add(what, f"torchvision_keys_{when}_s", f"keys_{when}_s", "s", "as torchvision's LSUNClass")
        theirs, ours = (numbers[f"{who}keys_{when}_grown_mb"] for who in ("torchvision_", ""))
        table.add_row("  memory for it", f"{theirs:,.0f} MB", f"{ours:,.0f} MB")
    return table


def _show(number: float, unit: str) -> str:
    if unit == "images/s":
        return f"{number:,.0f} images/s"
    return f"{number:.2f} s" if number >= 1 else f"{1000 * number:.1f} ms"
