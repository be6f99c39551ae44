"""What `hydra/launcher=` means for a sweep: the plugins' own options with defaults that suit long trainings."""

import logging
from typing import Any, Final

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from omegaconf import DictConfig, OmegaConf

from fakeid.errors import ConfigError

_SUBMITIT: Final[dict[str, Any]] = {"submitit_folder": "${paths.runs}/.submitit/%j", "stderr_to_stdout": True}

_PRESETS: Final[dict[str, dict[str, Any]]] = {
    # Sensible is the number of GPUs times sweep.runs_per_gpu, or half the cores. A queue would outlive a killed sweep.
    # Of its own accord joblib gives each cell its share of the cores, as OMP_NUM_THREADS, which trainer.threads=null
    # takes; submitit_local does so in launching.py, and Ray, which counts one core a cell, likewise.
    "joblib": {"n_jobs": 2, "pre_dispatch": "n_jobs", "batch_size": "1"},
    # A week; as with SLURM, a cell that takes longer is stopped and continued, a few times.
    "submitit_local": {**_SUBMITIT, "timeout_min": 7 * 24 * 60},
    # Short limits start sooner, and cost little: a cell that reaches its limit, or is preempted, goes back into the
    # queue and continues from its last epoch.
    "submitit_slurm": {
        **_SUBMITIT, "timeout_min": 240, "max_num_timeout": 100, "gpus_per_node": 1, "cpus_per_task": 4, "mem_gb": 16,
    },
    "ray": {
        "ray": {
            # An own Ray, which ends with the sweep; each cell writes a log of its own.
            "init": {
                "address": "local",
                "num_cpus": None,
                "include_dashboard": False,
                "log_to_driver": False,
                "logging_level": logging.WARNING,
            },
            # One core a cell, and as many cells at once as there are cores. None of the GPUs is asked for: a cell sees
            # all of them and leases one, as under the other launchers; older releases of Ray would hide them.
            "remote": {
                "num_cpus": 1,
                "max_retries": 3,
                "runtime_env": {"env_vars": {"RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}},
            },
        }
    },
}  # fmt: skip


def check_launcher(options: DictConfig) -> None:
    """Refuse what a launcher would stumble over only when the grid is checked and the images are packed.

    Args:
        options: `hydra.launcher`.

    Raises:
        ConfigError: No job at a time.
    """
    if options.get("n_jobs") == 0:
        raise ConfigError("hydra.launcher.n_jobs must be the number of cells at once, or -1 for all cores; got 0")


def register_launchers() -> None:
    """Change the defaults of the launchers that are installed."""
    Plugins.instance()  # loads them; each registers its options
    store = ConfigStore.instance()
    known = store.list("hydra/launcher")
    for name, preset in _PRESETS.items():
        if f"{name}.yaml" in known:
            own = OmegaConf.structured(store.load(f"hydra/launcher/{name}.yaml").node)
            store.store(group="hydra/launcher", name=name, node=OmegaConf.merge(own, preset), provider="fakeid")
