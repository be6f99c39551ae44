"""What packing and listing take of a process of their own; imports no more than a worker of the cache does."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import cv2

from fakeid.data.cache.packing import Preparation, pack_images
from fakeid.data.cache.packs import write_pack
from fakeid.data.records import Record
from fakeid.data.sources.base import Source
from fakeid.data.sources.lsun import LsunSource

Effort: TypeAlias = dict[str, float]
"""`s`, `peak_mb` and by how much the memory grew to it, `grown_mb`; megabytes are NaN where the system is not Linux."""


def pack_chunks(source: Source, chunks: Sequence[list[Record]], preparation: Preparation, folder: Path) -> Effort:
    """Do what a worker of the cache does."""
    cv2.setNumThreads(1)

    def pack() -> None:
        for chunk in chunks:
            write_pack(folder, pack_images(source, chunk, preparation, skip_bad=False))

    return _measure(pack)


def list_keys(database: Path) -> Effort:
    """Go through all records of an LSUN database."""
    root, category = database.parent, database.name.removesuffix("_train_lmdb")
    source = LsunSource(str(root), [category], listings=str(root / "listings"))
    return _measure(lambda: sum(1 for _ in source.records()))


def list_keys_as_torchvision(database: Path) -> Effort:
    """Open the same database with torchvision, which remembers its keys in a file of the current folder."""
    from torchvision.datasets import LSUNClass  # noqa: PLC0415 - whose memory does not count

    os.chdir(database.parent)
    return _measure(lambda: LSUNClass(str(database)))


def _measure(work: Callable[[], object]) -> Effort:
    peaks = Path("/proc/self/clear_refs")
    if peaks.exists():
        peaks.write_text("5", encoding="ascii")  # starts the peak anew: importing has one of its own
    before, start = read_memory_mb("VmRSS"), time.perf_counter()
    work()
    seconds, peak = time.perf_counter() - start, read_memory_mb("VmHWM")
    return {"s": seconds, "peak_mb": peak, "grown_mb": peak - before}


def read_memory_mb(field: str) -> float:
    """Read megabytes of this process from its system; NaN where that is not Linux.

    Args:
        field: `VmRSS`, what is resident now, or `VmHWM`, the most that was.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(field))
