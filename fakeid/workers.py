"""Start worker processes, give them an environment, and say so in a sentence when the system has ended one."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from typing import Final

from fakeid.errors import WorkerError

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
