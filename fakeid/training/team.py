"""Coordinate the processes that train one network together.

torchrun or srun starts them; with `trainer.devices=N`, torchrun's launcher starts the same command line N times.
Lightning then trains with DDP. Its own launcher is not used, because it kills process 0 with SIGKILL as soon as another
process is gone, so that nobody can report why.
"""

import logging
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeVar

import pytorch_lightning as pl
import torch
import torch.distributed as dist
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from fakeid.config.validate import ONE_PROCESS_A_CELL
from fakeid.errors import ConfigError, DeviceError, WorkerError

_LOST: Final = ("gloo", "nccl", "connection closed by peer", "connection reset by peer")
"""Words in the RuntimeError by which a process notices that another has ended."""

_OWN_LAUNCH: Final = "fakeid-"
"""Prefix of torchrun's name for a launch by `start_processes`, which reports itself how its processes ended."""

_Value = TypeVar("_Value")

logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it announces each process


@dataclass(frozen=True)
class Processes:
    """The position of this process among those of a training; the default is a single process.

    Attributes:
        rank: Rank of this process, 0 … size - 1; process 0 prints, tests and writes, the others only train.
        devices: Number of processes on each machine.
        machines: Number of machines.
        starter: `torchrun` or `srun`; empty if neither has started processes.
    """

    rank: int = 0
    devices: int = 1
    machines: int = 1
    starter: str = ""

    @property
    def size(self) -> int:
        """Number of processes that share each batch."""
        return self.devices * self.machines

    @property
    def share(self) -> tuple[int, int]:
        """Rank of this process and number of processes."""
        return self.rank, self.size

    def place(self, device: str) -> dict[str, Any]:
        """Build the arguments that tell a Lightning trainer its devices and processes.

        Args:
            device: `cuda`, `mps` or `cpu`.
        """
        if self.size > 1:
            environment = SLURMEnvironment(auto_requeue=False) if self.starter == "srun" else TorchElasticEnvironment()
            return {
                "accelerator": device, "devices": self.devices, "num_nodes": self.machines, "strategy": "ddp",
                "plugins": [environment],
            }  # fmt: skip
        return {
            "accelerator": device,
            # The current one of several GPUs; Lightning would always take the first.
            "devices": [torch.cuda.current_device()] if device == "cuda" else 1,
            # Inside a SLURM job, Lightning would look for other processes and requeue the job itself.
            "plugins": [LightningEnvironment()],
        }


def find_processes(devices: int | None, device: str, batch_size: int) -> Processes:
    """Determine the processes that torchrun or srun has started, or the number to start here.

    Args:
        devices: Number of processes on this machine; None means those that were started, or one per GPU.
        device: `cuda`, `mps` or `cpu`.
        batch_size: Number of images in a batch of all processes together.

    Raises:
        ConfigError: The number of started processes differs from the requested one, a batch cannot be divided, or the
            command line cannot be started again.
        DeviceError: There are too few GPUs, or processes cannot work together on the device.
    """
    found = _read_torchrun() or _read_srun() or Processes()
    if found.size > 1:
        if devices not in (None, found.devices):
            raise ConfigError(
                f"{found.size} processes were started, but trainer.devices={devices} is set; trainer=ddp trains "
                "with those that were started"
            )
    else:
        found = Processes(devices=_count_gpus(device) if devices is None else devices)
    if found.size > 1:
        _check(found, device, batch_size)
    return found


