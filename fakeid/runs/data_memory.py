"""What packing and listing take of a process of their own; imports no more than a worker of the cache does."""

import pickle
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import lmdb

from fakeid.data.packing import Preparation, pack_images
from fakeid.data.packs import write_pack
from fakeid.data.records import Record
from fakeid.data.sources.contract import Source
from fakeid.data.sources.lsun import LsunSource

_MB = 1e6


class Effort(NamedTuple):
    """Seconds, and megabytes: at the peak, of these the private ones, and by how much the memory grew.

    Megabytes are NaN where the system is not Linux.
    """

    seconds: float
    peak_mb: float
    private_mb: float
    grown_mb: float


def pack_chunks(source: Source, chunks: Sequence[list[Record]], preparation: Preparation, folder: Path) -> Effort:
    """Do what a worker of the cache does."""
    cv2.setNumThreads(1)

    def pack() -> None:
        for chunk in chunks:
            write_pack(folder, pack_images(source, chunk, preparation, skip_bad=False))

    return _measure(pack)


def list_keys(root: Path, category: str, listings: Path) -> Effort:
    """Go through all records of a database."""
    source = LsunSource(str(root), [category], listings=str(listings))
    return _measure(lambda: sum(1 for _ in source.records()))


def list_keys_as_torchvision(database: Path, cache_file: Path) -> Effort:
    """Do what the constructor of torchvision's `LSUNClass` does, without the memory that importing it takes."""

    def load() -> list[bytes]:
        environment = lmdb.open(str(database), max_readers=1, readonly=True, lock=False, readahead=False, meminit=False)
        if cache_file.exists():
            with cache_file.open("rb") as file:
                keys: list[bytes] = pickle.load(file)
            return keys
        with environment.begin(write=False) as transaction:
            keys = list(transaction.cursor().iternext(keys=True, values=False))
        with cache_file.open("wb") as file:
            pickle.dump(keys, file)
        return keys

    return _measure(load)


def _measure(work: Callable[[], object]) -> Effort:
    private, done = [read_process_mb("smaps_rollup", "Private_")], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            private.append(read_process_mb("smaps_rollup", "Private_"))

    if Path("/proc/self/clear_refs").exists():
        Path("/proc/self/clear_refs").write_text("5")  # starts the peak anew: importing has one of its own
    watcher = threading.Thread(target=watch)
    watcher.start()
    before, start = read_process_mb("status", "VmRSS"), time.perf_counter()
    try:
        result = work()  # noqa: F841 - stays until its memory is measured
        seconds = time.perf_counter() - start
    finally:
        done.set()
        watcher.join()
    peak = read_process_mb("status", "VmHWM")
    return Effort(seconds, peak, max(private), peak - before)


def read_process_mb(file: str, field: str) -> float:
    """Megabytes of this process by its system; NaN where that is not Linux.

    Args:
        file: Of `/proc/self`, such as `status`.
        field: Such as `VmRSS`; of several fields that begin so it is the sum.
    """
    try:
        lines = (Path("/proc/self") / file).read_text(encoding="ascii").splitlines()
    except OSError:
        return float("nan")
    return sum(int(line.split()[1]) * 1024 / _MB for line in lines if line.startswith(field))
