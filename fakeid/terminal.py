"""Turn what goes wrong in a command into one clear message in plain characters, and an exit code."""

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

_NO_MEMORY = re.compile(r"failed to map segment|can(no|')t allocate memory|can't start new thread", re.IGNORECASE)

_TRAINING: Final = {
    "hydra", "omegaconf", "torch", "pytorch_lightning", "lightning_fabric", "timm", "torchmetrics", "wandb", "pandas",
    "scipy", "sklearn", "matplotlib", "lmdb", "joblib", "jinja2", "onnx",
}  # fmt: skip
"""Packages that only training, evaluation and export need."""


@contextmanager
def user_errors() -> Iterator[None]:
    """Print a `FakeidError`, or that memory ran out, as one line on stderr and leave with its exit code.

    Any other exception is a mistake of ours and keeps its traceback. `HYDRA_FULL_ERROR=1` keeps all of them.
    """
    try:
        yield
    except FakeidError as error:
        if _WANTS_TRACEBACKS:
            raise
        _leave(str(error), error.exit_code)
    except (MemoryError, ImportError, OSError, RuntimeError) as error:
        if _WANTS_TRACEBACKS or not _lacks_memory(error):
            raise
        _leave(_explain_lack(error), FakeidError.exit_code)


@contextmanager
def command_line_errors() -> Iterator[None]:
    """Print as `user_errors` does, also for Ctrl-C, `| head`, and what Hydra finds wrong with the command line."""
    print_plainly()
    try:
        # Hydra then raises, where it would print its own rendering and exit.
        with environment_variable("HYDRA_FULL_ERROR", "1"), user_errors(), _closed_output():
            try:
                yield
            finally:
                _end_display()  # before anything is said of what went wrong
    except KeyboardInterrupt:
        _leave("stopped; the same command continues", 130)
    except ModuleNotFoundError as error:
        if _WANTS_TRACEBACKS or error.name is None or error.name.partition(".")[0] not in _TRAINING:
            raise
        _leave(f'this needs {error.name}, which prediction does without: pip install "fakeid[train]"', 1)
    except Exception as error:
        if _WANTS_TRACEBACKS or not _is_about_options(error):
            raise
        from fakeid.config.hydra_errors import explain_hydra_error  # noqa: PLC0415 - prediction does without Hydra

        _leave(explain_hydra_error(error), ConfigError.exit_code)


def _is_about_options(error: Exception) -> bool:
    """Tell whether Hydra or omegaconf found it; of `model=null` Hydra says so in a plain ValueError."""
    found_by = type(error).__module__.partition(".")[0]
    return found_by in ("hydra", "omegaconf") or str(error).startswith("Config group override must be")


def _end_display() -> None:
    if "fakeid.console" in sys.modules:  # it takes a while to load; who has not, shows nothing
        sys.modules["fakeid.console"].end_display()


@contextmanager
def _closed_output() -> Iterator[None]:
    """Leave quietly with 1, as `rich` does, when the reader of what is printed has gone."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()  # or Python does it while it shuts down, where nothing catches the error
    except BrokenPipeError:
        if not _is_abandoned(sys.stdout):
            raise  # of another pipe, such as to a worker
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def _is_abandoned(file: TextIO) -> bool:
    """Tell whether it is a pipe whose other end is closed."""
    poller = select.poll()
    poller.register(file, 0)
    return any(event & select.POLLERR for _, event in poller.poll(0))


def _lacks_memory(error: Exception) -> bool:
    """Tell whether Python, torch, or the loader of libraries such as torch's, got no memory."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    # Who may not load from a disk at all, or lacks room for the library's thread-local variables, reads much the same.
    return bool(_NO_MEMORY.search(str(error))) and not re.search("not permitted|denied|static TLS", str(error))


def _explain_lack(error: Exception) -> str:
    limit = _find_memory_limit()
    if limit is not None:
        return f"memory ran out: a process may take {limit / 1e9:.1f} GB here; raise that with ulimit -v"
    if "start new thread" in str(error):
        return "no more threads can be started: raise what is allowed with ulimit -u, or end other programs"
    return "memory ran out: end other programs, or lower what is done at once, such as optim.batch_size"


def _find_memory_limit() -> int | None:
    """Find the bytes that a process may take; None where there is no limit."""
    try:
        import resource  # noqa: PLC0415 - Windows has none, and only failures need it
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
    """Let this process print plain characters in place of those that its standard output and error do not know.

    Otherwise the first of them would end it in an error, as the dash in the table after a training of hours does where
    the language of the terminal is C or Latin-1.
    """
    codecs.register_error(_HANDLER, _replace)
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue  # a test or a notebook has put something else there
        if (codecs.lookup(stream.encoding).name, stream.errors) != ("utf-8", "surrogateescape"):  # which fits all
            stream.reconfigure(errors=_HANDLER)


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    refused = error.object[error.start : error.end]
    return "".join(map(make_plain, refused)), error.end


def make_plain(character: str) -> str:
    """Replace one character by ASCII: the letter without its accent, a likeness, or a question mark."""
    if character in _PLAIN:
        return _PLAIN[character]
    likeness = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return likeness or ("" if unicodedata.combining(character) else "?")
