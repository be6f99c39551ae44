"""Cells handed to a Hydra launcher, so that what dies with a worker is told and not raised."""

import os
import sys
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from hydra.core.utils import JobReturn, JobStatus
from hydra.errors import HydraException
from hydra.plugins.launcher import Launcher

from fakeid.errors import FakeidError
from fakeid.runs.grid import Cell

GPUS: Final = "FAKEID_VISIBLE_GPUS"
"""Environment variable with the GPUs that the sweep sees, for submitit hides them all from its local jobs."""

SWEEP_PROCESS: Final = "FAKEID_SWEEP_PROCESS"
"""Environment variable with the number of the process that runs the sweep."""

_SUBMITIT: Final = "hydra_plugins.hydra_submitit_launcher"


def is_sweep_process() -> bool:
    """Whether cells are trained, and print, in the process of the sweep itself."""
    return os.environ.get(SWEEP_PROCESS) == str(os.getpid())


def launch_cells(launcher: Launcher, cells: Sequence[Cell], at_once: int) -> str | None:
    """Let the launcher run a job for each cell; returns when it is through with all of them.

    Args:
        launcher: Hydra's.
        cells: Those to be trained.
        at_once: How many jobs of submitit on this machine are under way at a time, for it has no such limit.

    Returns:
        What went wrong with a job, or with the launcher itself, such as the death of a worker; None if nothing did.

    Raises:
        FakeidError: Something that the user can mend.
        HydraException: Likewise.
        KeyboardInterrupt: Ctrl-C.
    """
    if not type(launcher).__module__.startswith(_SUBMITIT):
        return _launch(launcher, cells)
    if type(launcher).__name__ == "LocalLauncher":
        os.environ[GPUS] = os.environ.get("CUDA_VISIBLE_DEVICES", "all")
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, _count_cores() // at_once)))
        return _launch_apart(launcher, cells, at_once)
    return _launch_apart(launcher, cells, len(cells))


def _launch(launcher: Launcher, cells: Sequence[Cell]) -> str | None:
    ray = getattr(launcher, "ray_cfg", None)
    if ray is not None and ray.init.get("address") not in (None, "local"):
        # The plugin would ask for memory, which a cluster that is there already refuses.
        ray.init.setdefault("object_store_memory", None)
    try:
        returns: Sequence[Any] = launcher.launch([list(cell.overrides) for cell in cells], initial_job_idx=0)
    except (FakeidError, HydraException):
        raise
    except Exception as error:
        if "ray" in sys.modules:
            sys.modules["ray"].shutdown()  # with all jobs that are left, which would be in the way of the next ones
        return _render(error)
    # Most failures are in the folders too; not that of a cell that could not even write there.
    failed = [job for job in returns if isinstance(job, JobReturn) and job.status is JobStatus.FAILED]
    return _render(failed[0]._return_value) if failed else None


def _launch_apart(launcher: Launcher, cells: Sequence[Cell], at_once: int) -> str | None:
    """A launch for each cell: submitit would stop to look after all other jobs when one of them dies."""
    left = deque(cells)
    reasons: list[str | None] = []

    def work() -> None:
        while left:
            try:
                cell = left.popleft()
            except IndexError:
                return  # another thread was faster
            try:
                reasons.append(_launch(launcher, [cell]))
            except (FakeidError, HydraException) as error:
                reasons.append(_render(error))

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(at_once, len(cells)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return next((reason for reason in reasons if reason), None)


def _render(error: Any) -> str:
    """The name of the exception and the first line that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _count_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
