"""Find what splits share: the same pixels, the same look, or a photo in one and its translation in another."""

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
"""Largest number of differing bits of the perceptual hash for two images to count as copies."""

EXAMPLES: Final = 50
"""Number of pairs that a report names."""

_PAIRS_AT_ONCE: Final = 2_000_000  # about 100 MB
_INDEX_BITS: Final = 32
_NOTHING: Final = np.iinfo(np.int64).max

# With one band more than differing bits, at least one band must be equal. Each band has every fifth bit, because
# neighboring frequencies are correlated.
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
        keys: Names of the images for the report, (n,).
        categories: Categories of the images, (n,).
        digests: Digests of the images, (n,), equal only for equal pixels.
        phashes: Perceptual hashes, uint64 (n,).
        views: Hashes of the mirrored image and of the crops, in this order, uint64 (n, v); v may be 0.
    """

    keys: Sequence[str]
    categories: Sequence[str]
    digests: Sequence[str]
    phashes: Hashes
    views: Hashes

    @property
    def upright_and_mirrored(self) -> Hashes:
        """Hashes of the images and their mirror images, (n, 2), or (n, 1) without views."""
        return np.column_stack([self.phashes, self.views[:, :1]])

    @property
    def crops(self) -> Hashes:
        """Hashes of the crops, (n, v - 1), or (n, 0) without views."""
        return self.views[:, 1:]


def find_duplicates(splits: Mapping[str, SplitImages]) -> list[Duplicate]:
    """Find exact and near duplicates between every two splits, across categories and labels.

    Near duplicates are copies that were compressed, resized, mirrored, cropped by up to an eighth, or several of these:
    each image is compared with the other image, its mirror image and its crops. On 2,000 LSUN photos at 64 px, it finds
    all copies at JPEG 75, at half the size and mirrored; of crops at any place, it finds 92 % with 15/16 of the sides,
    89 % with 7/8 and none with 3/4; no pair is false.

    Every image with a copy in the other split is in at least one pair. Not all pairs are listed, because a thousand
    black images in both splits would make a million. An image with an exact copy is not searched for near copies, and
    featureless images have only exact copies. Time and memory are bounded: hashes within `MAX_DISTANCE` agree in one of
    five bands, by which they are looked up (multi-index hashing, Norouzi et al. 2012).

    Args:
        splits: Images by split name; pairs name the splits in this order.

    Returns:
        The exact duplicates, followed by the near ones by distance.
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
    """Count duplicates by kind and by splits, and keep the first ones as examples."""
    kinds = Counter(pair.kind for pair in duplicates)
    between = Counter((pair.split_a, pair.split_b) for pair in duplicates)
    return Duplicates(
        num_exact=kinds["exact"],
        num_near=kinds["near"],
        between=tuple(SharedImages(a, b, count) for (a, b), count in between.items()),
        examples=tuple(duplicates[:EXAMPLES]),
    )


def count_torn_pairs(pairs: Sequence[TornPair]) -> TornPairs:
    """Count torn pairs, and keep the first ones as examples."""
    return TornPairs(len(pairs), tuple(pairs[:EXAMPLES]))


def list_split_warnings(duplicates: Duplicates, torn: TornPairs) -> list[str]:
    """List warnings about images that splits must not share, with what to do."""
    warnings = []
    if num_pairs := duplicates.num_exact + duplicates.num_near:
        warnings.append(
            f"{num_pairs} pairs of images are in two splits at once ({duplicates.num_exact} exact, "
            f"{duplicates.num_near} near): remove one image of each pair, or give both the same scene; otherwise the "
            "test rewards memorized images"
        )
    if torn.num:
        first = torn.examples[0]
        warnings.append(
            f"{torn.num} photos have their translation in another split of the data set, such as {first.real} and "
            f"{first.fake}: move both to one split; otherwise the test shows content that was trained on"
        )
    return warnings


def find_torn_pairs(plan: Plan, records: Iterable[Record]) -> list[TornPair]:
    """Find pairs whose real is in one given split and whose fake is in another, with no other half in either split.

    `train/x_real.png` and `test/x_fake.png` are such a pair. If both splits have a real and a fake with the same name,
    each split is numbered from the start, and nothing is torn.

    Args:
        plan: Plan of the run; only pairs of its images are returned.
        records: All images of the source, drawn or not, because they tell which halves a split has.

    Returns:
        One pair for each real and each split that has its fake; none if the splits are drawn.
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
    """Pair each image with the first image on the other side that has the same digest."""
    first_a, first_b = ({digest: i for i, digest in reversed(list(enumerate(side)))} for side in (a, b))
    pairs = {(i, first_b[digest]) for i, digest in enumerate(a) if digest in first_b}
    pairs |= {(first_a[digest], j) for j, digest in enumerate(b) if digest in first_a}
    return sorted(pairs)


def _pair_alike(a: SplitImages, b: SplitImages, exact: Sequence[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Pair each image without an exact copy with the nearest image on the other side: (i, j, distance)."""
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
    """Find the nearest image on the other side for each image (a row of hashes), encoded as in `_find_nearest`."""
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
    """Replace the index of each hash by the index of its image."""
    named = codes.copy()
    found = codes != _NOTHING
    named[found] = (codes[found] >> _INDEX_BITS << _INDEX_BITS) | images[codes[found] & ((1 << _INDEX_BITS) - 1)]
    return named


def _decode(codes: Indices) -> Iterator[tuple[int, tuple[int, int]]]:
    """List index, match and distance of each image with a match."""
    for index in np.flatnonzero(codes != _NOTHING):
        distance, match = divmod(int(codes[index]), 1 << _INDEX_BITS)
        yield int(index), (match, distance)


def _find_nearest(a: Hashes, b: Hashes) -> tuple[Indices, Indices]:
    """Find the nearest hash on the other side for each distinct hash, as distance << 32 | index, or _NOTHING."""
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
    until = np.cumsum(end - start)  # number of pairs up to and including each of a
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
    """Name the pair of a real and its translation; in a mixture, the category of an image is unknown and left out."""
    return "" if plan.mixture else record.category, record.scene.removeprefix(f"{record.split}/")
