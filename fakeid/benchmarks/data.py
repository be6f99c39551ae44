"""Measure how fast photos are read, packed and paired with copies, compared with torchvision and a random decoder."""

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from rich.table import Table
from torchvision.datasets import ImageFolder
from torchvision.transforms import Compose, PILToTensor, Resize

from fakeid.benchmarks.harness import build_table, take_turns, time_call
from fakeid.config.constants import GAN_FAMILIES, LABEL_NAMES, REAL
from fakeid.config.schema import TrainerConfig
from fakeid.data.cache.packing import Preparation, pack_images
from fakeid.data.simulate.fitting import GeneratorBank, Member
from fakeid.data.simulate.generators import SimulatedGenerator
from fakeid.data.simulate.pairs import Image, make_pair
from fakeid.data.sources.demo import DemoSource
from fakeid.data.sources.folders import FolderSource
from fakeid.data.sources.photos import PhotoFolder
from fakeid.errors import DataError
from fakeid.images.resize import prepare_image
from fakeid.runs.provenance import name_device
from fakeid.runs.show import build_console
from fakeid.training.trainer import cpu_as_asked

PREPARATION: Final = Preparation(image_px=256, prep="squash", codec="none")

_MAX_PHOTOS: Final = 2000
_DRAWN_PHOTOS: Final = 300
_PAIRED_PHOTOS: Final = 20
_ONE_THREAD: Final = TrainerConfig(threads=1, keep_memory=False)
_IMAGES_A_ROUND: Final = 200
_MEMBERS: Final = 2  # of each family; barely fitted, which does not change their speed
_FIT_STEPS: Final = 2
_SMALLEST_PX: Final = 64


def run_data_benchmark(*, photos: Path | None, rounds: int) -> dict[str, float]:
    """Measure how fast photos are read, packed and paired, and print the table.

    Everything is read from the system's file cache, on one thread. Rates are medians over rounds in which fakeid and
    the baselines take turns.

    Args:
        photos: Folder of JPEG files, of which up to 2,000 are used; None draws 300.
        rounds: Number of repetitions.

    Returns:
        Images, copies or pairs per second by the name of the measurement; see `measure_reading` and `measure_pairs`.

    Raises:
        DataError: There are no JPEG files, or they cannot be used.
    """
    console = build_console()
    paths = None if photos is None else _find_photos(photos)
    with tempfile.TemporaryDirectory(prefix="fakeid-benchmark-") as folder, cpu_as_asked(_ONE_THREAD):
        root = Path(folder)
        with console.status("reading photos"):
            files = draw_photos(_DRAWN_PHOTOS) if paths is None else [path.read_bytes() for path in paths]
            console.print(f"{len(files):,} photos, on {name_device('cpu')}")
            write_photos(root / "photos", files)
            rates = measure_reading(root / "photos", 2 * rounds)
        with console.status("making pairs of photos and copies"):
            rates |= measure_pairs(root / "photos", root / "cache", rounds)
    console.print(_render(rates))
    return rates


def draw_photos(count: int) -> list[bytes]:
    """Draw JPEG files of 256 px, the shorter side of LSUN's photos."""
    source = DemoSource(image_px=PREPARATION.image_px, images_per_class=count)
    reals = [record for record in source.records() if record.label == REAL][:count]
    images = (cv2.cvtColor(source.read(record), cv2.COLOR_RGB2BGR) for record in reals)
    return [bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 75])[1]) for image in images]


def write_photos(root: Path, files: Sequence[bytes]) -> None:
    """Write JPEG files as real images into a new folder."""
    folder = root / LABEL_NAMES[REAL]
    folder.mkdir(parents=True)
    for number, file in enumerate(files):
        (folder / f"{number:06}.jpg").write_bytes(file)


