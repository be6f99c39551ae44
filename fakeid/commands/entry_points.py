"""Run the programs that Hydra configures: `train.py` and `sweep.py`, or `fakeid train` and `fakeid sweep`."""

from collections.abc import Callable

import hydra
from omegaconf import DictConfig

from fakeid.config.help import register_completion, register_help
from fakeid.config.parse import parse, register_schema
from fakeid.config.presets import locate_presets
from fakeid.terminal import command_line_errors, user_errors


def run_train() -> None:
    """Train one detector with the options in `sys.argv`."""
    _run("train", train_one)


def run_sweep() -> None:
    """Train a grid of detectors with the options in `sys.argv`, and report on all of them."""
    from fakeid.sweeps.sweeper import register_sweeper  # noqa: PLC0415 - only sweeps need it

    register_sweeper()
    _run("sweep", train_run_of_sweep)


def train_one(cfg: DictConfig) -> None:
    """Check the options, then train, or show the results of a finished run; only a training imports torch."""
    with user_errors():
        config = parse(cfg)
        from fakeid.runs.show import show_finished  # noqa: PLC0415 - OpenCV and scipy take a second

        if not show_finished(config):
            from fakeid.runs.train import run_training  # noqa: PLC0415 - torch takes seconds

            run_training(config)


def train_run_of_sweep(cfg: DictConfig) -> None:
    """Train one run of a sweep; a failure affects only this run and is recorded in its folder."""
    config = parse(cfg)
    from fakeid.sweeps.worker import train_run  # noqa: PLC0415 - torch is imported only after the grid is checked

    train_run(config)


def _run(name: str, task: Callable[[DictConfig], None]) -> None:
    register_schema()
    register_help()
    register_completion(grids=name == "sweep")
    with command_line_errors():
        hydra.main(version_base="1.3", config_path=str(locate_presets()), config_name=name)(task)()
