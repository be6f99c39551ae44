"""Parse the test sets of an evaluation as they are typed."""

import re
from pathlib import PurePath
from typing import NamedTuple

from fakeid.config.schema import EvaluationConfig


class NamedFolder(NamedTuple):
    """A folder of images to test on.

    Attributes:
        name: Name that was given, or else that of the folder.
        folder: Path of the folder.
        all_real: Whether all images below it are real photos; otherwise subfolders separate the classes.
    """

    name: str
    folder: str
    all_real: bool = False


def name_test_sets(evaluation: EvaluationConfig) -> list[NamedFolder]:
    """Parse name and folder of each test set besides the run's own, written DIR or NAME:DIR."""
    typed = [(word, False) for word in evaluation.sets] + [(word, True) for word in evaluation.reals]
    matched = [(re.fullmatch(r"(?:([^/:\\]+):)?(.+)", word), all_real) for word, all_real in typed]
    return [
        NamedFolder(match[1] or PurePath(match[2]).name, match[2], all_real) for match, all_real in matched if match
    ]