def measure_reading(root: Path, rounds: int) -> dict[str, float]:
    """Measure how many images per second one core decodes and resizes to 256 px.

    Args:
        root: Folder that `write_photos` wrote.
        rounds: Number of repetitions, each with different images as long as there are any.

    Returns:
        Images per second: `image_folder` for torchvision with PIL's resizing, `squash` and `center_crop` for fakeid,
        `pack` for `squash` with what the cache adds: array and fingerprints.
    """
    source = FolderSource(str(root), both_classes=False)
    records, side = source.records(), PREPARATION.image_px
    folder = ImageFolder(str(root), Compose([Resize((side, side)), PILToTensor()]))

    def prepare(rows: list[int], prep: str) -> object:
        return [prepare_image(source.read(records[row]), side, prep) for row in rows]

    reads: dict[str, Callable[[list[int]], object]] = {
        "image_folder": lambda rows: [folder[row] for row in rows],
        "squash": lambda rows: prepare(rows, "squash"),
        "center_crop": lambda rows: prepare(rows, "center_crop"),
        "pack": lambda rows: pack_images(source, [records[row] for row in rows], PREPARATION, False),
    }
    num = min(len(records), _IMAGES_A_ROUND)

    def measure(read: Callable[[list[int]], object], number: int) -> float:
        return num / time_call(read, [row % len(records) for row in range(number * num, (number + 1) * num)])

    return take_turns({name: partial(measure, read) for name, read in reads.items()}, rounds)


def measure_pairs(root: Path, cache: Path, rounds: int) -> dict[str, float]:
    """Measure the pairs per second of one core, without reading the photo.

    Args:
        root: Folder of photos of equal size, of which the first twenty are used.
        cache: Cache folder for the generators.
        rounds: Number of repetitions.

    Returns:
        Pairs or copies per second: `pairs` with generators of all GAN families in turn, `random_decoder` with the
        decoder of the built-in data at one level.
    """
    folder = PhotoFolder(str(root), _SMALLEST_PX)
    bank = GeneratorBank(str(cache), folder, tuple(folder.list_keys()[:_PAIRED_PHOTOS]), _FIT_STEPS, seed=0)
    members = [Member(family, number) for family in GAN_FAMILIES for number in range(_MEMBERS)]
    bank.fit(members)
    decoders = [bank.load(member) for member in members]
    photos = [folder.read(key) for key in bank.keys[: len(members)]]
    side = min(PREPARATION.image_px, *(length for photo in photos for length in photo.shape[:2]))
    photos = [np.ascontiguousarray(photo[:side, :side]) for photo in photos]
    generator = SimulatedGenerator("nearest_conv", np.stack(photos), seed=0, strength=0.5)

    makes: dict[str, Callable[[int, Image], object]] = {
        "random_decoder": lambda _, photo: generator.imitate(photo),
        "pairs": lambda number, photo: make_pair(photo, decoders[number], np.random.default_rng(number)),
    }

    def measure(make: Callable[[int, Image], object], _: int) -> float:
        return len(photos) / time_call(lambda: [make(*each) for each in enumerate(photos)])

    return take_turns({name: partial(measure, make) for name, make in makes.items()}, rounds)


def _find_photos(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    if not found:
        raise DataError(f"{folder} contains no JPEG files: name a folder of JPEG photos with --photos=DIR")
    return found[:_MAX_PHOTOS]


def _render(rates: dict[str, float]) -> Table:
    table = build_table("baseline", "fakeid", "ratio")
    for way, what in (("squash", "squash"), ("center_crop", "center crop"), ("pack", "squash and pack")):
        theirs, ours = rates["image_folder"], rates[way]
        baseline = f"{theirs:,.0f} images/s, ImageFolder and Resize"
        table.add_row(f"read, {what}; one core", baseline, f"{ours:,.0f} images/s", f"{ours / theirs:.2f} x")
    theirs, ours = rates["random_decoder"], rates["pairs"]
    baseline = f"{theirs:.1f} copies/s, one random decoder"
    table.add_row("pair photos with copies; one core", baseline, f"{ours:.1f} pairs/s", f"{ours / theirs:.2f} x")
    return table
