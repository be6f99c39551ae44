"""Define the files of one run. A run counts as finished only with its `done` status, which is written last."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from pydantic import NonNegativeInt

from fakeid.audit.result import AuditResult
from fakeid.config.identity import name_run
from fakeid.config.parse import Config
from fakeid.errors import DamagedFileError, DataError
from fakeid.io import clear_output_errors, lock_folder, read_record, write_record

if TYPE_CHECKING:  # scipy takes half a second
    from fakeid.evaluation.records.evaluation import Evaluation
    from fakeid.evaluation.records.run_summary import DataRecord, RunSummary

Stage: TypeAlias = Literal["running", "done", "failed", "interrupted"]

RUNNING: Final = "running"
DONE: Final = "done"
FAILED: Final = "failed"
INTERRUPTED: Final = "interrupted"


@dataclass(frozen=True)
class RunStatus:
    """The status of a run: the schema of `status.json`.

    Attributes:
        state: Stage of the run.
        epochs_done: Number of complete epochs that are saved.
        epochs: Number of epochs requested.
        reason: Reason for a failure.
        updated: Time at which this was written, in ISO 8601.
        host: Name of the machine that wrote it.
        process: ID of the process that wrote it.
    """

    state: Stage
    epochs_done: NonNegativeInt
    epochs: NonNegativeInt
    reason: str | None
    updated: str
    host: str
    process: NonNegativeInt


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run, with the paths of its files.

    Attributes:
        path: Path of the folder, whose name identifies the run.
    """

    path: Path

    @classmethod
    def locate(cls, config: Config) -> "RunFolder":
        """Return the folder of a run with these options, whether or not it exists."""
        return cls(Path(config.paths.runs) / name_run(config))

    @property
    def config(self) -> Path:
        """The file of all options, resolved."""
        return self.path / "config.yaml"

    @property
    def overrides(self) -> Path:
        """The file of the overrides that were typed, a list of words; runs not started by Hydra have none."""
        return self.path / "overrides.json"

    @property
    def checkpoints(self) -> Path:
        """The folder of `last.ckpt`, `tested.ckpt` and, if validation chooses the epoch, `best.ckpt`."""
        return self.path / "checkpoints"

    @property
    def last(self) -> Path:
        """The state after the latest epoch, from which an interrupted run continues."""
        return self.checkpoints / "last.ckpt"

    @property
    def best(self) -> Path:
        """The state of the epoch with the highest validation AUROC."""
        return self.checkpoints / "best.ckpt"

    @property
    def tested(self) -> Path:
        """The weights that produced `scores`."""
        return self.checkpoints / "tested.ckpt"

    @property
    def history(self) -> Path:
        """The metrics of training, one row per epoch."""
        return self.path / "history.csv"

    @property
    def scores(self) -> Path:
        """The scores of the test images, one row per image."""
        return self.path / "scores.csv"

    @property
    def validation(self) -> Path:
        """The scores of the validation images by the tested weights, one row per image."""
        return self.path / "validation.csv"

    @property
    def evaluation(self) -> "EvaluationFolder":
        """The folder of the evaluation, which tests more than the run's own clean test images."""
        return EvaluationFolder(self.path / "evaluation")

    @property
    def summary(self) -> Path:
        """The results of the test, and how they were obtained."""
        return self.path / "summary.json"

    @property
    def audit(self) -> Path:
        """The result of the audit of the images."""
        return self.path / "audit.json"

    @property
    def data(self) -> Path:
        """The digest and the counts of the images that the run uses."""
        return self.path / "data.json"

    @property
    def figures(self) -> Path:
        """The folder of PNG figures."""
        return self.path / "figures"

    @property
    def status(self) -> Path:
        """The status of the run."""
        return self.path / "status.json"

    def read_status(self) -> RunStatus | None:
        """Read the latest status; None if there is none yet, or it is damaged.

        A run without a status continues from its other files, so that nothing is lost.
        """
        try:
            return read_record(self.status, RunStatus)
        except (FileNotFoundError, DamagedFileError):
            return None

    @property
    def epochs_done(self) -> int:
        """The number of complete epochs that were saved, according to the latest status."""
        status = self.read_status()
        return status.epochs_done if status else 0

    def read_summary(self) -> "RunSummary":
        """Read the results of the test.

        Raises:
            FileNotFoundError: The run has not been tested yet.
            DamagedFileError: The file is damaged.
        """
        from fakeid.evaluation.records.run_summary import RunSummary  # noqa: PLC0415 - scipy takes half a second

        return read_record(self.summary, RunSummary)

    def read_data(self) -> "DataRecord":
        """Read which images the run uses.

        Raises:
            FileNotFoundError: The run has not started.
            DamagedFileError: The file is damaged.
        """
        from fakeid.evaluation.records.run_summary import DataRecord  # noqa: PLC0415 - loads scipy

        return read_record(self.data, DataRecord)

    def read_audit(self) -> AuditResult | None:
        """Read the result of the audit; None if there was none, or the file is damaged."""
        try:
            return read_record(self.audit, AuditResult)
        except (OSError, DamagedFileError):
            return None

    def find_damage(self) -> str | None:
        """Describe any damage in the files that record the progress of the run; None if there is none."""
        try:
            state = read_record(self.status, RunStatus).state if self.status.exists() else None
        except DamagedFileError as error:
            return str(error)
        if state != DONE:
            return None
        if not self.summary.exists():
            return f"{self.summary} is missing"
        return _find_damage(self.summary, self.summary.stat().st_mtime_ns)

    def write_status(self, state: Stage, *, epochs_done: int, epochs: int, reason: str | None = None) -> None:
        """Write the status of the run, together with the time, the host and the process."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        status = RunStatus(state, epochs_done, epochs, reason, now, socket.gethostname(), os.getpid())
        write_record(self.status, status)

    def write_failure(self, error: BaseException) -> None:
        """Record why the run stopped, unless it is done and its earlier results are intact."""
        if self.is_done():
            return
        before = self.read_status()
        stopped = not isinstance(error, Exception)  # Ctrl-C, or a scheduler that reclaims the machine
        self.write_status(
            INTERRUPTED if stopped else FAILED,
            epochs_done=before.epochs_done if before else 0,
            epochs=before.epochs if before else 0,
            reason=None if stopped else f"{type(error).__name__}: {error}",
        )

    def is_done(self) -> bool:
        """Tell whether the run has finished and its results are complete."""
        status = self.read_status()
        return status is not None and status.state == DONE and self.find_damage() is None

    def is_tested(self) -> bool:
        """Tell whether there are undamaged results of the test."""
        return self.summary.exists() and _find_damage(self.summary, self.summary.stat().st_mtime_ns) is None

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Create the folder of the run and hold its lock.

        Raises:
            OutputError: Another process is working on the run, or its files cannot be written.
        """
        busy = f"the run {self.path} is in progress in another process; wait for it, or change an option"
        with clear_output_errors(self.path, "paths.runs"):
            self.path.mkdir(parents=True, exist_ok=True)
            with lock_folder(self.path, wait=False, busy=busy):
                yield

    def clear(self) -> None:
        """Delete everything except the folder and its lock, starting with what says that there are results."""
        self.status.unlink(missing_ok=True)
        self.summary.unlink(missing_ok=True)
        for entry in self.path.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != ".lock":
                entry.unlink()


