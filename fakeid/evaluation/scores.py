"""One row of scores for each test image: the file from which every number, table and figure is made."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from fakeid.errors import DataError, OutputError
from fakeid.files import write_atomically
from fakeid.vocabulary import FAKE, OWN_TEST_SET, REAL

NO_DEGRADATION: Final = "none"
"""The `degradation` of an image that was tested as it is."""

_REQUIRED: Final = ("key", "label", "category", "generator", "degradation", "logit")
_INPUTS: Final = (*_REQUIRED, "test_set")
_COLUMNS: Final = (*_REQUIRED, "p_fake", "test_set")
_DTYPES: Final = {"label": np.int64, "logit": np.float64}


@dataclass(frozen=True, eq=False)
class Scores:
    """What a detector said about a set of images, one entry an image in arrays of equal length (n,).

    Lists are accepted and become arrays.

    Attributes:
        key: Names the image within its source.
        label: `REAL` (0) or `FAKE` (1).
        category: What is depicted.
        generator: What made the image; `CAMERA` for reals.
        degradation: What was done to it before the test; `NO_DEGRADATION` for nothing.
        logit: float64, any size; above 0 means fake. NaN where the detector broke down.
        test_set: Where it comes from; by default all of it is `OWN_TEST_SET`.
    """

    key: npt.NDArray[np.str_]
    label: npt.NDArray[np.int64]
    category: npt.NDArray[np.str_]
    generator: npt.NDArray[np.str_]
    degradation: npt.NDArray[np.str_]
    logit: npt.NDArray[np.float64]
    test_set: npt.NDArray[np.str_] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.test_set is None:
            object.__setattr__(self, "test_set", np.full(len(self.key), OWN_TEST_SET))
        for field in fields(self):
            column = np.asarray(getattr(self, field.name), dtype=_DTYPES.get(field.name, np.str_))
            assert column.shape == (len(self.key),), f"{field.name} has shape {column.shape}, not ({len(self.key)},)"
            object.__setattr__(self, field.name, column)
        assert np.isin(self.label, (REAL, FAKE)).all(), "labels must be 0 or 1"

    def __len__(self) -> int:
        return len(self.key)

    @property
    def p_fake(self) -> npt.NDArray[np.float64]:
        """Probability of being fake, in [0, 1]: the logistic function of the logit, without overflow."""
        return np.asarray(expit(self.logit), dtype=np.float64)

    def select(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "Scores":
        """The images where a mask (n,) holds, in their order, or those at some places, in the order of the places."""
        return Scores(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def count_from(self, threshold: float) -> "Scores":
        """The same with every logit counted from a threshold, so that what it calls fake is what is at 0 or above.

        Ranks, and with them the AUROC, stay; `p_fake` loses its meaning.

        Args:
            threshold: Finite.
        """
        with np.errstate(over="ignore"):  # infinity is what lies beyond the largest number
            # The sign of a difference of two float64 is exact.
            return replace(self, logit=self.logit - threshold)

    @staticmethod
    def join(parts: "Sequence[Scores]") -> "Scores":
        """The rows of several, one after the other."""
        return Scores(
            **{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Scores)}
        )


def write_scores(path: Path, scores: Scores) -> None:
    """Write a CSV file that is there whole or not at all.

    Numbers are written with as many digits as it takes to read the same float64 again.

    Raises:
        OutputError: The folder cannot be written to.
    """
    columns = [getattr(scores, name).tolist() for name in _COLUMNS]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    writer.writerows(zip(*columns, strict=True))
    try:
        write_atomically(path, lambda file: file.write(text.getvalue().encode()))
    except OSError as error:
        raise OutputError(f"the scores cannot be written to {path}: {error.strerror or error}") from error


def read_scores(path: Path) -> Scores:
    """Read what `write_scores` wrote; `p_fake` follows from the logit and is not read.

    Raises:
        DataError: The file is missing, is not UTF-8, lacks a column, or has a row that is not a score.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, strict=True)
            _check_columns(path, reader.fieldnames or ())
            rows = [_parse_row(path, reader.line_num, row) for row in reader]
    except OSError as error:
        raise DataError(f"the scores {path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error.reason}); write it again as UTF-8") from error
    except csv.Error as error:
        # The outer reader counts a line only once it is parsed.
        line = reader.reader.line_num
        raise DataError(f"{path}, line {line}: expected comma-separated values, but {error}") from error
    columns = zip(*rows, strict=True) if rows else ((),) * len(_INPUTS)
    return Scores(**{name: np.asarray(column) for name, column in zip(_INPUTS, columns, strict=True)})


def _check_columns(path: Path, found: Iterable[str]) -> None:
    missing = [name for name in _REQUIRED if name not in found]
    if missing:
        raise DataError(
            f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; "
            f"a file of scores has {','.join(_COLUMNS)}"
        )


def _parse_row(path: Path, line: int, row: Mapping[str, str | None]) -> tuple[str | int | float, ...]:
    row = {"test_set": OWN_TEST_SET, **row}  # files of earlier releases have no such column
    absent = [name for name in _INPUTS if row[name] is None]
    if absent or None in row:
        found = "more values than columns" if not absent else f"no {', '.join(absent)}"
        raise DataError(f"{path}, line {line}: expected one value a column, got {found}; write the file again")
    texts = {name: row[name] or "" for name in _INPUTS}
    if texts["label"] not in (str(REAL), str(FAKE)):
        raise DataError(f"{path}, line {line}: label must be {REAL} (real) or {FAKE} (fake), got {texts['label']!r}")
    try:
        logit = float(texts["logit"])
    except ValueError:
        raise DataError(f"{path}, line {line}: logit must be a number, got {texts['logit']!r}") from None
    parsed: dict[str, str | int | float] = {**texts, "label": int(texts["label"]), "logit": logit}
    return tuple(parsed[name] for name in _INPUTS)
