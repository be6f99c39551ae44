"""The processes of one training, and which of them this is."""

import os
from dataclasses import dataclass

import torch
import torch.distributed as dist
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment

from fakeid.errors import ConfigError, DeviceError


@dataclass(frozen=True)
class World:
    """The place of one process among those that train together; the default is a process alone.

    Attributes:
        rank: 0 … size - 1; process 0 prints, tests and writes, the others only train.
        size: Processes that share each batch.
        local_rank: Among those on this machine; it picks the GPU.
        meeting: Where they find each other, as `torch.distributed.rendezvous` wants it; empty if process 0 has yet to
            start the others.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    meeting: str = ""

    def choose_device(self, kind: str) -> torch.device:
        """The GPU of this process, or the CPU.

        Args:
            kind: `cuda` or `cpu`.
        """
        if kind == "cpu":
            return torch.device(kind)
        # srun may show each process its own GPU only, which is then the first.
        return torch.device(kind, self.local_rank % torch.cuda.device_count())


def find_world(devices: int | None, device: str, batch_size: int) -> World:
    """Find out what torchrun or srun started, or how many processes are to be started here.

    Args:
        devices: Processes on this machine; None is what was started, or one for each GPU.
        device: `cuda`, `mps` or `cpu`.
        batch_size: Images that they share.

    Raises:
        ConfigError: torchrun or srun started processes, and a number is asked for too; more processes than images.
        DeviceError: Too few GPUs, or a device on which processes cannot work together.
    """
    world = _read_torchrun() or _read_srun()
    if world and world.size > 1:
        if devices is not None:
            raise ConfigError(
                f"{world.size} processes were started, and trainer.devices={devices} is asked for; trainer=ddp trains "
                "with those that were started"
            )
    elif devices is not None:
        world = World(size=devices)
    else:
        world = World(size=_count_gpus(device))
    _check_devices(world, device)
    if world.size > batch_size:
        raise ConfigError(
            f"{world.size} processes cannot share batches of {batch_size}: raise optim.batch_size, or take fewer"
        )
    return world


def _read_torchrun() -> World | None:
    if not dist.is_torchelastic_launched():
        return None
    rank, size, local_rank = (int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    return World(rank, size, local_rank, "env://")


def _read_srun() -> World | None:
    # Only srun sets this one; in a script of sbatch, and under submitit's single tasks, a run stays alone.
    if "SLURM_STEP_NUM_TASKS" not in os.environ:
        return None
    nodes = os.environ["SLURM_STEP_NODELIST"]
    host = os.environ.get("MASTER_ADDR") or SLURMEnvironment.resolve_root_node_address(nodes)
    port = os.environ.get("MASTER_PORT") or 15000 + int(os.environ["SLURM_JOB_ID"][-4:])  # jobs share a machine
    size, rank, local_rank = (
        int(os.environ[name]) for name in ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_LOCALID")
    )
    return World(rank, size, local_rank, f"tcp://{host}:{port}")


def _count_gpus(device: str) -> int:
    if device != "cuda":
        raise DeviceError(
            f"trainer=ddp takes one process for each CUDA GPU and found the {device.upper()} alone; "
            "trainer.accelerator=cpu trainer.devices=N trains in N processes, trainer=auto in one"
        )
    return torch.cuda.device_count()


def _check_devices(world: World, device: str) -> None:
    if world.size == 1:
        return
    if device == "mps":
        raise DeviceError("processes cannot share an MPS device; set trainer.devices=1, or trainer.accelerator=cpu")
    # srun does not say how many of its processes see these GPUs.
    needed = int(os.environ.get("LOCAL_WORLD_SIZE", "1")) if world.meeting else world.size
    if device == "cuda" and needed > torch.cuda.device_count():
        raise DeviceError(
            f"{needed} processes need {needed} GPUs and torch sees {torch.cuda.device_count()}; trainer=ddp takes as "
            "many as there are, trainer.accelerator=cpu does without"
        )
