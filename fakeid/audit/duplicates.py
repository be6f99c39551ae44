"""What a split shares with another: the same pixels, the same look, or a photo whose translation lies there."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from fakeid.audit.result import Duplicate, Duplicates, SharedImages, TornPair, TornPairs
from fakeid.config.constants import FAKE, REAL
from fakeid.data.plans import Plan
from fakeid.data.records import Record
from fakeid.images.hashing import FEATURELESS

MAX_DISTANCE: Final = 4
"""Differing bits of the perceptual hash up to which two images count as copies."""

EXAMPLES: Final = 50
"""Pairs that a report names."""

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
        views: (n, v), uint64, the hashes of each image's mirrored form and of its crops, in this order; v may be 0.
    """

    keys: Sequence[str]
    categories: Sequence[str]
    digests: Sequence[str]
    phashes: Hashes
    views: Hashes

    @property
    def upright_and_mirrored(self) -> Hashes:
        """(n, 2), or (n, 1) without views."""
        return np.column_stack([self.phashes, self.views[:, :1]])

    @property
    def crops(self) -> Hashes:
        """(n, v - 1), or (n, 0) without views."""
        return self.views[:, 1:]


def find_duplicates(splits: Mapping[str, SplitImages]) -> list[Duplicate]:
    """Find exact and near duplicates between every two splits, across categories and labels.

    Near are copies that were compressed, resized, mirrored, cropped by up to an eighth, or several of these: either
    image is compared with the other, its mirror image and its crops. Of 2,000 LSUN photos at 64 px all copies at JPEG
    75, at half the size and mirrored are found, of crops anywhere with 15/16 of the sides 92 %, with 7/8 89 % and with
    3/4 none, and no pair is false.

    Every image that has a copy in the other split is in at least one pair; not all pairs are listed, for a thousand
    black images on either side would make a million. An image with an exact copy there is not also looked up as a
    near one, and featureless images have exact copies only. Time and memory stay bounded: hashes within `MAX_DISTANCE`
    agree in one of five bands, by which they are looked up (multi-index hashing, Norouzi et al. 2012).

    Args:
        splits: Name → images, in the order in which pairs are to name them.

    Returns:
        Exact duplicates first, then near ones by distance.
    """
    found: list[Duplicate] = []
    for (name_a, a), (name_b, b) in combinations(splits.items(), 2):
        exact = _pair_equal(a.digests, b.digests)
        alike = _pair_alike(a, b, exact)
        for kind, pairs in (("exact", [(i, j, 0) for i, j in exact]), ("near", alike)):
            found += [
                Duplicate(kind, name_a, a.keys[i], a.categories[i], name_b, b.keys[j], b.categories[j], distance)
                for i, j, distance in pairs
            ]
    return sorted(found, key=lambda pair: (pair.kind, pair.distance))


def count_duplicates(duplicates: Sequence[Duplicate]) -> Duplicates:
    """Count pairs by kind and by splits, and keep the first."""
    kinds = Counter(pair.kind for pair in duplicates)
    between = Counter((pair.split_a, pair.split_b) for pair in duplicates)
    return Duplicates(
        num_exact=kinds["exact"],
        num_near=kinds["near"],
        between=tuple(SharedImages(a, b, count) for (a, b), count in between.items()),
        examples=tuple(duplicates[:EXAMPLES]),
    )


def count_torn_pairs(pairs: Sequence[TornPair]) -> TornPairs:
    """Count pairs, and keep the first."""
    return TornPairs(len(pairs), tuple(pairs[:EXAMPLES]))


def list_split_warnings(duplicates: Duplicates, torn: TornPairs) -> list[str]:
    """Say what splits share that they must not, and what to do."""
    warnings = []
    if num_pairs := duplicates.num_exact + duplicates.num_near:
        warnings.append(
            f"{num_pairs} pairs of images are in two splits at once ({duplicates.num_exact} exact, "
            f"{duplicates.num_near} near): remove one image of each, or give both the same scene, or the test scores "
            "what was learned by heart"
        )
    if torn.num:
        first = torn.examples[0]
        warnings.append(
            f"{torn.num} photos have their translation in another split of the data set, such as {first.real} and "
            f"{first.fake}: move both to one split, or the test shows content that was trained on"
        )
    return warnings


