"""Log runs to Weights & Biases in addition to their files, without prompts, long waits or harm from failures."""

import csv
import netrc
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlparse

import wandb
from rich.console import Console
from wandb.sdk.wandb_run import Run

from fakeid.config.choices import LoggerName
from fakeid.config.parse import Config, to_plain
from fakeid.evaluation.records.run_summary import RunSummary
from fakeid.io import shorten_name
from fakeid.training.tracked_fields import (
    ALL,
    CURVES,
    EPOCH,
    HEADLINES,
    describe_config,
    describe_provenance,
    list_tags,
    make_key,
    sum_up_training,
    tabulate_summary,
)

TRAIN_JOB: Final = "train"
EVALUATION_JOB: Final = "eval"
REPORT_JOB: Final = "report"
"""Job types: training runs, test runs of trained detectors, and the run that summarizes them."""

_INIT_SECONDS: Final = 20.0
"""Longest time that a run waits for the server before it continues without W&B."""

_FINISH_SECONDS: Final = 120.0
"""Longest time that a run waits for its upload; `wandb sync` completes it later."""

_NOT_IN_AN_ID: Final = re.compile(r"[/\\#?%:]")
_LONGEST_ID: Final = 128


def is_logged_in() -> bool:
    """Tell whether there are W&B credentials in the environment or the netrc file, without a prompt."""
    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    paths = (os.environ.get("NETRC"), "~/.netrc", "~/_netrc")
    return any(_names_host(Path(path).expanduser(), host) for path in paths if path for host in _list_hosts())


def _list_hosts() -> list[str]:
    own = os.environ.get("WANDB_BASE_URL")
    # W&B's cloud has moved; an older login is still valid.
    urls = [own] if own else [wandb.Settings.model_fields["base_url"].default, "https://api.wandb.ai"]
    return [urlparse(url).netloc for url in urls]


def _names_host(path: Path, host: str) -> bool:
    try:
        return netrc.netrc(path).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False


def choose_mode() -> Any:
    """Return the mode of W&B: `WANDB_MODE` if set, otherwise `online` with a login and `offline` without."""
    return os.environ.get("WANDB_MODE") or ("online" if is_logged_in() else "offline")


def make_id(name: str) -> str:
    """Make the W&B id of a run from its name; different names give different ids, however long they are."""
    return shorten_name(_NOT_IN_AN_ID.sub("_", name), _LONGEST_ID)


class Place(NamedTuple):
    """The place where W&B shows a run.

    Attributes:
        project: W&B project.
        entity: W&B user or team; None means the user's default.
        group: Name that groups runs.
    """

    project: str
    entity: str | None
    group: str | None


def read_place(logger: Mapping[str, Any]) -> Place:
    """Read the place of a run from its plain options of `logger`."""
    return Place(logger["project"], logger["entity"], logger["group"])


class Tracker:
    """One W&B run, or none after its first failure; no method ever raises.

    Args:
        folder: Folder below which W&B writes; it holds the files that are complete without W&B.
        run_id: Name of the run, which is also its id after characters that W&B does not accept are replaced.
        config: Plain options to show.
        place: Place where W&B shows the run.
        job_type: `TRAIN_JOB`, `EVALUATION_JOB` or `REPORT_JOB`.
        tags: Tags to filter runs by.
        resume: Whether to continue the run with this id if the server has one, instead of replacing it.
    """

    def __init__(
        self,
        folder: Path,
        run_id: str,
        config: Mapping[str, Any],
        place: Place,
        *,
        job_type: str,
        tags: Sequence[str] = (),
        resume: bool = False,
    ) -> None:
        self._run: Run | None = None
        self._failed = False
        self._folder = folder
        mode = choose_mode()
        allow: Literal["allow"] | None = "allow" if resume and mode == "online" else None

        def start() -> None:
            self._run = wandb.init(
                dir=folder.absolute(),  # W&B's own process may have been started elsewhere, by another program
                id=make_id(run_id), name=run_id, config=dict(config), **place._asdict(), tags=list(tags),
                job_type=job_type, mode=mode, resume=allow, reinit="create_new", settings=_build_settings(),
            )  # fmt: skip

        self._attempt(start)

    def finish(self, *, failed: bool = False) -> str | None:
        """Close the run; return the command that uploads it if it was offline."""
        run, command = self._run, None
        if run is not None and run.settings.mode == "offline":
            command = f"wandb sync {self._folder / 'wandb' / Path(run.dir).parent.name}"
        self.use(lambda run: run.finish(exit_code=int(failed)))
        self._run = None
        return command

    @property
    def url(self) -> str | None:
        """The address of the run; None if it is offline, where W&B would warn."""
        return None if self._run is None or self._run.settings.mode != "online" else self._run.url

    def use(self, action: Callable[[Run], object]) -> None:
        """Apply an action to the W&B run, if there still is one."""
        run = self._run
        if run is not None:
            self._attempt(lambda: action(run))

    def _attempt(self, action: Callable[[], object]) -> None:
        if self._failed:
            return
        try:
            action()
        except Exception as error:
            self._run, self._failed = None, True
            first_line = (str(error).splitlines() or [type(error).__name__])[0]
            warnings.warn(f"W&B logging stopped ({first_line}); the files in {self._folder} are complete", stacklevel=2)


