"""What a user sees when a command fails: one clear message and an exit code, no traceback."""

import dataclasses
import difflib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from hydra.errors import HydraException, MissingConfigException
from omegaconf.errors import OmegaConfBaseException

from fakeid.config import Config
from fakeid.environment import environment_variable
from fakeid.errors import ConfigError, FakeidError
from fakeid.plain_text import print_plainly

_WANTS_TRACEBACKS = os.environ.get("HYDRA_FULL_ERROR") == "1"
_GROUPS = ("data", "color", "residual", "augment", "model", "protocol", "optim", "trainer", "logger", "evaluation")

_INSTALL = ' here yet (pip install -e ".[{}]" adds it)'
_LAUNCHERS = {
    **dict.fromkeys(("joblib", "submitit_local", "submitit_slurm"), _INSTALL.format("launchers")),
    "ray": _INSTALL.format("ray"),
}


@contextmanager
def user_errors() -> Iterator[None]:
    """Print a `FakeidError` as one line on stderr and leave with its exit code.

    Any other exception is a mistake of ours and keeps its traceback. `HYDRA_FULL_ERROR=1` keeps all of them.
    """
    try:
        yield
    except FakeidError as error:
        if _WANTS_TRACEBACKS:
            raise
        _leave(str(error), error.exit_code)


@contextmanager
def command_line_errors() -> Iterator[None]:
    """The same for what Hydra and omegaconf find wrong with the command line, and for Ctrl-C; on any terminal."""
    print_plainly()
    try:
        # Hydra then raises, where it would print its own rendering and exit.
        with environment_variable("HYDRA_FULL_ERROR", "1"), user_errors():
            yield
    except (HydraException, OmegaConfBaseException) as error:
        if _WANTS_TRACEBACKS:
            raise
        _leave(_explain(error), ConfigError.exit_code)
    except KeyboardInterrupt:
        _leave("stopped; the same command continues", 130)


def _leave(message: str, exit_code: int) -> NoReturn:
    print(f"fakeid: {message}", file=sys.stderr)
    raise SystemExit(exit_code)


def _explain(error: Exception) -> str:
    """Hydra's and omegaconf's several lines as one sentence, with near matches where a name is wrong."""
    cause: BaseException = error
    while isinstance(cause.__cause__, HydraException | OmegaConfBaseException):
        if isinstance(cause, MissingConfigException):
            break
        cause = cause.__cause__
    text = f"{error}\n{cause}"
    if isinstance(cause, MissingConfigException) and cause.missing_cfg_file and cause.options:
        group, _, choice = cause.missing_cfg_file.rpartition("/")
        more = _LAUNCHERS.get(choice, "") if group == "hydra/launcher" else ""
        return f"{group} has no choice {choice}{more}; it has {', '.join(cause.options)}"
    unknown = re.search(r"Could not override '([^']+)'|Key '([^']+)' (?:is )?not in", text)
    if unknown:
        name = unknown.group(1) or unknown.group(2)
        return f"there is no option {name}{_near(name)}; see --help"
    path = re.search(r"full_key: (\S+)", text)
    first_line = next(line for line in str(cause).splitlines() if line.strip())
    return f"{path.group(1)}: {first_line}" if path else first_line


def _near(name: str) -> str:
    options = list(_GROUPS) + _option_paths(Config)
    found = difflib.get_close_matches(name, options, n=3, cutoff=0.6)
    last = name.rsplit(".", maxsplit=1)[-1]
    found += [path for path in options if path.split(".")[-1] == last and path not in found]
    return f"; did you mean {' or '.join(found)}?" if found else ""


def _option_paths(schema: type, prefix: str = "") -> list[str]:
    paths: list[str] = []
    for entry in dataclasses.fields(schema):
        if dataclasses.is_dataclass(entry.type):
            paths += _option_paths(entry.type, f"{prefix}{entry.name}.")  # type: ignore[arg-type]
        else:
            paths.append(prefix + entry.name)
    return paths
