"""File facts as numbers for a probe."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from fakeid.audit.facts import FileFacts
from fakeid.evaluation.metrics import Floats

_NO_QUALITY: Final = 0.0  # below every quality; the container says why


def encode_file_facts(facts: Sequence[FileFacts]) -> tuple[Floats, list[str]]:
    """Sizes and bytes as logarithms, container and subsampling as one column for each value that occurs.

    Returns:
        (n, d), and the names of the d columns.
    """
    columns: dict[str, list[float]] = {
        "width": [np.log2(each.width) for each in facts],
        "height": [np.log2(each.height) for each in facts],
        "bytes_per_pixel": [np.log2(each.bytes_per_pixel) for each in facts],
        "jpeg_quality": [_NO_QUALITY if each.jpeg_quality is None else each.jpeg_quality for each in facts],
        "exif": [each.has_exif for each in facts],
    }
    for container in sorted({each.container for each in facts}):
        columns[f"container {container}"] = [each.container == container for each in facts]
    for subsampling in sorted({each.subsampling for each in facts if each.subsampling}):
        columns[f"subsampling {subsampling}"] = [each.subsampling == subsampling for each in facts]
    return np.column_stack([np.asarray(column, np.float64) for column in columns.values()]), list(columns)
