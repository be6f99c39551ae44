"""Weights & Biases beside the run folder's files: it never asks, never waits, and its failure never costs a run."""

import netrc
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import wandb
from pytorch_lightning.loggers import WandbLogger
from wandb.sdk.wandb_run import Run

_INIT_SECONDS = 20.0
"""Longer than this no run waits for the server; it then goes on without."""


def is_logged_in() -> bool:
    """Whether W&B credentials are on this machine; looks at the environment and the netrc file, asks nobody."""
    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname
    paths = (os.environ.get("NETRC"), "~/.netrc", "~/_netrc")
    return any(_names_host(Path(path).expanduser(), host or "") for path in paths if path)


def _names_host(path: Path, host: str) -> bool:
    try:
        return netrc.netrc(path).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False


class RunTracker:
    """One W&B run, or none after its first failure; every method returns normally, come what may.

    Args:
        folder: The run folder; W&B writes below it.
        run_id: Identity of the run, so that a continued training continues its curves.
        config: Plain options to show.
        project: W&B project.
        entity: W&B user or team; None is the user's default.
        group: Name that joins runs.
        tags: Words to filter runs by.
    """

    def __init__(
        self,
        folder: Path,
        run_id: str,
        config: Mapping[str, Any],
        *,
        project: str,
        entity: str | None,
        group: str | None,
        tags: Sequence[str] = (),
    ) -> None:
        self._run: Run | None = None
        self._failed = False
        self._folder = folder
        mode: Any = os.environ.get("WANDB_MODE") or ("online" if is_logged_in() else "offline")
        settings = wandb.Settings(
            silent=True, console="off", init_timeout=_INIT_SECONDS, x_disable_stats=True, x_disable_machine_info=True
        )

        def start() -> None:
            self._run = wandb.init(
                dir=folder, id=run_id, name=run_id, config=dict(config), project=project, entity=entity, group=group,
                tags=list(tags), job_type="train", mode=mode, resume="allow" if mode == "online" else None,
                reinit="create_new", settings=settings,
            )  # fmt: skip

        self._attempt(start)

    def lightning_loggers(self) -> list[WandbLogger]:
        """What the Lightning trainer logs its curves to."""
        return [] if self._run is None else [_GuardedWandbLogger(self._run, self._attempt)]

    def log_results(
        self, summary: Mapping[str, Any], columns: Sequence[str], rows: Sequence[Sequence[Any]], figures: Sequence[Path]
    ) -> None:
        """Log the final numbers, the table by category, and the figures (image files)."""
        run = self._run

        def log(run: Run) -> None:
            run.summary.update(dict(summary))
            run.log({"test/categories": wandb.Table(columns=list(columns), data=[list(row) for row in rows])})
            run.log({f"figures/{path.stem}": wandb.Image(str(path)) for path in figures})

        if run is not None:
            self._attempt(lambda: log(run))

    def finish(self, *, failed: bool = False) -> str | None:
        """Close the run; returns the command that uploads an offline one, if it was."""
        run, command = self._run, None
        if run is not None and run.settings.mode == "offline":
            command = f"wandb sync {Path(run.dir).parent}"
        if run is not None:
            self._attempt(lambda: run.finish(exit_code=int(failed)))
        self._run = None
        return command

    def _attempt(self, action: Callable[[], object]) -> None:
        if self._failed:
            return
        try:
            action()
        except Exception as error:
            self._run, self._failed = None, True
            first_line = (str(error).splitlines() or [type(error).__name__])[0]
            warnings.warn(f"W&B logging stopped ({first_line}); the files in {self._folder} are complete", stacklevel=2)


class _GuardedWandbLogger(WandbLogger):
    def __init__(self, run: Run, attempt: Callable[[Callable[[], object]], None]) -> None:
        super().__init__(experiment=run)
        self._attempt = attempt

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self._attempt(lambda: super(_GuardedWandbLogger, self).log_metrics(metrics, step))

    def log_hyperparams(self, params: Any) -> None:
        """Nothing: the run's own configuration is logged at its start."""

    def finalize(self, status: str) -> None:
        """Nothing: the tracker logs the test after the training and closes the run itself."""
