"""The states of the runs of a folder: done, running, interrupted, failed, damaged, or not begun."""

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
"""A file that tells how far the run is cannot be read; the same command finds out what is left to do."""

STATES: Final = (DONE, RUNNING, FAILED, INTERRUPTED, DAMAGED, NEW)


@dataclass(frozen=True)
class State:
    """The state of one run at one moment.

    Attributes:
        name: One of `STATES`.
        epochs_done: Whole epochs that are saved.
        epochs: All that are asked for; 0 before the first is begun.
        reason: Why it failed, or what is damaged.
        who: Host and process of the last one that wrote to it.
    """

    name: str
    epochs_done: int = 0
    epochs: int = 0
    reason: str | None = None
    who: str = ""


def read_state(run: RunFolder) -> State:
    """Read the state of a run without disturbing it; one whose process was killed counts as interrupted."""
    status, damage = run.read_status(), run.find_damage()
    name = DAMAGED if damage else status.state if status else NEW
    if name != DONE:
        name = RUNNING if _is_locked(run) else INTERRUPTED if name == RUNNING else name
    if not status:
        return State(name, reason=damage)
    reason = damage if name == DAMAGED else status.reason if name == FAILED else None
    return State(name, status.epochs_done, status.epochs, reason, f"{status.host}:{status.process}")


def is_complete(run: RunFolder, config: Config) -> bool:
    """Tell whether nothing is left to do of what the options ask for."""
    return not config.force and run.is_done() and not lacks_evaluation(run, config)


def lacks_evaluation(run: RunFolder, config: Config) -> bool:
    """Tell whether the options ask for an evaluation that the run does not have."""
    if not config.evaluation.is_wanted:
        return False
    numbers = run.evaluation.numbers
    if not numbers.exists():
        return True
    done = _read_options(run.evaluation, numbers.stat().st_mtime_ns)
    return done is None or _drop_learnt(done) != _drop_learnt(asdict(config.evaluation))


def _drop_learnt(options: dict[str, Any]) -> dict[str, Any]:
    """Leave out what decides the training: a run has one value, and one of an earlier release does not name it."""
    learnt = {each.path for each in list_options(EvaluationConfig) if each.affects in RESULTS}
    return {name: value for name, value in options.items() if name not in learnt}


@cache
def _read_options(evaluation: EvaluationFolder, _: int) -> Any:
    """Read the options of an evaluation once for each time of its file, for a sweep asks often; None if damaged."""
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
    except (Timeout, OSError):
        return True
