"""Train one run of a sweep, in its own process or in that of the sweep."""

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

    Any error is also recorded in the run's folder, because nobody may be watching. In its own process, the run works in
    the folder in which the sweep was started, and its output goes to `paths.runs/logs/`.

    Args:
        config: Checked options.

    Raises:
        Exception: Any error, after it has been recorded.
    """
    print_plainly()
    if HydraConfig.initialized():
        os.chdir(HydraConfig.get().runtime.cwd)  # workers of an existing cluster may start in any folder
    run = RunFolder.locate(config)
    apart = HydraConfig.initialized() and not is_sweep_process()
    with _output_to(run.path.parent / "logs" / f"{shorten_name(run.path.name, LONGEST_NAME - 4)}.txt", apart):
        try:
            _train(config)
        except Exception as error:
            if not isinstance(error.__cause__, Timeout):  # another process holds the lock and records its own state
                with suppress(OSError):  # the folder itself may not be writable
                    run.write_failure(error)
            raise
        finally:
            gc.collect()  # reference cycles in Lightning would keep this network and those of earlier runs
            if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
                torch.cuda.empty_cache()  # otherwise its images may seem not to fit for the next run


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
    """Make the GPUs visible that submitit hides from its local jobs; the lease selects the one to use."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "" and GPUS in os.environ:
        visible = os.environ[GPUS]
        if visible == "all":
            del os.environ["CUDA_VISIBLE_DEVICES"]
        else:
            os.environ["CUDA_VISIBLE_DEVICES"] = visible


@contextmanager
def _output_to(path: Path, wanted: bool) -> Iterator[None]:
    """Redirect the output of this process to a file, because several processes would overwrite each other's lines.

    A worker that outlives the sweep may also have no terminal left to print on.
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
