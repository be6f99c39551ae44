"""The images that several files of scores have in common, in one order."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fakeid.errors import DataError
from fakeid.evaluation.metrics import Floats
from fakeid.evaluation.scores import Scores
from fakeid.vocabulary import LABEL_NAMES

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
