"""Define the context of a run, which every step needs to know."""

from dataclasses import dataclass

from rich.console import Console

from fakeid.config.parse import Config
from fakeid.runs.layout import RunFolder
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
    """Build the context of a run by choosing its device, precision and folder."""
    device = choose_device(config.trainer.accelerator.value)
    precision = choose_precision(config.trainer.precision.value, device)
    return RunContext(config, RunFolder.locate(config), console, device, precision, team)
