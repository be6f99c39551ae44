"""One training of a sweep."""

from pathlib import Path

import torch

from fakeid.cells import cell_id
from fakeid.choices import Accelerator
from fakeid.config import Config
from fakeid.runs.layout import RUNNING, RunFolder
from fakeid.runs.lease import lease_gpu
from fakeid.runs.states import read_state
from fakeid.runs.train import run_training


def train_cell(config: Config) -> None:
    """Train and test; whatever goes wrong is written to the run's folder too, for nobody may be there to read it.

    Args:
        config: Checked options.

    Raises:
        Exception: Any, after it was recorded.
    """
    run = RunFolder(Path(config.paths.runs) / cell_id(config))
    num_gpus = 0 if config.trainer.accelerator is Accelerator.cpu else torch.cuda.device_count()
    try:
        if num_gpus == 0:
            run_training(config, in_sweep=True)
            return
        with lease_gpu(num_gpus, config.sweep.runs_per_gpu) as gpu:
            torch.cuda.set_device(gpu)
            run_training(config, in_sweep=True)
    except Exception as error:
        if read_state(run).name != RUNNING:  # by another process, whose business it is
            run.write_failure(error)
        raise
