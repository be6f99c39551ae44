"""Adapt Hydra's launchers to long trainings, and launch the cells of a sweep with them."""

import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.errors import HydraException
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, OmegaConf

from fakeid.errors import ConfigError, FakeidError
from fakeid.processes import count_cores, terminated_as_interrupted
from fakeid.sweeps.grid import PlannedRun

_SUBMITIT: Final[dict[str, Any]] = {"submitit_folder": "${paths.runs}/.submitit/%j", "stderr_to_stdout": True}

_PRESETS: Final[dict[str, dict[str, Any]]] = {
    # A sensible n_jobs is the number of GPUs times sweep.runs_per_gpu, or half the cores. A queue would outlive a
    # killed sweep.
    # By default joblib gives each cell its share of the cores as OMP_NUM_THREADS, which trainer.threads=null uses;
    # submitit_local does so in launchers.py, and so does Ray, which counts one core per cell.
    "joblib": {"n_jobs": 2, "pre_dispatch": "n_jobs", "batch_size": "1"},
    # A week; as with SLURM, a cell that takes longer is stopped and continued a few times.
    "submitit_local": {**_SUBMITIT, "timeout_min": 7 * 24 * 60},
    # Jobs with short limits start sooner, at little cost: a cell that reaches its limit or is preempted returns to the
    # queue and continues from its last epoch.
    "submitit_slurm": {
        **_SUBMITIT, "timeout_min": 240, "max_num_timeout": 100, "gpus_per_node": 1, "cpus_per_task": 4, "mem_gb": 16,
    },
    "ray": {
        "ray": {
            # A separate Ray instance, which ends with the sweep; each cell writes its own log.
            "init": {
                "address": "local",
                "num_cpus": None,
                "include_dashboard": False,
                "log_to_driver": False,
                "logging_level": logging.WARNING,
            },
            # One core per cell, and as many cells at once as there are cores. No GPUs are requested: a cell sees all of
            # them and leases one, as under the other launchers; older releases of Ray would hide them.
            "remote": {
                "num_cpus": 1,
                "max_retries": 3,
                "runtime_env": {"env_vars": {"RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}},
            },
        }
    },
}  # fmt: skip


def check_launcher(options: DictConfig) -> None:
    """Refuse options that a launcher would refuse only after the grid is checked and the images are packed.

    Args:
        options: Options of `hydra.launcher`.

    Raises:
        ConfigError: The number of parallel jobs is 0.
    """
    if options.get("n_jobs") == 0:
        raise ConfigError("hydra.launcher.n_jobs must be the number of cells at once, or -1 for all cores; got 0")


def register_launchers() -> None:
    """Change the defaults of the installed launchers."""
    Plugins.instance()  # loads them; each registers its options
    store = ConfigStore.instance()
    known = store.list("hydra/launcher")
    for name, preset in _PRESETS.items():
        if f"{name}.yaml" in known:
            own = OmegaConf.structured(store.load(f"hydra/launcher/{name}.yaml").node)
            store.store(group="hydra/launcher", name=name, node=OmegaConf.merge(own, preset), provider="fakeid")


GPUS: Final = "FAKEID_VISIBLE_GPUS"
"""The environment variable for the GPUs that the sweep sees, because submitit hides all GPUs from its local jobs."""

_SUBMITIT_CLASS: Final = "hydra_plugins.hydra_submitit_launcher"


@terminated_as_interrupted()
def launch_runs(launcher: Launcher, planned_runs: Sequence[PlannedRun], at_once: int) -> str | None:
    """Run one job per cell with the launcher, and return when all jobs have ended.

    Args:
        launcher: Hydra launcher.
        planned_runs: Cells to train.
        at_once: Largest number of submitit jobs on this machine at a time, because submitit itself has no limit.

    Returns:
        Description of an error in a job or in the launcher, such as the death of a worker; None without errors.

    Raises:
        FakeidError: An error that the user can fix.
        HydraException: An error that the user can fix.
        KeyboardInterrupt: Ctrl-C or SIGTERM, which would otherwise leave joblib's jobs training.
    """
    if not type(launcher).__module__.startswith(_SUBMITIT_CLASS):
        return _launch(launcher, planned_runs)
    if type(launcher).__name__ == "LocalLauncher":
        os.environ[GPUS] = os.environ.get("CUDA_VISIBLE_DEVICES", "all")
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, count_cores() // at_once)))
        return _launch_apart(launcher, planned_runs, at_once)
    return _launch_apart(launcher, planned_runs, len(planned_runs))


def _launch(launcher: Launcher, planned_runs: Sequence[PlannedRun]) -> str | None:
    ray = getattr(launcher, "ray_cfg", None)
    if ray is not None and ray.init.get("address") not in (None, "local"):
        # The plugin would request memory, which an existing cluster refuses.
        ray.init.setdefault("object_store_memory", None)
    try:
        returns: Sequence[Any] = launcher.launch(
            [list(planned.overrides) for planned in planned_runs], initial_job_idx=0
        )
    except (FakeidError, HydraException):
        raise
    except Exception as error:
        if "ray" in sys.modules:
            sys.modules["ray"].shutdown()  # with all remaining jobs, which would block the next ones
        return _render(error)
    # Most failures are also recorded in the folders, unless a cell could not even write there.
    failed = [job for job in returns if isinstance(job, JobReturn) and job.status is JobStatus.FAILED]
    return _render(failed[0]._return_value) if failed else None


def _launch_apart(launcher: Launcher, planned_runs: Sequence[PlannedRun], at_once: int) -> str | None:
    """Launch each cell separately, because submitit stops waiting for all other jobs when one of them dies."""
    left = deque(planned_runs)
    reasons: list[str | None] = []

    def work() -> None:
        while left:
            try:
                planned = left.popleft()
            except IndexError:
                return  # another thread was faster
            try:
                reasons.append(_launch(launcher, [planned]))
            except (FakeidError, HydraException) as error:
                reasons.append(_render(error))

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(at_once, len(planned_runs)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return next((reason for reason in reasons if reason), None)


def _render(error: Any) -> str:
    """Format the name of an exception and the first non-empty line of its message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
