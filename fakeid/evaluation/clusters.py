"""Which images share a source: they are no independent witnesses."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

import numpy as np
import numpy.typing as npt

from fakeid.errors import ConfigError
from fakeid.vocabulary import CLASS_SUFFIX

STEM: Final = "stem"
"""Images of a category with the same file name but for folder, ending, and `_real` or `_fake`: a photo and what a
generator made of it."""


def name_clusters(keys: Sequence[str], categories: Sequence[str], by: str) -> npt.NDArray[np.str_]:
    """The cluster of each image, from its key; images of different categories never share one.

    Args:
        keys: (n,), paths with forward slashes.
        categories: (n,).
        by: `stem`, or a regular expression such as `scene_[0-9]+`: what its groups match (where it has none, all that
            it matches) names the cluster. An image whose key it is not found in is a cluster of its own.

    Returns:
        (n,).

    Raises:
        ConfigError: `by` is no regular expression.
    """
    try:
        pattern = re.compile(by)
    except re.error as error:
        raise ConfigError(
            f"cluster must be {STEM} or a regular expression that is found in the keys of images, such as "
            f"'scene_[0-9]+', got {by!r}: {error}"
        ) from error
    names = []
    for key, category in zip(keys, categories, strict=True):
        if by == STEM:
            parts: tuple[str, ...] = (CLASS_SUFFIX.sub("", PurePosixPath(key).stem),)
        elif found := pattern.search(key):
            parts = tuple(part or "" for part in found.groups()) or (found[0],)
        else:
            parts = ("", key)  # a key of its own; no match is that long
        names.append("\n".join((category, *parts)))
    return np.array(names, dtype=np.str_)
