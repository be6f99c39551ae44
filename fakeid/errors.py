"""Define the errors that a user can cause or must act on: each says in one sentence what is wrong and how to fix it.

The command line prints such an error as a single line and exits with its `exit_code`. Any other exception is a bug in
fakeid and keeps its traceback.
"""


class FakeidError(Exception):
    """Base class of all errors that are shown to users without a traceback."""

    exit_code = 1


class ConfigError(FakeidError, ValueError):
    """Raised when an option is misspelled, out of range, or contradicts another option."""

    exit_code = 2


class DataError(FakeidError, ValueError):
    """Raised when a data set is missing, empty, of one class only, or too small for the requested run."""


class DamagedFileError(DataError):
    """Raised when a file written by fakeid can no longer be read or holds unexpected content."""


class BadImageError(DataError):
    """Raised when an image cannot be used: truncated, not an image, too small or too large.

    Args:
        problem: Description of the problem.
        way_out: Remedy in a training; a prediction has other remedies.
    """

    def __init__(self, problem: str, way_out: str = "") -> None:
        super().__init__(problem, way_out)  # both, because it is pickled between processes
        self.problem = problem
        self.way_out = way_out

    def __str__(self) -> str:
        return f"{self.problem}: {self.way_out}" if self.way_out else self.problem


class UnreadableImageError(BadImageError):
    """Raised when an image cannot be read, which says nothing about the image: the next attempt may succeed."""


class CheckpointError(FakeidError, RuntimeError):
    """Raised when a checkpoint is missing, unreadable or belongs to another model."""


class OutputError(FakeidError, OSError):
    """Raised when an output folder is read-only, full or in use by another run."""


class WorkerError(FakeidError, RuntimeError):
    """Raised when a worker process was killed from outside."""


class DeviceError(FakeidError, RuntimeError):
    """Raised when the requested device is not available."""