def find_runs(directory: Path) -> list[RunFolder]:
    """List the runs of a folder by name, whether finished or not.

    Raises:
        DataError: The folder does not exist or has no run; the message names its subfolders that have runs.
    """
    if not directory.is_dir():
        raise DataError(f"there is no folder {directory}; give the one used as paths.runs, such as sweeps/smoke")
    if found := _list_runs(directory):
        return found
    if below := [str(path) for path in sorted(directory.iterdir()) if path.is_dir() and _list_runs(path)]:
        which = below[0] if len(below) == 1 else f"one of {', '.join(below)}"
        raise DataError(f"there is no run in {directory} itself, but there are some in a subfolder: give {which}")
    if RunFolder(directory).status.exists():
        raise DataError(f"{directory} is itself a run: give the folder of its runs, {directory.absolute().parent}")
    raise DataError(f"there is no run in {directory}; train one with paths.runs={directory}")


def _list_runs(directory: Path) -> list[RunFolder]:
    return [RunFolder(path) for path in sorted(directory.iterdir()) if (path / "status.json").exists()]


@dataclass(frozen=True)
class EvaluationFolder:
    """The folder of an evaluation, as `python -m fakeid evaluate` writes it.

    Attributes:
        path: Path of the folder.
    """

    path: Path

    @property
    def scores(self) -> Path:
        """The scores, one row per image and degradation."""
        return self.path / "scores.csv"

    @property
    def numbers(self) -> Path:
        """The results of the evaluation, computed from the scores."""
        return self.path / "evaluation.json"

    def read_numbers(self) -> "Evaluation":
        """Read the results of the evaluation.

        Raises:
            FileNotFoundError: There is no evaluation.
            DamagedFileError: The file is damaged.
        """
        from fakeid.evaluation.records.evaluation import Evaluation  # noqa: PLC0415 - loads scipy

        return read_record(self.numbers, Evaluation)

    @property
    def page(self) -> Path:
        """The page that shows the whole evaluation."""
        return self.path / "index.html"

    @property
    def markdown(self) -> Path:
        """The tables of the evaluation as Markdown."""
        return self.path / "evaluation.md"

    @property
    def figures(self) -> Path:
        """The folder of PNG figures."""
        return self.path / "figures"

    @property
    def progress(self) -> Path:
        """The scores of an interrupted evaluation."""
        return self.path / "progress.npz"


@cache
def _find_damage(summary: Path, _: int) -> str | None:
    """Check a summary once per modification time, because a sweep asks every two seconds."""
    try:
        RunFolder(summary.parent).read_summary()
    except (FileNotFoundError, DamagedFileError) as error:
        return str(error)
    return None
