"""Worker processes that the system ends."""

from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Final

from fakeid.errors import WorkerError

_SIGN: Final = "DataLoader worker"
"""With this torch begins to say that a worker is gone; it has no class of its own for it."""


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
        if not isinstance(error, BrokenProcessPool) and not str(error).startswith(_SIGN):
            raise
        raise WorkerError(
            f"the system ended a process that {task}, most likely because memory ran out: {way_out}; "
            "the same command continues"
        ) from error
