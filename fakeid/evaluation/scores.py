"""Scores, one row for each test image: the file from which every number, table and figure is made."""

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from fakeid.config.constants import FAKE, LABEL_NAMES, OWN_TEST_SET, REAL
from fakeid.errors import DataError, OutputError
from fakeid.evaluation.ranking import Floats, Labels
from fakeid.io import write_atomically

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


@dataclass(frozen=True, eq=False)
class OrderedScores:
    """What a run said about some images, ordered by key.

    Attributes:
        digest: Hash of the keys and labels; with the same source, equal digests are the same images.
        label: (n,), 0 or 1.
        logit: (n,), as in the `Scores` that they come from.
    """

    digest: str
    label: Labels
    logit: Floats


def split_by_category(scores: Scores) -> dict[str, OrderedScores]:
    """Split the clean images by category, whatever their order in the file; of their keys only a hash is kept."""
    clean = scores.select(scores.degradation == NO_DEGRADATION)
    return {name: order_by_key(clean.select(clean.category == name)) for name in dict.fromkeys(clean.category.tolist())}


def order_by_key(scores: Scores) -> OrderedScores:
    """Order images by test set and key, so that runs on the same images can be compared image by image."""
    order = np.lexsort((scores.key, scores.test_set))
    images = scores.select(order)
    columns = (images.test_set.tolist(), images.key.tolist(), images.label.tolist())
    lines = "\n".join("\t".join(map(str, image)) for image in zip(*columns, strict=True))
    digest = hashlib.sha256(lines.encode()).hexdigest()[:16]
    return OrderedScores(digest, images.label, images.logit)


_Image = tuple[str, str, str]  # test set, degradation, key


@dataclass(frozen=True, eq=False)
class Pairing:
    """Several detectors on the same images.

    Attributes:
        images: The images that all have, by test set, degradation and key; with the first file's categories,
            generators and logits.
        logits: (files, n).
        left_out: (files,), how many rows of each file others lack.
    """

    images: Scores
    logits: Floats
    left_out: tuple[int, ...]


def pair_scores(files: Mapping[str, Scores]) -> Pairing:
    """Match images by test set, degradation and key; the order of rows does not matter.

    Args:
        files: At least one, by the names that errors use.

    Raises:
        DataError: Nothing in common, an image twice in one file, or an image that is real in one and fake in another.
    """
    places = {name: _index(name, scores) for name, scores in files.items()}
    common = sorted(set.intersection(*(set(index) for index in places.values())))
    if not common:
        raise DataError(_explain_nothing_common(places))
    rows = [np.array([index[image] for image in common]) for index in places.values()]
    labels = [scores.label[chosen] for scores, chosen in zip(files.values(), rows, strict=True)]
    for name, other in zip(files, labels, strict=True):
        if (other != labels[0]).any():
            where = int(np.flatnonzero(other != labels[0])[0])
            raise DataError(
                f"expected the same label in every file, but {_name(common[where])} is "
                f"{LABEL_NAMES[labels[0][where]]} in {next(iter(files))} and {LABEL_NAMES[other[where]]} in {name}; "
                "compare detectors that were tested on the same images"
            )
    return Pairing(
        images=next(iter(files.values())).select(rows[0]),
        logits=np.stack([scores.logit[chosen] for scores, chosen in zip(files.values(), rows, strict=True)]),
        left_out=tuple(len(scores) - len(common) for scores in files.values()),
    )


def join_scores(first: Scores, second: Scores) -> Scores:
    """Put the images that the first lacks behind it."""
    known = set(_list_images(first))
    more = second.select(np.array([image not in known for image in _list_images(second)], dtype=np.bool_))
    return Scores.join([first, more])


def _list_images(scores: Scores) -> list[_Image]:
    return list(zip(scores.test_set.tolist(), scores.degradation.tolist(), scores.key.tolist(), strict=True))


def _index(name: str, scores: Scores) -> dict[_Image, int]:
    images = _list_images(scores)
    index = {image: row for row, image in enumerate(images)}
    if len(index) < len(images):
        twice = next(image for row, image in enumerate(images) if index[image] != row)
        raise DataError(
            f"expected one row for each test_set, degradation and key in {name}, got two for {_name(twice)}; "
            "give each image a key of its own"
        )
    return index


def _name(image: _Image) -> str:
    test_set, degradation, key = image
    return f"{key!r} (test_set {test_set}, degradation {degradation})"


def _explain_nothing_common(places: Mapping[str, Mapping[_Image, int]]) -> str:
    examples = [f"{name} has {_name(next(iter(index))) if index else 'no row'}" for name, index in places.items()]
    return (
        f"expected images that all have in common by test_set, degradation and key, but {', '.join(examples[:2])}; "
        "test them on the same images, as python -m fakeid evaluate RUN does"
    )
