"""What the other processes of a training do, of which the first alone prints, tests and writes."""

from collections.abc import Callable

import torch
from rich.console import Console

from fakeid.config import Config
from fakeid.data.datamodule import PackedDataModule
from fakeid.data.packed import PackedImages
from fakeid.data.plans import Plan
from fakeid.errors import ConfigError
from fakeid.runs.fit import fit
from fakeid.runs.images import list_images, prepare_images
from fakeid.runs.layout import RunFolder
from fakeid.training.trainer import choose_device, choose_precision, choose_resident, set_up_cpu
from fakeid.training.world import World


def check_shares(plan: Plan, world: World) -> None:
    """Check that each process gets an image of the first batch of each split, without which it has nothing to count.

    Raises:
        ConfigError: It does not.
    """
    for name, records in (("train", plan.train), ("val", plan.val)):
        if 0 < len(records) < world.size:
            raise ConfigError(
                f"{world.size} processes cannot share {len(records)} images: raise data.{name}_per_class, or take fewer"
            )


def build_data(config: Config, plan: Plan, packed: PackedImages, device: str, world: World) -> PackedDataModule:
    """The batches of one process. Each keeps all training images on its own device, if they are kept on one.

    Args:
        config: Checked options.
        plan: What is in each split.
        packed: The prepared images.
        device: `cuda`, `mps` or `cpu`.
        world: This process's place.
    """
    if world.size > 1 and device == "cuda":
        torch.cuda.set_device(world.choose_device(device))  # whose free memory decides
    augmentation = config.augment.name.value
    num_bytes = len(plan.train) * config.data.image_px**2 * 3
    # They are augmented on the CPU, on their way.
    cache = config.data.device_cache.value if augmentation == "none" else "off"
    return PackedDataModule(
        plan,
        packed,
        batch_size=config.optim.batch_size,
        seed=config.seed,
        augmentation=augmentation,
        num_workers=config.trainer.num_workers,
        resident=choose_resident(cache, device, num_bytes),
        share=(world.rank, world.size),
    )


def prepare_assistance(config: Config, world: World) -> tuple[str, Callable[[], object]]:
    """Open the images that the first process has packed.

    Args:
        config: Checked options, those of the first process.
        world: This process's place.

    Returns:
        The device, and the training, to be called once all processes are one group.
    """
    set_up_cpu(config.trainer)
    quiet = Console(quiet=True)
    device = choose_device(config.trainer.accelerator.value)
    precision = choose_precision(config.trainer.precision.value, device)
    run = RunFolder.locate(config)
    source, plan = list_images(config, quiet)
    data = build_data(config, plan, prepare_images(config, plan, source, quiet), device, world)
    return device, lambda: fit(
        config, run, data, device=device, precision=precision, loggers=(), console=quiet, world=world
    )
