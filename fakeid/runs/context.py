"""Define the context of a run, which every step needs to know."""

from contextlib import suppress
from dataclasses import dataclass

from rich.console import Console

from fakeid.config.choices import Precision
from fakeid.config.parse import Config
from fakeid.errors import CheckpointError
from fakeid.runs.layout import RunFolder
from fakeid.training.checkpoint import read_precision
from fakeid.training.team import Team
from fakeid.training.tracking import RunTracker
from fakeid.training.trainer import choose_device, choose_precision


@dataclass(frozen=True)
class RunContext:
    """The context in which one run is carried out.

    Attributes:
        config: Checked options.
        run: Folder of the run.
        console: Console on which progress is printed.
        device: `cuda`, `mps` or `cpu`.
        precision: Precision of the training, `float32` or `bf16`.
        team: Processes that train together, usually one.
        tracker: Tracker of the run in W&B while it is trained; None without W&B.
    """

    config: Config
    run: RunFolder
    console: Console
    device: str
    precision: str
    team: Team
    tracker: RunTracker | None = None


def build_context(config: Config, console: Console, team: Team) -> RunContext:
    """Build the context of a run by choosing its folder, device and precision.

    With `trainer.precision=auto`, an interrupted training keeps the precision it was begun in, even on another machine.
    """
    run, device = RunFolder.locate(config), choose_device(config.trainer.accelerator.value)
    precision = None
    if config.trainer.precision is Precision.auto and not config.force:
        with suppress(CheckpointError):  # none yet, or damaged, which is handled later
            precision = read_precision(run.last)
    precision = precision or choose_precision(config.trainer.precision.value, device)
    return RunContext(config, run, console, device, precision, team)
