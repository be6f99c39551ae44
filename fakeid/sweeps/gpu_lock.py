"""Lease the GPUs of this machine to trainings that run side by side."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

_POLL_SECONDS: Final = 1.0


@contextmanager
def lease_gpu(num_gpus: int, runs_per_gpu: int, folder: Path | None = None) -> Iterator[int]:
    """Hold a slot on a GPU, waiting until one is free; the operating system frees it when the process dies.

    Every GPU gets its first run before any gets a second.

    Args:
        num_gpus: Number of GPUs that this process sees.
        runs_per_gpu: Number of slots on each GPU.
        folder: Folder of the locks, common to all processes that share the GPUs; None uses a folder of this user in
            the temporary folder. SLURM gives the GPUs of a job to no other and may number them from 0 in each job, so
            there each job has a folder of its own.

    Yields:
        Index of the GPU as seen by this process.
    """
    if folder is None:
        owner, job = os.getuid() if hasattr(os, "getuid") else "all", os.environ.get("SLURM_JOB_ID")
        folder = Path(tempfile.gettempdir()) / "-".join(filter(None, ("fakeid-gpus", str(owner), job)))
    folder.mkdir(parents=True, exist_ok=True)
    names = _name_gpus(num_gpus)
    places = [(gpu, folder / f"{names[gpu]}-{place}.lock") for place in range(runs_per_gpu) for gpu in range(num_gpus)]
    while True:
        for gpu, path in places:
            lock = FileLock(path)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            try:
                yield gpu
            finally:
                lock.release()
            return
        time.sleep(_POLL_SECONDS)


def _name_gpus(num_gpus: int) -> list[str]:
    """Return the machine's names of the GPUs visible to this process, which a scheduler may have selected."""
    visible = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return visible if len(visible) == num_gpus else [str(number) for number in range(num_gpus)]
