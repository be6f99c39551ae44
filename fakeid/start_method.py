"""The start method that new processes are told of."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def known_start_method() -> Iterator[None]:
    """Within, processes can be spawned from a worker of joblib's too.

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