def _read_torchrun() -> Processes | None:
    if not dist.is_torchelastic_launched():
        return None
    rank, size, local = (int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE"))
    return Processes(rank, local, size // local, "torchrun")


def _read_srun() -> Processes | None:
    # Only srun sets this variable; in an sbatch script, and in submitit's single tasks, a run is a single process.
    size = int(os.environ.get("SLURM_STEP_NUM_TASKS", "1"))
    if size == 1:
        return None
    machines = int(os.environ.get("SLURM_STEP_NUM_NODES", "1"))
    if "SLURM_NTASKS_PER_NODE" not in os.environ or size % machines:
        raise ConfigError("srun must start the same number of processes on each machine: give it --ntasks-per-node=N")
    return Processes(int(os.environ["SLURM_PROCID"]), size // machines, machines, "srun")


def _count_gpus(device: str) -> int:
    if device != "cuda":
        raise DeviceError(
            f"trainer=ddp starts one process per CUDA GPU, but found only the {device.upper()}; "
            "trainer.accelerator=cpu trainer.devices=N trains in N processes, trainer=auto in one"
        )
    return torch.cuda.device_count()


def _check(processes: Processes, device: str, batch_size: int) -> None:
    size = processes.size
    if batch_size % size:
        raise ConfigError(
            f"{size} processes cannot share batches of {batch_size} images equally: set optim.batch_size to a multiple "
            f"of {size}, or take fewer processes"
        )
    if device == "mps":
        raise DeviceError("processes cannot share an MPS device; set trainer.devices=1, or trainer.accelerator=cpu")
    if device == "cuda" and processes.devices > torch.cuda.device_count():
        raise DeviceError(
            f"{processes.devices} processes need {processes.devices} GPUs, but torch sees {torch.cuda.device_count()}; "
            "trainer=ddp uses as many as there are, trainer.accelerator=cpu needs none, and srun shows all of a "
            "machine's GPUs to each process with --gpu-bind=none"
        )
    hydra = HydraConfig.get() if HydraConfig.initialized() else None
    if hydra and hydra.mode is RunMode.MULTIRUN:
        raise ConfigError(ONE_PROCESS_A_CELL)
    if not processes.starter and not hydra:
        raise ConfigError(
            "several processes need a command line that can be started again: type python train.py trainer=ddp, or set "
            "trainer.devices=1"
        )


def start_processes(num_processes: int) -> None:
    """Start this command line again in several processes on this machine, and wait until all have succeeded.

    Raises:
        WorkerError: A process was killed.
        SystemExit: A process failed, and has reported why.
    """
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)  # it reports in tracebacks
    os.environ.pop("HYDRA_FULL_ERROR", None)  # set by this process; its children would print tracebacks
    # The same division as Lightning's, but before the processes load torch.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, torch.get_num_threads() // num_processes)))
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=num_processes,
        max_restarts=0,
        run_id=f"{_OWN_LAUNCH}{uuid.uuid4().hex}",
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="127.0.0.1",
    )
    try:
        elastic_launch(config, sys.executable)(*sys.orig_argv[1:])
    except ChildFailedError as error:
        killed = {rank: each for rank, each in error.failures.items() if each.exitcode < 0}
        for rank, failure in killed.items():
            raise WorkerError(
                f"process {rank} of 0 to {num_processes - 1} was ended by {failure.signal_name()}, which usually means "
                "too little memory: use fewer processes (trainer.devices) or a smaller optim.batch_size; the same "
                "command continues"
            ) from error
        first = error.failures.get(0)
        raise SystemExit(first.exitcode if first else 1) from None
    except SignalException as error:  # already passed on to all processes, as is Ctrl-C
        raise SystemExit(128 + error.sigval) from None


class Team:
    """The joint actions of the processes of one training; for a single process they do nothing special.

    Args:
        processes: Position of this process among the others.
        device: `cuda`, `mps` or `cpu`.
    """

    def __init__(self, processes: Processes, device: str) -> None:
        self.processes = processes
        self.place = processes.place(device)
        self._fabric: Fabric | None = None
        if processes.size == 1:
            return
        # Without this variable, Lightning would change the number of threads.
        os.environ.setdefault("OMP_NUM_THREADS", str(torch.get_num_threads()))
        signal.signal(signal.SIGTERM, self._end)
        if not self.is_first:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process handles Ctrl-C
        if processes.starter == "torchrun":
            threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
        fabric = Fabric(**self.place)
        with self.watched():
            fabric.launch()
        self._fabric = fabric

    @property
    def is_first(self) -> bool:
        """Whether this process prints, tests and writes."""
        return self.processes.rank == 0

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Let the first process run the block while the others wait, for as long as it takes."""
        with self.watched(), self._fabric.rank_zero_first() if self._fabric else nullcontext():
            yield

    def agree(self, value: _Value) -> _Value:
        """Broadcast the value of the first process to all processes."""
        if self._fabric is None:
            return value
        with self.watched():
            agreed: _Value = self._fabric.broadcast(value)
        return agreed

    def leave(self) -> None:
        """Leave the process group; all processes must call this."""
        if self._fabric is not None:
            dist.destroy_process_group()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def list_callbacks(self) -> list[pl.Callback]:
        """List the additional callbacks that a trainer with several processes needs."""
        return [] if self._fabric is None else [_OwnSigterm(self._end)]

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Turn a lost connection into an error that says that another process has ended.

        Raises:
            WorkerError: The connection was lost, in the first process.
            SystemExit: The connection was lost, in the other processes, or if `start_processes` reports it.
        """
        try:
            yield
        except KeyboardInterrupt:
            self._ignore_signals()
            raise
        except RuntimeError as error:
            if self.processes.size == 1 or not _is_lost(error):
                raise
            self._ignore_signals()
            self._fail("has ended, most likely for lack of memory if it printed no error", error)

    def _end(self, *_: object) -> NoReturn:
        self._ignore_signals()
        self._fail("has ended, or this one was told to end")

    def _fail(self, what: str, cause: Exception | None = None) -> NoReturn:
        if not self.is_first or os.environ.get("TORCHELASTIC_RUN_ID", "").startswith(_OWN_LAUNCH):
            raise SystemExit(1) from None
        raise WorkerError(
            f"another of the {self.processes.size} processes that train together {what}; the same command continues"
        ) from cause

    def _ignore_signals(self) -> None:
        """Ignore the signals that torchrun sends once a process is gone: they would cut off the others' messages."""
        if self.processes.size > 1:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGINT, signal.SIG_IGN)


class _OwnSigterm(pl.Callback):
    """A callback that replaces Lightning's SIGTERM handler, whose messages would collide with gradient reductions."""

    def __init__(self, handler: Any) -> None:
        self._handler = handler

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore our handler, because Lightning has installed its own by now."""
        signal.signal(signal.SIGTERM, self._handler)


def _end_with(launcher: int) -> None:
    """End this process when the launcher is gone: otherwise a killed launcher would leave its processes running."""
    while os.getppid() == launcher:
        time.sleep(1)
    os._exit(1)


def _is_lost(error: RuntimeError) -> bool:
    text = str(error).lower()
    return isinstance(error, dist.DistError) or any(word in text for word in _LOST)
