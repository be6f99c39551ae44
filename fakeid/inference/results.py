"""Write predictions row by row to CSV or JSON Lines files that can be continued after an interruption."""

import contextlib
import csv
import hashlib
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import IO, Any, Final

from fakeid.errors import OutputError
from fakeid.inference.prediction import SCHEMA, Prediction

COLUMNS: Final = (*(each.name for each in fields(Prediction)), "schema")
"""The columns of the CSV file. The last is never text, so that a truncated row can be recognized."""

_QUOTE: Final = "'"
_QUOTED: Final = ("=", "+", "-", "@", "\t", "\r", _QUOTE)
"""The characters that a spreadsheet takes for the start of a formula, and the quote that marks a cell as text."""


def to_csv(prediction: Prediction) -> str:
    """Format a prediction as a CSV row; an apostrophe is put before text that a spreadsheet would run as a formula."""
    values = {**asdict(prediction), "caveats": "; ".join(each.text for each in prediction.caveats), "schema": SCHEMA}
    return _write_row([_to_cell(values[name]) for name in COLUMNS])


def to_json(prediction: Prediction) -> str:
    """Format a prediction as one line of JSON in ASCII."""
    return json.dumps({"schema": SCHEMA, **asdict(prediction)}) + "\n"


def hash_path(path: str) -> bytes:
    """Hash the absolute form of a path to 8 bytes, to keep a set of a million paths small."""
    absolute = str(Path(path).absolute())
    return hashlib.blake2b(absolute.encode("utf-8", "surrogateescape"), digest_size=8).digest()


def _write_row(cells: list[str]) -> str:
    row = io.StringIO()
    csv.writer(row, lineterminator="\r\n").writerow(cells)
    return row.getvalue()


def _to_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    text = str(getattr(value, "value", value))
    return f"{_QUOTE}{text}" if text.startswith(_QUOTED) else text


def _from_cell(text: str) -> str:
    return text.removeprefix(_QUOTE)


class ResultFile(ABC):
    """A file with one row per image, whose complete rows survive any interruption of the program.

    An incomplete row at the end of an existing file is cut off. A new file that gets no row is removed again, so that
    the same command can be given once more.

    Args:
        path: Path of the file.
        model: Name of the model whose predictions are written.
        resume: Whether to continue an existing file after its last complete row.

    Raises:
        OutputError: The file exists and `resume` is not set, another process is writing it, or it contains something
            else.

    Attributes:
        judged: Hashes of the paths of the images that already have a row; see `hash_path`.
    """

    _header: str
    """The text with which a new file begins, before any row."""

    _start: str
    """The ASCII text with which every file of this format begins."""

    def __init__(self, path: Path, model: str, *, resume: bool) -> None:
        self.path = path
        self._model = model
        if path.exists() and not resume:
            raise OutputError(f"{path} already exists: continue it with --resume, or name another file")
        self._is_unused = not path.exists()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("x+b" if self._is_unused else "r+b")
        except OSError as error:
            raise OutputError(f"cannot write to {path} ({error.strerror or error}): name another file") from error
        with self._closed_on_errors():
            self._lock()
            self.judged = self._continue()

    def _continue(self) -> set[bytes]:
        """Move behind the last complete row, cut off what follows, and list the images that have a row."""
        end = 0
        judged = set()
        for path, behind in self._read_rows():
            judged.add(hash_path(path))
            end = behind
        self._file.truncate(end)
        self._file.seek(end)
        if not end:
            self._file.write(self._header.encode())
        return judged

    def write(self, prediction: Prediction) -> None:
        """Write one row, unless the file already has one of this image."""
        if hash_path(prediction.path) not in self.judged:
            self._file.write(self._encode(prediction).encode())
            self._is_unused = False

    def flush(self) -> None:
        """Hand all rows to the operating system, so that they survive if this program is killed.

        Raises:
            OutputError: The file cannot be written, for example because the disk is full.
        """
        try:
            self._file.flush()
        except OSError as error:
            reason = error.strerror or error
            raise OutputError(f"cannot write to {self.path} ({reason}): fix this, then use --resume") from error

    def close(self) -> None:
        """Write the remaining rows and close the file, or remove it if it is new and has no row."""
        try:
            self.flush()
        finally:
            with contextlib.suppress(OSError):  # already reported; close() writes again
                self._file.close()
            if self._is_unused:
                self.path.unlink(missing_ok=True)

    @abstractmethod
    def _encode(self, prediction: Prediction) -> str:
        """Format one row."""

    @abstractmethod
    def _decode(self, lines: Iterator[bytes]) -> Iterator[tuple[str, str]]:
        """Read path and model of each complete row.

        Raises:
            ValueError: The file does not have this format.
        """

    def _read_rows(self) -> Iterator[tuple[str, int]]:
        """Read the path of each complete row and the position at which the row ends."""
        self._file.seek(0)
        begin = self._file.read(len(self._start))
        if not self._start.encode().startswith(begin):
            raise ValueError("it begins differently")
        self._file.seek(0)
        lines = _CountedLines(self._file)
        for path, model in self._decode(lines):
            if model != self._model:
                raise OutputError(f"{self.path} contains results of {model}, not of {self._model}: name another file")
            yield path, lines.position

    def _lock(self) -> None:
        with contextlib.suppress(ImportError):  # Windows has no fcntl
            import fcntl  # noqa: PLC0415

            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise OutputError(f"another process is writing {self.path}: wait, or name another file") from error

    @contextlib.contextmanager
    def _closed_on_errors(self) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            self._file.close()
            raise OutputError(f"{self.path} is no output of fakeid predict ({error}): name another file") from error
        except BaseException:
            self._file.close()
            raise


class _CountedLines(Iterator[bytes]):
    """The lines of a file, with the position at which the last line read ends."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.position = 0

    def __next__(self) -> bytes:
        line = next(self._file)
        self.position += len(line)
        return line


class CsvFile(ResultFile):
    """Predictions as CSV in UTF-8 with a header."""

    _header = _start = _write_row(list(COLUMNS))

    def _encode(self, prediction: Prediction) -> str:
        return to_csv(prediction)

    def _decode(self, lines: Iterator[bytes]) -> Iterator[tuple[str, str]]:
        # A last line without a line end is part of a truncated row.
        rows = csv.reader(line.decode() for line in lines if line.endswith(b"\n"))
        for number, row in enumerate(rows):
            if number == 0:
                continue
            if len(row) == len(COLUMNS) and row[-1] == str(SCHEMA):
                named = dict(zip(COLUMNS, row, strict=True))
                yield _from_cell(named["path"]), _from_cell(named["model"])
            else:
                return  # truncated within a cell that spans several lines


class JsonLinesFile(ResultFile):
    """Predictions as JSON Lines."""

    _header = ""
    _start = f'{{"schema": {SCHEMA}, '

    def _encode(self, prediction: Prediction) -> str:
        return to_json(prediction)

    def _decode(self, lines: Iterator[bytes]) -> Iterator[tuple[str, str]]:
        for line in lines:
            if not line.endswith(b"\n"):
                return
            row = json.loads(line)
            yield str(row["path"]), str(row["model"])
