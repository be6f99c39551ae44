"""Invented images in the genuine formats, as many as asked for: databases like LSUN's, archives like ProGAN's."""

import hashlib
import zipfile
from collections.abc import Iterable
from itertools import cycle, islice
from pathlib import Path
from typing import Final

import cv2
import lmdb
import numpy as np

TRAINED: Final = ("cat", "church_outdoor")
HELD_OUT: Final = "sheep"
_DISTINCT: Final = 64  # files of each kind; the records repeat them, for nothing that is measured minds
_SIDE_PX: Final = 48
_PUTS_AT_ONCE: Final = 20_000


def write_lsun_progan(root: Path, num_records: int) -> None:
    """Write the databases and archives of three categories, half of the images reals.

    Args:
        root: Where to write.
        num_records: Images in all; those that six groups cannot share are left out.
    """
    share = num_records // 6
    coarse = np.random.default_rng(0).integers(0, 256, (_DISTINCT, 6, 6, 3), np.uint8)
    blobs = [cv2.resize(image, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_CUBIC) for image in coarse]
    kinds = zip(cycle((".webp", ".jpg")), blobs, strict=False)
    photos = [bytes(cv2.imencode(kind, blob[: _SIDE_PX - 8])[1]) for kind, blob in kinds]
    samples = [bytes(cv2.imencode(".png", blob)[1]) for blob in blobs]
    for category in (*TRAINED, HELD_OUT):
        folder = root / (f"{category}_train_lmdb" if category == "church_outdoor" else category)
        keys = sorted(hashlib.sha1(f"{category}/{number}".encode()).hexdigest() for number in range(share))
        write_database(folder, zip(keys, cycle(photos), strict=False), max_bytes=8192 * share)
        name = f"karras2018iclr-lsun-{category.replace('_', '')}-256x256"
        with zipfile.ZipFile(root / f"{name}.zip", "w") as archive:
            for number, sample in enumerate(islice(cycle(samples), share)):
                archive.writestr(f"{name}/{number:07d}.png", sample)


def write_keys(folder: Path, num_keys: int) -> None:
    """Write a database of so many keys of LSUN's length; each value takes the room of LMDB's reference to a photo."""
    values = ((f"{number:040x}", bytes(8)) for number in range(num_keys))
    write_database(folder, values, max_bytes=256 * num_keys)


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
        while lot := list(islice(entries, _PUTS_AT_ONCE)):
            with environment.begin(write=True) as transaction, transaction.cursor() as cursor:
                cursor.putmulti(lot, append=True)
