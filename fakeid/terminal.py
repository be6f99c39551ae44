"""Turn errors of a command into one clear message, in characters that the terminal can show, and an exit code."""

import codecs
import errno
import io
import os
import re
import select
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn, TextIO

from fakeid.errors import ConfigError, FakeidError
from fakeid.processes import environment_variable

_WANTS_TRACEBACKS = os.environ.get("HYDRA_FULL_ERROR") == "1"

_NO_MEMORY = re.compile(
    r"failed to map segment|can(no|')t allocate memory|out of memory|can't start new thread", re.IGNORECASE
)

_TRAINING: Final = {
    "hydra", "omegaconf", "torch", "pytorch_lightning", "lightning_fabric", "timm", "torchmetrics", "wandb", "pandas",
    "scipy", "sklearn", "matplotlib", "lmdb", "joblib", "jinja2", "onnx",
}  # fmt: skip
"""Packages that prediction does without: only training, evaluation and export need them."""


@contextmanager
def user_errors() -> Iterator[None]:
    """Print a `FakeidError` or a lack of memory as one line on stderr and exit with the error's exit code.

    Any other exception is a bug and keeps its traceback. `HYDRA_FULL_ERROR=1` keeps all tracebacks.
    """
    try:
        yield
    except FakeidError as error:
        if _WANTS_TRACEBACKS:
            raise
        _leave(str(error), error.exit_code)
    except (MemoryError, ImportError, OSError, RuntimeError) as error:
        if _WANTS_TRACEBACKS or not lacks_memory(error):
            raise
        _leave(_explain_lack(error), FakeidError.exit_code)


@contextmanager
def command_line_errors() -> Iterator[None]:
    """Handle errors as `user_errors` does, and also Ctrl-C, closed pipes (`| head`) and Hydra's command-line errors."""
    print_plainly()
    try:
        # With this variable Hydra raises errors instead of printing its own version and exiting.
        with environment_variable("HYDRA_FULL_ERROR", "1"), user_errors(), _closed_output():
            try:
                yield
            finally:
                _end_display()  # before an error message is printed
    except KeyboardInterrupt:
        anew = " without force=true" if "force=true" in sys.argv else ""
        _leave(f"stopped; the same command{anew} continues", 130)
    except ModuleNotFoundError as error:
        if _WANTS_TRACEBACKS or error.name is None or error.name.partition(".")[0] not in _TRAINING:
            raise
        _leave(f'this command needs {error.name}, which is not installed: pip install "fakeid[train]"', 1)
    except Exception as error:
        if _WANTS_TRACEBACKS or not _is_about_options(error):
            raise
        from fakeid.config.hydra_errors import explain_hydra_error  # noqa: PLC0415 - prediction does without Hydra

        _leave(explain_hydra_error(error), ConfigError.exit_code)


def _is_about_options(error: Exception) -> bool:
    """Tell whether an error comes from Hydra or omegaconf; for `model=null` Hydra raises a plain ValueError."""
    found_by = type(error).__module__.partition(".")[0]
    return found_by in ("hydra", "omegaconf") or str(error).startswith("Config group override must be")


def _end_display() -> None:
    if "fakeid.console" in sys.modules:  # slow to import; if it is not loaded, nothing is shown
        sys.modules["fakeid.console"].end_display()


@contextmanager
def _closed_output() -> Iterator[None]:
    """Exit quietly with status 1, as `rich` does, when the reader of standard output has closed the pipe."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()  # otherwise Python flushes at shutdown, where nothing catches the error
    except BrokenPipeError:
        if not _is_abandoned(sys.stdout):
            raise  # another pipe broke, such as one to a worker
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def _is_abandoned(file: TextIO) -> bool:
    """Tell whether a file is a pipe whose reading end is closed."""
    poller = select.poll()
    poller.register(file, 0)
    return any(event & select.POLLERR for _, event in poller.poll(0))


def lacks_memory(error: BaseException | None) -> bool:
    """Tell whether Python, torch or the dynamic loader failed to allocate memory."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    # A disk mounted noexec, or too little space for thread-local variables, gives a similar message.
    return bool(_NO_MEMORY.search(str(error))) and not re.search("not permitted|denied|static TLS", str(error))


def _explain_lack(error: Exception) -> str:
    limit = _find_memory_limit()
    if limit is not None:
        return f"memory ran out: a process may use {limit / 1e9:.1f} GB here; raise the limit with ulimit -v"
    if "start new thread" in str(error):
        return "no more threads can be started: raise the limit with ulimit -u, or close other programs"
    return "memory ran out: close other programs, or do less at once, for example with a lower optim.batch_size"


def _find_memory_limit() -> int | None:
    """Return the memory limit of a process in bytes; None if there is no limit."""
    try:
        import resource  # noqa: PLC0415 - missing on Windows, and only failures need it
    except ImportError:
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if limit == resource.RLIM_INFINITY else limit


def _leave(message: str, exit_code: int) -> NoReturn:
    print(f"fakeid: {message}", file=sys.stderr)
    raise SystemExit(exit_code)


_PLAIN: Final = {
    "\N{EN DASH}": "-", "\N{EM DASH}": "-", "\N{MINUS SIGN}": "-", "\N{PLUS-MINUS SIGN}": "+-",
    "\N{MULTIPLICATION SIGN}": "x", "\N{RIGHTWARDS ARROW}": "->", "\N{MIDDLE DOT}": "*", "\N{BULLET}": "*",
    "\N{DAGGER}": "+", "\N{LEFT SINGLE QUOTATION MARK}": "'", "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"', "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
}  # fmt: skip
_HANDLER: Final = "fakeid.plain"


def print_plainly() -> None:
    """Replace characters that standard output and error cannot encode by plain ones when this process prints.

    Otherwise the first such character raises an error. In a C or Latin-1 locale this would be the dash in the table at
    the end of a training, hours after it began.
    """
    codecs.register_error(_HANDLER, _replace)
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue  # replaced by a test or a notebook
        if (codecs.lookup(stream.encoding).name, stream.errors) != ("utf-8", "surrogateescape"):  # encodes everything
            stream.reconfigure(errors=_HANDLER)


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    refused = error.object[error.start : error.end]
    return "".join(map(make_plain, refused)), error.end


def make_plain(character: str) -> str:
    """Replace one character by ASCII: the letter without its accent, a similar character, or a question mark."""
    if character in _PLAIN:
        return _PLAIN[character]
    likeness = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return likeness or ("" if unicodedata.combining(character) else "?")
