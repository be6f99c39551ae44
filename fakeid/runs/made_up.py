"""A made-up set in the genuine formats, as large as asked for: LSUN's databases and ProGAN's archives."""

import hashlib
import itertools
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import cv2
import lmdb
import numpy as np
import numpy.typing as npt

TRAINED: Final = ("cat", "church_outdoor")
HELD_OUT: Final = "sheep"
SIDE_PX: Final = 48
_DISTINCT: Final = 64  # files of each kind; the records repeat them, for a cache does not care
_PUTS_AT_ONCE: Final = 20_000


def write_made_up(root: Path, num_records: int) -> None:
    """Write the databases and archives of three categories, half of the images reals.

    Args:
        root: Where to write.
        num_records: Images in all, at least six.
    """
    share = num_records // (2 * len((*TRAINED, HELD_OUT)))
    photos = [file for image in _draw(_DISTINCT) for file in (_encode(image, ".jpg"), _encode(image[8:], ".webp"))]
    samples = [_encode(image, ".png") for image in _draw(_DISTINCT)]
    for category in (*TRAINED, HELD_OUT):
        folder = f"{category}_train_lmdb" if category == "church_outdoor" else category
        keys = sorted(hashlib.sha1(f"{category}/{number}".encode()).hexdigest() for number in range(share))
        write_database(root / folder, zip(keys, itertools.cycle(photos), strict=False), share * 4096)
        name = f"karras2018iclr-lsun-{category.replace('_', '')}-256x256"
        with zipfile.ZipFile(root / f"{name}.zip", "w") as archive:
            for number, sample in zip(range(share), itertools.cycle(samples), strict=False):
                archive.writestr(f"{name}/{number:07d}.png", sample)


def write_database(folder: Path, values: Iterable[tuple[str, bytes]], max_bytes: int) -> None:
    """Write one LMDB folder.

    Args:
        folder: Where to write.
        values: Keys in order, each with its value.
        max_bytes: More than they take.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    entries = ((key.encode(), value) for key, value in values)
    with lmdb.open(str(folder), map_size=max_bytes + (16 << 20), sync=False, lock=False) as environment:
        while lot := list(itertools.islice(entries, _PUTS_AT_ONCE)):
            with environment.begin(write=True) as transaction, transaction.cursor() as cursor:
                cursor.putmulti(lot, append=True)


def draw_keys(num_keys: int) -> Iterator[tuple[str, bytes]]:
    """Keys of LSUN's length, in order, with values of the 8 bytes by which LMDB refers to a whole photo."""
    return ((f"{number:040x}", bytes(8)) for number in range(num_keys))


def _draw(count: int) -> list[npt.NDArray[np.uint8]]:
    """Soft blobs, RGB uint8 (SIDE_PX, SIDE_PX, 3)."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (count, 6, 6, 3), np.uint8)
    return [cv2.resize(image, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC) for image in coarse]


def _encode(rgb_u8: npt.NDArray[np.uint8], extension: str) -> bytes:
    return bytes(cv2.imencode(extension, rgb_u8)[1])
