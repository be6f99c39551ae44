"""Build, read, write and match scores: tables with one row per test image, from which all results are computed."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd
from scipy.special import expit

from fakeid.config.constants import FAKE, LABEL_NAMES, OWN_TEST_SET, REAL
from fakeid.config.degradations import NO_DEGRADATION
from fakeid.errors import DataError, OutputError
from fakeid.evaluation.ranking import Floats, Labels
from fakeid.io import write_atomically

Scores: TypeAlias = pd.DataFrame
"""The scores of a detector on a set of images, one row per image, with the columns of `SCORE_COLUMNS`.

Selected rows keep the index of the table that they are selected from.
"""

SCORE_COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "key": "str",  # names the image within its source
        "label": "int64",  # REAL (0) or FAKE (1)
        "category": "str",  # what is depicted
        "generator": "str",  # what made the image; CAMERA for reals
        "degradation": "str",  # what was done to it before the test; NO_DEGRADATION for nothing
        "logit": "float64",  # unbounded; above 0 means fake; NaN if the detector broke down
        "test_set": "str",  # the test set that the image comes from
    }
)
"""Column → dtype."""

_REQUIRED: Final = ("key", "label", "category", "generator", "degradation", "logit")
_FILE_COLUMNS: Final = (*_REQUIRED, "p_fake", "test_set")
_IMAGE: Final = ["test_set", "degradation", "key"]


def build_scores(
    *,
    key: Iterable[str],
    label: Iterable[int],
    category: Iterable[str],
    generator: Iterable[str],
    logit: Iterable[float],
    degradation: str | Iterable[str] = NO_DEGRADATION,
    test_set: str | Iterable[str] = OWN_TEST_SET,
) -> Scores:
    """Build a table of scores from its columns, each of length n.

    >>> build_scores(key=["a.png"], label=[1], category=["cat"], generator=["progan"], logit=[2.5]).logit.tolist()
    [2.5]

    Args:
        key: Names of the images within their source.
        label: Class of each image, `REAL` (0) or `FAKE` (1).
        category: Category that each image depicts.
        generator: Generator of each image; `CAMERA` for reals.
        logit: Logit of each image, above 0 for fake; NaN if the detector broke down.
        degradation: Degradation applied to each image, or one for all; none by default.
        test_set: Test set that each image comes from, or one for all.
    """
    columns: dict[str, Any] = {
        **{"key": key, "label": label, "category": category, "generator": generator},
        **{"degradation": degradation, "logit": logit, "test_set": test_set},
    }
    scores = pd.DataFrame(columns).astype(dict(SCORE_COLUMNS))
    assert scores.label.isin((REAL, FAKE)).all(), "labels must be 0 or 1"
    return scores


def to_arrays(scores: Scores) -> tuple[Labels, Floats]:
    """Return the labels and logits of a table as two arrays (n,)."""
    return scores.label.to_numpy(), scores.logit.to_numpy()


def count_from(scores: Scores, threshold: float) -> Scores:
    """Subtract a threshold from every logit, so that images called fake have logits of at least 0.

    The sign of a difference of two float64 numbers is exact. Ranks, and thus the AUROC, do not change.

    Args:
        scores: Scores with the detector's own logits.
        threshold: Finite threshold on these logits.
    """
    return scores.assign(logit=scores.logit - threshold)


def write_scores(path: Path, scores: Scores) -> None:
    """Write scores atomically to a CSV file, with P(fake) beside each logit.

    Numbers are written with enough digits to restore the same float64.

    Raises:
        OutputError: The folder cannot be written to.
    """
    rows = scores.assign(p_fake=expit(scores.logit))[list(_FILE_COLUMNS)]
    try:
        write_atomically(path, lambda file: rows.to_csv(file, index=False, na_rep="nan", lineterminator="\r\n"))
    except OSError as error:
        raise OutputError(f"the scores cannot be written to {path}: {error.strerror or error}") from error


def read_scores(path: Path) -> Scores:
    """Read a file of scores written by `write_scores`; `p_fake` follows from the logit and is not read.

    Raises:
        DataError: The file is missing, is not UTF-8, lacks a column, or has a row that is not a score.
    """
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise DataError(f"the scores {path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error.reason}); write it again as UTF-8") from error
    try:
        rows = pd.read_csv(
            io.StringIO(text, newline=""), usecols=lambda name: name != "p_fake", dtype=str, na_filter=False
        )
        _check_columns(path, rows.columns)
        # pandas drops the quotes of "a"b, fills up rows that end early, and takes a surplus value for an index.
        if '"' in text or (rows.iloc[:, -1] == "").any() or not isinstance(rows.index, pd.RangeIndex):
            _check_lines(path, text)
        assert rows.label.isin((str(REAL), str(FAKE))).all()
        # Python's own conversion, unlike that of `read_csv`, gives the nearest float64.
        rows["logit"] = rows.logit.to_numpy(dtype=object).astype(np.float64)
    except (AssertionError, ValueError) as error:
        if not isinstance(error, DataError):
            _check_lines(path, text)
        raise
    if "test_set" not in rows:  # not required, so that scores of other programs are easy to write
        rows["test_set"] = OWN_TEST_SET
    return rows[list(SCORE_COLUMNS)].astype(dict(SCORE_COLUMNS))


def _check_columns(path: Path, found: Iterable[str]) -> None:
    missing = [name for name in _REQUIRED if name not in found]
    if missing:
        raise DataError(
            f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; "
            f"a file of scores has {','.join(_FILE_COLUMNS)}"
        )


def _check_lines(path: Path, text: str) -> None:
    """Check the lines of a file and report the first damaged one.

    Raises:
        DataError: A line is damaged.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        _check_columns(path, reader.fieldnames or ())
        for row in reader:
            fault = _find_fault(row)
            if fault:
                raise DataError(f"{path}, line {reader.line_num}: {fault}")
    except csv.Error as error:
        # The outer reader counts a line only after it has been parsed.
        line = reader.reader.line_num
        raise DataError(f"{path}, line {line}: expected comma-separated values, but {error}") from error


