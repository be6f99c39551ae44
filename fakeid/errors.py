"""The errors that a user can cause or must act on: each says what is wrong and the way out, in one sentence.

The command line prints such an error as a single line and exits with its `exit_code`; any other exception is a
mistake of ours and keeps its traceback.
"""


class FakeidError(Exception):
    """Base of all errors that are shown to users without a traceback."""

    exit_code = 1


class ConfigError(FakeidError, ValueError):
    """An option is misspelt, out of range, or contradicts another option."""

    exit_code = 2


class DataError(FakeidError, ValueError):
    """A data set is missing, empty, one-sided or too small for what was asked."""


class DamagedFileError(DataError):
    """A file that fakeid wrote cannot be read any more, or holds something else."""


class BadImageError(DataError):
    """One image cannot be used: cut short, not an image, too small or too large.

    Args:
        problem: What is wrong.
        way_out: What a training can do about it; a prediction has others.
    """

    def __init__(self, problem: str, way_out: str = "") -> None:
        super().__init__(problem, way_out)  # both, for it travels between processes
        self.problem = problem
        self.way_out = way_out

    def __str__(self) -> str:
        return f"{self.problem}: {self.way_out}" if self.way_out else self.problem


class CheckpointError(FakeidError, RuntimeError):
    """A checkpoint is missing, unreadable or belongs to another model."""


class OutputError(FakeidError, OSError):
    """A folder that must be written to is read-only, full or in use by another run."""


class WorkerError(FakeidError, RuntimeError):
    """A process that works for this one was ended from outside."""


class DeviceError(FakeidError, RuntimeError):
    """The device that was asked for is not there."""
