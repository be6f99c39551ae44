"""The audit's facts in numbers for a table and for histograms."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from fakeid.audit.facts import FileFacts
from fakeid.evaluation.metrics import Floats, Labels
from fakeid.vocabulary import LABEL_NAMES

NO_FILE: Final = "no file"
"""Container of an image that is drawn and not read."""

_BINS: Final = 24
_TAIL_PERCENT: Final = 0.5  # what lies beyond is counted in the outermost bins


def describe_class(facts: Sequence[FileFacts | None], pixels: Floats, pixel_names: Sequence[str]) -> dict[str, Any]:
    """One column of the table.

    Args:
        facts: Of the n images of one class.
        pixels: (n, d), their pixel facts.
        pixel_names: (d,).

    Returns:
        `num_images`; `containers`, `sizes` and `subsampling` as counts by value, the most frequent first;
        `jpeg_quality` with `median`, `low`, `high`; `exif`, the share of files that have it; `bytes_per_pixel` and
        each pixel fact with `mean` and `std`. None where there is nothing to describe.
    """
    files = [each for each in facts if each is not None]
    qualities = [each.jpeg_quality for each in files if each.jpeg_quality is not None]
    return {
        "num_images": len(facts),
        "containers": count_values([NO_FILE if each is None else each.container for each in facts]),
        "sizes": count_values([f"{each.width} x {each.height}" for each in files]),
        "jpeg_quality": _describe_range(qualities),
        "subsampling": count_values([each.subsampling for each in files if each.subsampling is not None]),
        "exif": float(np.mean([each.has_exif for each in files])) if files else None,
        "bytes_per_pixel": _describe_spread(np.array([each.bytes_per_pixel for each in files])),
        **{name: _describe_spread(column) for name, column in zip(pixel_names, pixels.T, strict=True)},
    }


def count_values(values: Sequence[str]) -> dict[str, int]:
    """How often each value occurs, the most frequent first."""
    return dict(Counter(values).most_common())


def _describe_range(values: Sequence[int]) -> dict[str, float] | None:
    if not values:
        return None
    return {"median": float(np.median(values)), "low": min(values), "high": max(values)}


def _describe_spread(values: Floats) -> dict[str, float] | None:
    return {"mean": float(values.mean()), "std": float(values.std())} if len(values) else None


def draw_histograms(columns: Mapping[str, Floats], labels: Labels) -> dict[str, dict[str, list[float]]]:
    """Counts in common bins for both classes.

    Args:
        columns: Name → (n,) values, NaN where an image has none.
        labels: (n,).

    Returns:
        Name → `edges` and the counts `real` and `fake`; a fact that no image has is left out.
    """
    histograms = {}
    for name, values in columns.items():
        known = ~np.isnan(values)
        if not known.any():
            continue
        low, high = np.percentile(values[known], (_TAIL_PERCENT, 100 - _TAIL_PERCENT))
        edges = np.histogram_bin_edges(np.clip(values[known], low, high), _BINS)
        histograms[name] = {"edges": edges.tolist()} | {
            word: np.histogram(np.clip(values[known & (labels == label)], low, high), edges)[0].tolist()
            for label, word in enumerate(LABEL_NAMES)
        }
    return histograms