def _find_fault(row: Mapping[str, str | None]) -> str | None:
    absent = [name for name in (*_REQUIRED, "test_set") if row.get(name, "") is None]
    if absent or None in row:
        found = "more values than columns" if not absent else f"no {', '.join(absent)}"
        return f"expected one value per column, got {found}; write the file again"
    if row["label"] not in (str(REAL), str(FAKE)):
        return f"label must be {REAL} (real) or {FAKE} (fake), got {row['label']!r}"
    try:
        float(row["logit"] or "")
    except ValueError:
        return f"logit must be a number, got {row['logit']!r}"
    return None


@dataclass(frozen=True, eq=False)
class Pairing:
    """The labels and logits of several detectors on the same images.

    Attributes:
        images: Images that all files contain, sorted by test set, degradation and key, with the categories, generators
            and logits of the first file.
        logits: Logits of each file, (files, n).
        left_out: Number of rows of each file that are missing in another, (files,).
    """

    images: Scores
    logits: Floats
    left_out: tuple[int, ...]


def pair_scores(files: Mapping[str, Scores]) -> Pairing:
    """Match the images of several detectors by test set, degradation and key; the order of rows does not matter.

    Args:
        files: Name, as used in error messages, → scores; at least one.

    Raises:
        DataError: The files have no image in common, a file contains an image twice, or an image is real in one file
            and fake in another.
    """
    for name, scores in files.items():
        _check_unique(name, scores)
    indexed = [scores.set_index(_IMAGE) for scores in files.values()]
    together = pd.concat([table[["label", "logit"]] for table in indexed], axis=1, join="inner", keys=range(len(files)))
    together = together.sort_index()
    if together.empty:
        raise DataError(_explain_nothing_common(files))
    labels, logits = (together.xs(column, axis=1, level=1) for column in ("label", "logit"))
    for place, name in enumerate(files):
        differs = labels[place] != labels[0]
        if differs.any():
            image = labels[differs].iloc[0]
            raise DataError(
                f"expected the same label in every file, but {_name(image.name)} is "
                f"{LABEL_NAMES[image[0]]} in {next(iter(files))} and {LABEL_NAMES[image[place]]} in {name}; "
                "compare detectors that were tested on the same images"
            )
    return Pairing(
        images=indexed[0].loc[together.index].reset_index()[list(SCORE_COLUMNS)],
        logits=logits.to_numpy().T,
        left_out=tuple(len(scores) - len(together) for scores in files.values()),
    )


def join_scores(first: Scores, second: Scores) -> Scores:
    """Append the rows of the second table for images that the first lacks."""
    known, images = (pd.MultiIndex.from_frame(scores[_IMAGE]) for scores in (first, second))
    return pd.concat([first, second[~images.isin(known)]], ignore_index=True)


def _check_unique(name: str, scores: Scores) -> None:
    twice = scores.loc[scores.duplicated(_IMAGE), _IMAGE]
    if len(twice):
        raise DataError(
            f"expected one row for each test_set, degradation and key in {name}, got two for {_name(twice.iloc[0])}; "
            "give each image a key of its own"
        )


def _name(image: Any) -> str:
    test_set, degradation, key = image
    return f"{key!r} (test_set {test_set}, degradation {degradation})"


def _explain_nothing_common(files: Mapping[str, Scores]) -> str:
    examples = [
        f"{name} has {_name(scores[_IMAGE].iloc[0]) if len(scores) else 'no row'}" for name, scores in files.items()
    ]
    return (
        f"expected images that all have in common by test_set, degradation and key, but {', '.join(examples[:2])}; "
        "test them on the same images, as python -m fakeid evaluate RUN does"
    )
