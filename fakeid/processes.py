"""Start processes, give them an environment, keep the memory that they free, and say when the system ended one."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from fakeid.errors import WorkerError

Result = TypeVar("Result")

_SIGN: Final = "DataLoader worker"
"""With this torch begins to say that a worker is gone; it has no class of its own for it."""


@contextmanager
def environment_variable(name: str, value: str) -> Iterator[None]:
    """Set a variable for the programs started from here; afterwards it is as before, or gone again.

    Args:
        name: Of the variable.
        value: To hold meanwhile.
    """
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before


@contextmanager
def known_start_method() -> Iterator[None]:
    """Let processes be spawned from a worker of joblib's too.

    A new process takes over the name of our default start method; joblib's workers have one that only they know, and
    a new one would end at once.
    """
    before = multiprocessing.get_start_method(allow_none=True)
    foreign = before is not None and before not in multiprocessing.get_all_start_methods()
    if foreign:
        multiprocessing.set_start_method("spawn", force=True)
    try:
        yield
    finally:
        if foreign:
            multiprocessing.set_start_method(before, force=True)


@contextmanager
def clear_worker_errors(task: str, way_out: str) -> Iterator[None]:
    """Say what most likely became of a worker, and what to lower; Python and torch tell only that it is gone.

    Args:
        task: What it did, such as `loads batches`.
        way_out: What takes less memory.

    Raises:
        WorkerError: In place of the error of a pool or loader one of whose processes was ended from outside.
    """
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, BrokenExecutor) and not str(error).startswith(_SIGN):
            raise
        raise WorkerError(
            f"the system ended a process that {task}, most likely because memory ran out: {way_out}; "
            "the same command continues"
        ) from error


def run_in_workers(
    function: Callable[..., Result], jobs: Sequence[tuple[Any, ...]], *, task: str, way_out: str
) -> Iterator[Result]:
    """Call a function for each job in worker processes, as many at once as there are cores.

    A single job is done here, for starting a worker costs more.

    Args:
        function: Of a module; it and its arguments are pickled.
        jobs: Arguments of each call.
        task: What a call does, such as `prepares images`, for errors.
        way_out: What takes less memory.

    Yields:
        What a call returned, as soon as it is there.

    Raises:
        WorkerError: The system ended a worker; whatever a call raises besides.
    """
    num_workers = min(count_cores(), len(jobs))
    if num_workers <= 1:
        yield from (function(*job) for job in jobs)
        return
    # Spawned, not forked: a forked child inherits the locks of torch's threads and may hang on them.
    executor = ProcessPoolExecutor(num_workers, multiprocessing.get_context("spawn"), _start_worker)
    try:
        with known_start_method(), clear_worker_errors(task, way_out):
            futures = [executor.submit(function, *job) for job in jobs]
        for future in as_completed(futures):
            with clear_worker_errors(task, way_out):
                result = future.result()
            yield result
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def count_cores() -> int:
    """Count the cores of this process: in a container or under a cluster's scheduler fewer than the machine's."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGTERM too, so that what has started other processes can end them."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python handles signals in the main thread alone
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _start_worker() -> None:
    """Set up a worker: one thread, deaf to Ctrl-C, which the parent sees, and ended with the parent, even if killed."""
    import cv2  # noqa: PLC0415 - `--help` loads this file

    os.environ["OMP_NUM_THREADS"] = "1"
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


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
    """Tell whether the allocator is glibc's, and nobody has set it up through the environment."""
    if not sys.platform.startswith("linux") or any(name.startswith("MALLOC_") for name in os.environ):
        return False
    if "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", ""):
        return False
    # jemalloc, tcmalloc and mimalloc are put in the place of glibc's so.
    return "malloc" not in os.environ.get("LD_PRELOAD", "") and _has_glibc()


def is_memory_kept() -> bool:
    """Tell whether `keep_memory` was called in this process."""
    return _state["kept"]


def keep_memory_in_worker(_: int) -> None:
    """Keep memory in a process that loads batches; torch calls it with that worker's number, forked ones inherit it."""
    keep_memory()


def _has_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (OSError, ValueError):  # musl knows no such name
        return False


SWEEP_PROCESS: Final = "FAKEID_SWEEP_PROCESS"
"""Environment variable with the number of the process that runs the sweep."""


def is_sweep_process() -> bool:
    """Tell whether runs are trained, and print, in the process of the sweep itself."""
    return os.environ.get(SWEEP_PROCESS) == str(os.getpid())
