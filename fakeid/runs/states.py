"""Determine the states of runs: done, running, interrupted, failed, damaged or not started."""

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Final

from filelock import FileLock, Timeout

from fakeid.config.options import RESULTS, list_options
from fakeid.config.parse import Config
from fakeid.config.schema import EvaluationConfig
from fakeid.errors import DamagedFileError
from fakeid.runs.layout import DONE, FAILED, INTERRUPTED, RUNNING, EvaluationFolder, RunFolder

NEW: Final = "new"
DAMAGED: Final = "damaged"
"""A file that records the progress of the run cannot be read; the same command finds out what is left to do."""

STATES: Final = (DONE, RUNNING, FAILED, INTERRUPTED, DAMAGED, NEW)


@dataclass(frozen=True)
class State:
    """The state of one run at one moment.

    Attributes:
        name: One of `STATES`.
        epochs_done: Number of complete epochs that are saved.
        epochs: Number of epochs requested; 0 before the first one starts.
        reason: Reason for a failure, or a description of the damage.
        who: Host and ID of the process that last wrote the status.
    """

    name: str
    epochs_done: int = 0
    epochs: int = 0
    reason: str | None = None
    who: str = ""


def read_state(run: RunFolder) -> State:
    """Read the state of a run without disturbing it; a run whose process was killed counts as interrupted."""
    status, damage = run.read_status(), run.find_damage()
    name = DAMAGED if damage else status.state if status else NEW
    if name != DONE:
        name = RUNNING if _is_locked(run) else INTERRUPTED if name == RUNNING else name
    if not status:
        return State(name, reason=damage)
    reason = damage if name == DAMAGED else status.reason if name == FAILED else None
    return State(name, status.epochs_done, status.epochs, reason, f"{status.host}:{status.process}")


def is_complete(run: RunFolder, config: Config) -> bool:
    """Tell whether everything that the options request is done."""
    return not config.force and run.is_done() and not lacks_evaluation(run, config)


def lacks_evaluation(run: RunFolder, config: Config) -> bool:
    """Tell whether the options request an evaluation that the run does not have."""
    if not config.evaluation.is_wanted:
        return False
    numbers = run.evaluation.numbers
    if not numbers.exists():
        return True
    done = _read_options(run.evaluation, numbers.stat().st_mtime_ns)
    return done is None or _drop_learnt(done) != _drop_learnt(asdict(config.evaluation))


def _drop_learnt(options: dict[str, Any]) -> dict[str, Any]:
    """Drop options that affect the training: a run has one value of each, not recorded by earlier releases."""
    learnt = {each.path for each in list_options(EvaluationConfig) if each.affects in RESULTS}
    return {name: value for name, value in options.items() if name not in learnt}


@cache
def _read_options(evaluation: EvaluationFolder, _: int) -> Any:
    """Read the options of an evaluation once per modification time, because a sweep asks often; None if damaged."""
    try:
        return evaluation.read_numbers().evaluation
    except DamagedFileError:
        return None


def _is_locked(run: RunFolder) -> bool:
    if not run.path.is_dir():
        return False
    try:
        with FileLock(run.path / ".lock", timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # no right to lock: what the status says is all that is known
        status = run.read_status()
        return status is not None and status.state == RUNNING