def find_torn_pairs(plan: Plan, records: Iterable[Record]) -> list[TornPair]:
    """Find reals and fakes of one name in two given splits, none of which has the other half itself.

    `train/x_real.png` and `test/x_fake.png` are a pair. Where both splits have a real and a fake of a name, they were
    numbered anew, and nothing is torn.

    Args:
        plan: Only its images are named.
        records: All images of the source, drawn or not, for they tell which halves a split has.

    Returns:
        One pair for each real and each split that has its fake; none where splits are drawn.
    """
    halves: dict[tuple[str, str], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for record in records:
        if record.split:
            halves[_name_pair(record, plan)][record.split].add(record.label)
    drawn: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in plan.records():
        splits = halves.get(_name_pair(record, plan), {})
        if record.split and len(splits) > 1 and len(splits[record.split]) == 1:
            drawn[_name_pair(record, plan)].append(record)
    return [
        TornPair(real.key, fake.key)
        for found in drawn.values()
        for real in found
        for fake in found
        if (real.label, fake.label) == (REAL, FAKE) and real.split != fake.split
    ]


def _pair_equal(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """Pair each image with the first image of its digest on the other side."""
    first_a, first_b = ({digest: i for i, digest in reversed(list(enumerate(side)))} for side in (a, b))
    pairs = {(i, first_b[digest]) for i, digest in enumerate(a) if digest in first_b}
    pairs |= {(first_a[digest], j) for j, digest in enumerate(b) if digest in first_a}
    return sorted(pairs)


def _pair_alike(a: SplitImages, b: SplitImages, exact: Sequence[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Pair each image without an exact copy with the nearest on the other side: (i, j, distance)."""
    matched = (
        _match(np.column_stack([a.upright_and_mirrored, a.crops]), b.upright_and_mirrored),
        _match(a.upright_and_mirrored, b.crops),
    )
    nearest_a, nearest_b = (np.minimum(*sides) for sides in zip(*matched, strict=True))
    exact_a, exact_b = {i for i, _ in exact}, {j for _, j in exact}
    pairs = {(i, j, distance) for i, (j, distance) in _decode(nearest_a) if i not in exact_a}
    pairs |= {(i, j, distance) for j, (i, distance) in _decode(nearest_b) if j not in exact_b}
    return sorted(pairs)


def _match(a: Hashes, b: Hashes) -> tuple[Indices, Indices]:
    """Find the nearest image of the other side for each, a row of hashes, as `_find_nearest` encodes it."""
    if not (a.size and b.size):
        return np.full(len(a), _NOTHING), np.full(len(b), _NOTHING)
    (distinct_a, first_a, of_a), (distinct_b, first_b, of_b) = (
        np.unique(side.ravel(), return_index=True, return_inverse=True) for side in (a, b)
    )
    found_a, found_b = _find_nearest(distinct_a, distinct_b)
    return (
        _name_images(found_a, first_b // b.shape[1])[of_a].reshape(a.shape).min(axis=1),
        _name_images(found_b, first_a // a.shape[1])[of_b].reshape(b.shape).min(axis=1),
    )


def _name_images(codes: Indices, images: Indices) -> Indices:
    """Put the image of each hash in place of the hash's number."""
    named = codes.copy()
    found = codes != _NOTHING
    named[found] = (codes[found] >> _INDEX_BITS << _INDEX_BITS) | images[codes[found] & ((1 << _INDEX_BITS) - 1)]
    return named


def _decode(codes: Indices) -> Iterator[tuple[int, tuple[int, int]]]:
    """List index, match and its distance, of what has a match."""
    for index in np.flatnonzero(codes != _NOTHING):
        distance, match = divmod(int(codes[index]), 1 << _INDEX_BITS)
        yield int(index), (match, distance)


def _find_nearest(a: Hashes, b: Hashes) -> tuple[Indices, Indices]:
    """Find for each distinct hash of either side the nearest of the other, as distance << 32 | index, or _NOTHING."""
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
    """List all pairs of equal values, in batches of bounded size."""
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


def _name_pair(record: Record, plan: Plan) -> tuple[str, str]:
    """Name what a real and its translation have in common. A mixture does not say of which category an image is."""
    return "" if plan.mixture else record.category, record.scene.removeprefix(f"{record.split}/")
