"""The names of the test sets of an evaluation, as they are typed."""

import re
from pathlib import PurePath
from typing import NamedTuple

from fakeid.config.schema import EvaluationConfig


class NamedFolder(NamedTuple):
    """A folder of images to test on.

    Attributes:
        name: The one given, or that of the folder.
        folder: Its place.
        all_real: Whether all images below it are real photos; otherwise folders tell the classes apart.
    """

    name: str
    folder: str
    all_real: bool = False


def name_test_sets(evaluation: EvaluationConfig) -> list[NamedFolder]:
    """Read name and folder of each test set beside the run's own, written DIR or NAME:DIR."""
    typed = [(word, False) for word in evaluation.sets] + [(word, True) for word in evaluation.reals]
    matched = [(re.fullmatch(r"(?:([^/:\\]+):)?(.+)", word), all_real) for word, all_real in typed]
    return [
        NamedFolder(match[1] or PurePath(match[2]).name, match[2], all_real) for match, all_real in matched if match
    ]
