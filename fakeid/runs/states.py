"""What became of the runs of a folder: done, running, interrupted, failed, or not begun."""

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from fakeid.config import Config
from fakeid.files import read_json
from fakeid.runs.layout import DONE, FAILED, INTERRUPTED, RUNNING, RunFolder

NEW: Final = "new"
STATES: Final = (DONE, RUNNING, FAILED, INTERRUPTED, NEW)


@dataclass(frozen=True)
class State:
    """One run at one moment.

    Attributes:
        name: One of `STATES`.
        epochs_done: Whole epochs that are saved.
        epochs: All that are asked for; 0 before the first is begun.
        reason: Why it failed.
        who: Host and process of the last one that wrote to it.
    """

    name: str
    epochs_done: int = 0
    epochs: int = 0
    reason: str | None = None
    who: str = ""


def read_state(run: RunFolder) -> State:
    """Look at a run without disturbing it; one whose process was killed counts as interrupted."""
    status = run.read_status()
    if not status:
        return State(RUNNING if _is_locked(run) else NEW)
    name = status["state"]
    if name != DONE:
        name = RUNNING if _is_locked(run) else INTERRUPTED if name == RUNNING else name
    who = f"{status['host']}:{status['process']}"
    return State(name, status["epochs_done"], status["epochs"], status["reason"] if name == FAILED else None, who)


def is_complete(run: RunFolder, config: Config) -> bool:
    """Whether nothing is left to do of what the options ask for."""
    return not config.force and run.is_done() and not lacks_evaluation(run, config)


def lacks_evaluation(run: RunFolder, config: Config) -> bool:
    """Whether the options ask for an evaluation that the run does not have."""
    if not config.evaluation.is_wanted:
        return False
    numbers = run.evaluation.numbers
    return not numbers.exists() or _read_options(numbers, numbers.stat().st_mtime_ns) != asdict(config.evaluation)


@cache
def _read_options(numbers: Path, _: int) -> Any:
    """Of an evaluation, read once for each time of its file: a sweep asks every other second."""
    return read_json(numbers).get("evaluation")


def _is_locked(run: RunFolder) -> bool:
    if not run.path.is_dir():
        return False
    try:
        with FileLock(run.path / ".lock", timeout=0):
            return False
    except (Timeout, OSError):
        return True