def _build_settings() -> wandb.Settings:
    wanted: dict[str, Any] = {
        "silent": True, "console": "off", "init_timeout": _INIT_SECONDS, "x_disable_stats": True,
        "x_disable_machine_info": True, "finish_timeout": _FINISH_SECONDS, "finish_timeout_raises": True,
    }  # fmt: skip
    # Older releases lack some of these settings and wait for an upload indefinitely.
    return wandb.Settings(**{name: value for name, value in wanted.items() if name in wandb.Settings.model_fields})


_HISTORY: Final = "history.csv"  # in the run folder; see `fakeid.training.callbacks.History`
_HISTORY_NAMES: Final = {name: f"train/{name}" for name in ("learning_rate", "images", "seconds")}
"""W&B names of history columns: it groups charts by the part before the slash, and a summary has its own `seconds`."""


class RunTracker(Tracker):
    """A tracker that shows the files of a run folder in W&B while they are written.

    Args:
        folder: The run folder; W&B writes below it. Its name gives the id of the run, so that a resumed training
            continues its curves.
        config: All options, as nested plain values.
        tags: Tags to filter runs by.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any], tags: Sequence[str]) -> None:
        self._history = folder / _HISTORY
        self._logged = -1  # epochs
        super().__init__(
            folder, folder.name, describe_config(config), read_place(config["logger"]), job_type=TRAIN_JOB, tags=tags,
            resume=self._history.exists(),
        )  # fmt: skip
        self.use(_define_curves)

    def log_history(self) -> None:
        """Log the rows of `history.csv` that W&B does not have yet, with the epoch as W&B's step.

        The first call of a resumed training also logs the earlier rows, unless the server has them: an offline run is
        complete by itself.
        """
        self.use(self._log_history)

    def _log_history(self, run: Run) -> None:
        if not self._history.exists():
            return
        with self._history.open(encoding="utf-8", newline="") as file:
            rows = [{name: float(cell) for name, cell in row.items() if cell} for row in csv.DictReader(file)]
        for row in rows:
            epoch = int(row["epoch"])
            if epoch > self._logged and epoch >= run.starting_step:
                # Committed at once, so that a killed process loses nothing.
                run.log({_HISTORY_NAMES.get(name, name): cell for name, cell in row.items()}, step=epoch, commit=True)
                self._logged = epoch

    def log_results(self, summary: RunSummary, figures: Sequence[Path]) -> None:
        """Log the final numbers, the table of all numbers, and the figures (image files)."""
        self.log_history()
        numbers = sum_up_training(summary)

        def log(run: Run) -> None:
            found = describe_provenance(summary)
            if run.config["categories"] is None:
                found["categories"] = len(summary.list_categories(seen=True))
            run.config.update(found, allow_val_change=True)  # type: ignore[no-untyped-call]
            run.log(
                {
                    **{name: numbers[name] for name in HEADLINES if name in numbers},
                    ALL: build_table(*tabulate_summary(summary)),
                    **collect_figures(figures),
                }
            )
            run.summary.update(numbers)

        self.use(log)


@contextmanager
def track_run(config: Config, folder: Path, console: Console) -> Iterator[RunTracker | None]:
    """Show a run in W&B while the block runs; an error marks the run as failed.

    Args:
        config: Configuration of the run.
        folder: Folder of the run.
        console: Console that prints how to upload a run that was logged offline.

    Yields:
        The tracker to log to; None with `logger=csv`.
    """
    if config.logger.name is LoggerName.csv:
        yield None
        return
    tracker = RunTracker(folder, to_plain(config), list_tags(config))
    try:
        yield tracker
    except BaseException:
        tracker.finish(failed=True)
        raise
    sync = tracker.finish()
    if sync:
        console.print(f"W&B logged offline; to upload: {sync}", soft_wrap=True)


def build_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> wandb.Table:
    """Build a W&B table."""
    return wandb.Table(columns=[*columns], data=[[*row] for row in rows])


def collect_figures(paths: Sequence[Path]) -> dict[str, wandb.Image]:
    """Collect image files as W&B images, by name."""
    return {make_key("figures", path.stem): wandb.Image(str(path)) for path in paths}


def _define_curves(run: Run) -> None:
    run.define_metric(EPOCH, summary="none", hidden=True)
    for name, shown in CURVES.items():
        run.define_metric(name, step_metric=EPOCH, summary=shown)
