"""What glibc does with freed memory: keep it, for a training on a CPU takes the same blocks again in every step."""

import ctypes
import os
import sys
from typing import Final

TOP_PAD_BYTES: Final = 64 * 2**20
"""By how much more than is needed the heap grows, so that it grows seldom."""

# Of <malloc.h>.
_TRIM_THRESHOLD: Final = -1
_TOP_PAD: Final = -2
_MMAP_MAX: Final = -4

_LARGEST_INT: Final = 2**31 - 1

_state = {"kept": False}


def keep_memory() -> bool:
    """Let glibc keep what is freed in this process, until the process ends; nothing takes it back.

    By itself glibc asks the kernel for each block above 32 MB and gives it back when it is freed. The next step's
    blocks then come as pages that the kernel must clear one by one, which takes about half the time of a step.

    Returns:
        Whether it was done; not where `can_keep_memory` says no.
    """
    if can_keep_memory():
        mallopt = ctypes.CDLL(None).mallopt
        settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, _LARGEST_INT), (_TOP_PAD, TOP_PAD_BYTES))
        answers = [mallopt(name, value) for name, value in settings]
        _state["kept"] = all(answer == 1 for answer in answers)
    return _state["kept"]


def can_keep_memory() -> bool:
    """Whether the allocator is glibc's, and nobody has set it up through the environment."""
    if not sys.platform.startswith("linux") or any(name.startswith("MALLOC_") for name in os.environ):
        return False
    if "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", ""):
        return False
    # jemalloc, tcmalloc and mimalloc are put in the place of glibc's so.
    return "malloc" not in os.environ.get("LD_PRELOAD", "") and _has_glibc()


def is_memory_kept() -> bool:
    """Whether `keep_memory` has done it in this process."""
    return _state["kept"]


def keep_memory_in_worker(_: int) -> None:
    """The same as torch calls it in a process that loads batches, with that worker's number; forked ones inherit it."""
    keep_memory()


def _has_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (OSError, ValueError):  # musl knows no such name
        return False
