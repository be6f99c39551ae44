"""Train one run of a sweep, in its own process or in the sweep's."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch
from filelock import Timeout
from hydra.core.hydra_config import HydraConfig

from fakeid.config.choices import Accelerator
from fakeid.config.parse import Config
from fakeid.console import find_console
from fakeid.io import LONGEST_NAME, shorten_name
from fakeid.processes import is_sweep_process
from fakeid.runs.layout import RunFolder
from fakeid.runs.train import run_training
from fakeid.sweeps.gpu_lock import lease_gpu
from fakeid.sweeps.launchers import GPUS
from fakeid.terminal import print_plainly


def train_run(config: Config) -> None:
    """Train and test one run of a sweep.

    Whatever goes wrong is written to the run's folder too, for nobody may be there to read it. In a process of its own
    the run works in the folder in which the sweep was typed, and what it prints goes to `paths.runs/logs/`.

    Args:
        config: Checked options.

    Raises:
        Exception: Any, after it was recorded.
    """
    print_plainly()
    if HydraConfig.initialized():
        os.chdir(HydraConfig.get().runtime.cwd)  # workers of a cluster that was there before start anywhere
    run = RunFolder.locate(config)
    apart = HydraConfig.initialized() and not is_sweep_process()
    with _output_to(run.path.parent / "logs" / f"{shorten_name(run.path.name, LONGEST_NAME - 4)}.txt", apart):
        try:
            _train(config)
        except Exception as error:
            if not isinstance(error.__cause__, Timeout):  # locked by another process, whose business it is
                with suppress(OSError):  # it may be the folder that cannot be written to
                    run.write_failure(error)
            raise
        finally:
            gc.collect()  # reference cycles in Lightning would keep this network and those of earlier runs
            if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
                torch.cuda.empty_cache()  # or the next run believes that its images do not fit


def _train(config: Config) -> None:
    _see_gpus()
    num_gpus = 0 if config.trainer.accelerator is Accelerator.cpu else torch.cuda.device_count()
    if num_gpus == 0:
        run_training(config, find_console(), in_sweep=True)
        return
    with lease_gpu(num_gpus, config.sweep.runs_per_gpu) as gpu:
        torch.cuda.set_device(gpu)
        run_training(config, find_console(), in_sweep=True)


def _see_gpus() -> None:
    """Undo that submitit hides all GPUs from its local jobs; the lease tells which one to take."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "" and GPUS in os.environ:
        visible = os.environ[GPUS]
        if visible == "all":
            del os.environ["CUDA_VISIBLE_DEVICES"]
        else:
            os.environ["CUDA_VISIBLE_DEVICES"] = visible


@contextmanager
def _output_to(path: Path, wanted: bool) -> Iterator[None]:
    """Send what this process prints to a file, where several processes would print over each other.

    Nor could a worker print that has outlived the sweep: the terminal may be closed.
    """
    if not wanted:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        before = [os.dup(number) for number in (1, 2)]
        try:
            for number in (1, 2):
                os.dup2(file.fileno(), number)
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, kept in zip((1, 2), before, strict=True):
                os.dup2(kept, number)
                os.close(kept)
