"""Start worker processes, set their environment, keep freed memory, and report workers that the system killed."""

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
"""Start of torch's message about a dead worker, for which torch has no exception class."""


@contextmanager
def environment_variable(name: str, value: str) -> Iterator[None]:
    """Set an environment variable for programs started in the block; restore its former state afterwards.

    Args:
        name: Name of the variable.
        value: Value of the variable inside the block.
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
    """Make it possible to spawn processes from a joblib worker.

    A new process inherits the name of the default start method. Joblib's workers use one that only joblib knows, with
    which a new process would exit at once.
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
    """Replace the error about a dead worker by one that gives the likely cause and a remedy.

    Python and torch report only that the worker is gone.

    Args:
        task: Activity of the worker, such as `loads batches`.
        way_out: Advice that reduces memory use.

    Raises:
        WorkerError: A process of a pool or a data loader was killed from outside.
    """
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, BrokenExecutor) and not str(error).startswith(_SIGN):
            raise
        raise WorkerError(
            f"the system killed a process that {task}, most likely because memory ran out: {way_out}; "
            "the same command continues"
        ) from error


def run_in_workers(
    function: Callable[..., Result], jobs: Sequence[tuple[Any, ...]], *, task: str, way_out: str
) -> Iterator[Result]:
    """Call a function for each job in worker processes, one per core.

    A single job, or any on a single core, runs in this process, because starting a worker would cost more.

    Args:
        function: Module-level function; it and its arguments are pickled.
        jobs: Arguments of each call.
        task: Activity of a call, such as `prepares images`, for error messages.
        way_out: Advice that reduces memory use, for error messages.

    Yields:
        Result of each call, in order of completion.

    Raises:
        WorkerError: The system killed a worker. Exceptions of the calls are passed on.
    """
    num_workers = min(count_cores(), len(jobs))
    if num_workers <= 1:
        yield from (function(*job) for job in jobs)
        return
    # Spawned, not forked: a forked child inherits the locks of torch's threads and may deadlock.
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
    """Count the cores available to this process, which a container or a cluster's scheduler may limit."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGTERM too, so that a process that started others can end them."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python handles signals in the main thread only
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _start_worker() -> None:
    """Set up a worker: use one thread, leave Ctrl-C to the parent, and exit when the parent dies, even if killed."""
    import cv2  # noqa: PLC0415 - `--help` imports this module

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
"""Bytes by which the heap grows beyond each request, so that it grows seldom."""

# Parameters of mallopt() in <malloc.h>.
_TRIM_THRESHOLD: Final = -1
_TOP_PAD: Final = -2
_MMAP_MAX: Final = -4

_LARGEST_INT: Final = 2**31 - 1

_state = {"kept": False}


def keep_memory() -> bool:
    """Make glibc keep the memory that this process frees; this cannot be undone.

    By default glibc requests each block above 32 MB from the kernel and returns it when it is freed. The blocks of the
    next step then consist of pages that the kernel must clear one by one, which takes about half the time of a step.

    Returns:
        True if memory is kept; False where `can_keep_memory` returns False or glibc refuses.
    """
    if can_keep_memory():
        mallopt = ctypes.CDLL(None).mallopt
        settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, _LARGEST_INT), (_TOP_PAD, TOP_PAD_BYTES))
        answers = [mallopt(name, value) for name, value in settings]
        _state["kept"] = all(answer == 1 for answer in answers)
    return _state["kept"]


def can_keep_memory() -> bool:
    """Tell whether the allocator is glibc's and is not configured through the environment."""
    if not sys.platform.startswith("linux") or any(name.startswith("MALLOC_") for name in os.environ):
        return False
    if "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", ""):
        return False
    # This is how jemalloc, tcmalloc and mimalloc replace glibc's allocator.
    return "malloc" not in os.environ.get("LD_PRELOAD", "") and _has_glibc()


def is_memory_kept() -> bool:
    """Tell whether `keep_memory` took effect in this process."""
    return _state["kept"]


def keep_memory_in_worker(_: int) -> None:
    """Keep memory in a data-loader worker; torch calls this with its number, and forked workers inherit it anyway."""
    keep_memory()


def _has_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (OSError, ValueError):  # musl does not know this name
        return False


SWEEP_PROCESS: Final = "FAKEID_SWEEP_PROCESS"
"""Environment variable that holds the process ID of the sweep."""


def is_sweep_process() -> bool:
    """Tell whether this is the process of the sweep itself, so that runs train and print in it."""
    return os.environ.get(SWEEP_PROCESS) == str(os.getpid())
