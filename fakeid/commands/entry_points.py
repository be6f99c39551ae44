"""Run what Hydra configures: `train.py` and `sweep.py`, which are `fakeid train` and `fakeid sweep` too."""

from collections.abc import Callable

import hydra
from omegaconf import DictConfig

from fakeid.config.help import register_completion, register_help
from fakeid.config.parse import parse, register_schema
from fakeid.config.presets import locate_presets
from fakeid.terminal import command_line_errors, user_errors


def run_train() -> None:
    """Train one detector, with what was typed in `sys.argv`."""
    _run("train", train_one)


def run_sweep() -> None:
    """Train a grid of detectors and report on all of them, with what was typed in `sys.argv`."""
    from fakeid.sweeps.sweeper import register_sweeper  # noqa: PLC0415 - only sweeps need it

    register_sweeper()
    _run("sweep", train_run_of_sweep)


def train_one(cfg: DictConfig) -> None:
    """Check the options, then train, or show what was trained; torch is loaded only where there is something to do."""
    with user_errors():
        config = parse(cfg)
        from fakeid.runs.show import show_finished  # noqa: PLC0415 - OpenCV and scipy take a second

        if not show_finished(config):
            from fakeid.runs.train import run_training  # noqa: PLC0415 - torch takes seconds

            run_training(config)


def train_run_of_sweep(cfg: DictConfig) -> None:
    """Train one run of a sweep; whatever goes wrong stays with this run, whose folder says what it was."""
    config = parse(cfg)
    from fakeid.sweeps.worker import train_run  # noqa: PLC0415 - torch is loaded only once the grid is known to be right

    train_run(config)


def _run(name: str, task: Callable[[DictConfig], None]) -> None:
    register_schema()
    register_help()
    register_completion(grids=name == "sweep")
    with command_line_errors():
        hydra.main(version_base="1.3", config_path=str(locate_presets()), config_name=name)(task)()
