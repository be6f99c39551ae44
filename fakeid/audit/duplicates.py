"""Images that a split shares with another: the same pixels, or the same look."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fakeid.images.fingerprint import FEATURELESS

MAX_DISTANCE: Final = 4
"""Differing bits of the perceptual hash up to which two images count as copies."""

EXAMPLES: Final = 50

_PAIRS_AT_ONCE: Final = 2_000_000  # some 100 MB
_INDEX_BITS: Final = 32
_NOTHING: Final = np.iinfo(np.int64).max

# One of more bands than differing bits must be equal. Every fifth bit, because neighboring frequencies go together.
_BANDS: Final = tuple(
    np.uint64(sum(1 << bit for bit in range(first, 64, MAX_DISTANCE + 1))) for first in range(MAX_DISTANCE + 1)
)
_BIT_COUNTS: Final = np.array([value.bit_count() for value in range(1 << 16)], np.uint8)

Hashes = npt.NDArray[np.uint64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SplitImages:
    """The fingerprints of one split's images, in any order.

    Attributes:
        keys: (n,) names for the report.
        categories: (n,).
        digests: (n,), equal for equal pixels only.
        phashes: (n,), uint64.
    """

    keys: Sequence[str]
    categories: Sequence[str]
    digests: Sequence[str]
    phashes: Hashes


@dataclass(frozen=True)
class Duplicate:
    """Two images of different splits that show the same; `distance` counts differing bits of the perceptual hash."""

    kind: str
    split_a: str
    key_a: str
    category_a: str
    split_b: str
    key_b: str
    category_b: str
    distance: int


def find_duplicates(splits: Mapping[str, SplitImages]) -> list[Duplicate]:
    """Exact and near duplicates between every two splits, across categories and labels.

    Every image that has a copy in the other split is in at least one pair; not all pairs are listed, for a thousand
    black images on either side would make a million. An image with an exact copy there is not also looked up as a
    near one, and featureless images have exact copies only. Time and memory stay bounded: hashes within
    `MAX_DISTANCE` agree in one of five bands, by which they are looked up (multi-index hashing, Norouzi et al. 2012).

    Args:
        splits: Name → images, in the order in which pairs are to name them.

    Returns:
        Exact duplicates first, then near ones by distance.
    """
    found: list[Duplicate] = []
    for (name_a, a), (name_b, b) in combinations(splits.items(), 2):
        exact = _pair_equal(a.digests, b.digests)
        alike = _pair_alike(a.phashes, b.phashes, exact)
        for kind, pairs in (("exact", [(i, j, 0) for i, j in exact]), ("near", alike)):
            found += [
                Duplicate(kind, name_a, a.keys[i], a.categories[i], name_b, b.keys[j], b.categories[j], distance)
                for i, j, distance in pairs
            ]
    return sorted(found, key=lambda pair: (pair.kind, pair.distance))


def describe_duplicates(duplicates: Sequence[Duplicate]) -> dict[str, Any]:
    """Plain values for a report: counts by kind and pair of splits, the first pairs, and what to do."""
    kinds = Counter(pair.kind for pair in duplicates)
    between = Counter((pair.split_a, pair.split_b) for pair in duplicates)
    warning = (
        f"{len(duplicates)} pairs of images are in two splits at once ({kinds['exact']} exact, {kinds['near']} near): "
        f"remove one image of each, or give both the same scene, or the test scores what was learned by heart"
    )
    return {
        "num_exact": kinds["exact"],
        "num_near": kinds["near"],
        "between": [{"split_a": a, "split_b": b, "num_pairs": count} for (a, b), count in between.items()],
        "examples": [asdict(pair) for pair in duplicates[:EXAMPLES]],
        "warnings": [warning] if duplicates else [],
    }


def _pair_equal(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """Each image with the first image of its digest on the other side."""
    first_a, first_b = ({digest: i for i, digest in reversed(list(enumerate(side)))} for side in (a, b))
    pairs = {(i, first_b[digest]) for i, digest in enumerate(a) if digest in first_b}
    pairs |= {(first_a[digest], j) for j, digest in enumerate(b) if digest in first_a}
    return sorted(pairs)


def _pair_alike(a: Hashes, b: Hashes, exact: Sequence[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Each image without an exact copy, with the nearest on the other side: (i, j, distance)."""
    (distinct_a, first_a, of_a), (distinct_b, first_b, of_b) = (
        np.unique(np.asarray(side, np.uint64), return_index=True, return_inverse=True) for side in (a, b)
    )
    nearest_a, nearest_b = _find_nearest(distinct_a, distinct_b)
    exact_a, exact_b = {i for i, _ in exact}, {j for _, j in exact}
    pairs = {
        (i, int(first_b[match]), distance) for i, (match, distance) in _decode(nearest_a[of_a]) if i not in exact_a
    }
    pairs |= {
        (int(first_a[match]), j, distance) for j, (match, distance) in _decode(nearest_b[of_b]) if j not in exact_b
    }
    return sorted(pairs)


def _decode(codes: Indices) -> Iterator[tuple[int, tuple[int, int]]]:
    """Index, and the match and its distance, of what has a match."""
    for index in np.flatnonzero(codes != _NOTHING):
        distance, match = divmod(int(codes[index]), 1 << _INDEX_BITS)
        yield int(index), (match, distance)


def _find_nearest(a: Hashes, b: Hashes) -> tuple[Indices, Indices]:
    """For each distinct hash of either side the nearest of the other, as distance << 32 | index, or _NOTHING."""
    nearest_a, nearest_b = np.full(len(a), _NOTHING), np.full(len(b), _NOTHING)
    for band in _BANDS:
        for i, j in _candidates(a & band, b & band):
            distance = _BIT_COUNTS[(a[i] ^ b[j]).view(np.uint16).reshape(-1, 4)].sum(axis=1, dtype=np.int64)
            close = (distance <= MAX_DISTANCE) & (a[i] != FEATURELESS) & (b[j] != FEATURELESS)
            i, j, code = i[close], j[close], distance[close] << _INDEX_BITS  # noqa: PLW2901
            np.minimum.at(nearest_a, i, code | j)
            np.minimum.at(nearest_b, j, code | i)
    return nearest_a, nearest_b


def _candidates(a: Hashes, b: Hashes) -> Iterator[tuple[Indices, Indices]]:
    """All pairs of equal values, in batches of bounded size."""
    order = np.argsort(b, kind="stable")
    start, end = (np.searchsorted(b[order], a, side) for side in ("left", "right"))
    until = np.cumsum(end - start)  # pairs up to and with each of a
    first = 0
    while first < len(a):
        done = until[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(until, done + _PAIRS_AT_ONCE, "right")))
        counts = (end - start)[first:last]
        i = np.repeat(np.arange(first, last), counts)
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        yield i, order[start[i] + within]
        first = last
