"""Pair photos with copies through decoders fitted to them: a data set without any GAN."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fakeid.config.choices import Alignment
from fakeid.config.constants import CAMERA, FAKE, LABEL_NAMES, REAL, TEST, TRAIN, VAL
from fakeid.data.records import Record
from fakeid.data.simulate.damage import ENLARGING, REDUCING, draw_factor, resize
from fakeid.data.simulate.fitting import GeneratorBank, Member
from fakeid.data.simulate.pairs import Image, Pair, make_pair
from fakeid.data.sources.photos import PhotoFolder
from fakeid.errors import BadImageError, DataError
from fakeid.images.codecs import jpeg
from fakeid.seeding import derive_seed

_VERSION: Final = 13  # raise it whenever any pixel changes
_CATEGORY: Final = "photos"
_SHARES: Final = {TEST: 0.15, VAL: 0.15}
_MOST: Final = 500  # most photos for validation, and for test
_FEWEST_PHOTOS: Final = 60
_COMPRESSED: Final = 0.35
JPEG_QUALITIES: Final = (50, 96)
"""Lowest and highest JPEG quality of the pairs that are compressed."""

_SMALLEST_SHARE: Final = 0.5  # of the window's side
_LARGEST_SHARE: Final = 2 / 3  # of the photo's side
_ENLARGED: Final = 0.4
_ENLARGED_BY: Final = (1.0, 1.7)
_LISTINGS: Final = ("splits", "copies", "_keys")
_MOST_FITTED: Final = 300  # most photos that generators are fitted to


@dataclass(frozen=True)
class SimulatedOptions:
    """Options that decide which copies are made.

    Attributes:
        families: Generator families whose copies are trained on.
        validation_families: Families whose copies are used for validation, and never for training.
        test_families: Families whose copies are only tested on; each of them copies every test photo.
        members_per_family: Number of generators of each family.
        fit_steps: Training steps of each generator.
        pairs_per_photo: Number of pairs of each training photo. A validation photo has one pair. A test photo has one
            by a family drawn from all, and one by each family of `test_families`.
        alignment: How the photo and the copy of a training pair are matched.
        damaged_share: Share of the photos of training pairs that are damaged, half of them before they are copied.
    """

    families: tuple[str, ...]
    validation_families: tuple[str, ...]
    test_families: tuple[str, ...]
    members_per_family: int
    fit_steps: int
    pairs_per_photo: int
    alignment: Alignment = Alignment.full
    damaged_share: float = 0

    def list_makers(self, split: str) -> list[tuple[str, ...]]:
        """List the families that a generator is drawn from, for each pair of a photo of this split."""
        if split == TRAIN:
            return [self.families] * self.pairs_per_photo
        if split == VAL:
            return [self.validation_families]
        return [self.list_families(), *((family,) for family in self.test_families)]

    def list_members(self, families: tuple[str, ...]) -> list[Member]:
        """List the generators of the given families."""
        return [Member(family, number) for family in families for number in range(self.members_per_family)]

    def list_families(self) -> tuple[str, ...]:
        """List all families, each once."""
        return tuple(dict.fromkeys((*self.families, *self.validation_families, *self.test_families)))


class SimulatedSource:
    """A source of pairs of a photo and its copy; see `fakeid.data.simulate.pairs`.

    The source draws the splits: the split of a photo follows from the seed and all paths, and all its pairs share it.
    Real: the photo, softened or grainy where its copy is. Fake: its copy through a generator of a family that belongs
    to the split.

    Args:
        photos: Folder of the photos.
        cache: Folder that holds the fitted generators.
        image_px: Side of the images, which are windows of photos at varying scales, in pixels.
        options: Options that decide which copies are made.
        seed: Seed of the data; each seed gives other splits, windows and generators.
    """

    def __init__(self, photos: PhotoFolder, cache: str, image_px: int, options: SimulatedOptions, seed: int) -> None:
        self._photos = photos
        self._cache = cache
        self._image_px = image_px
        self._options = options
        self._seed = seed

    def __getstate__(self) -> dict[str, Any]:
        # A worker needs to know the photos that the generators were fitted to, but not the others.
        return {"bank": self.bank, **{name: value for name, value in vars(self).items() if name not in _LISTINGS}}

    def records(self) -> list[Record]:
        """List all pairs; keys are `real/FAMILY-NUMBER/PHOTO#N` and `fake/FAMILY-NUMBER/PHOTO#N`.

        Raises:
            DataError: The folder is missing, or holds too few photos.
        """
        return [
            record for split, keys in self.splits.items() for key in keys for record in self._list_pairs(split, key)
        ]

    def read(self, record: Record) -> npt.NDArray[np.uint8]:
        """Generate one image, RGB uint8 (image_px, image_px, 3).

        Raises:
            BadImageError: The photo cannot be used.
        """
        member, photo, number = _parse(record.key)
        options = self._options
        alignment, damaged_share = (
            (options.alignment, options.damaged_share) if record.split == TRAIN else (Alignment.full, 0.0)
        )
        pair = _make_pair(self._photos, self.bank, photo, number, member, self._image_px, alignment, damaged_share)
        return pair.real if record.label == REAL else pair.fake

    def read_file(self, record: Record) -> bytes | None:
        """Return None, because both classes are made from the same files."""

    def read_photo_files(self, most: int) -> Iterator[tuple[str, bytes]]:
        """Read files of training photos, in an order that follows from the seed, skipping those that cannot be read.

        Args:
            most: Number of files to read at most.

        Yields:
            The path below the folder, and the content of the file.
        """
        for key in self.splits[TRAIN][:most]:
            with suppress(BadImageError):
                yield key, self._photos.read_file(key)

    def describe(self) -> dict[str, Any]:
        """Identify the pixels by the photos and the generators; an image's key says which of them it is made from."""
        return {
            "source": "simulated", "version": _VERSION, "image_px": self._image_px, "seed": self._seed,
            "photos": self._photos.hash_files(sorted(key for keys in self.splits.values() for key in keys)),
            "bank": self.bank.describe(),
            "alignment": self._options.alignment.value, "damaged_share": self._options.damaged_share,
        }  # fmt: skip

    @cached_property
    def bank(self) -> GeneratorBank:
        """The bank of the generators, fitted or to be fitted."""
        keys = tuple(sorted(self.splits[TRAIN][:_MOST_FITTED]))
        return GeneratorBank(self._cache, self._photos, keys, self._options.fit_steps, self._seed)

    def list_members(self) -> list[Member]:
        """List all generators that the pairs need."""
        return self._options.list_members(self._options.list_families())

    @cached_property
    def copies(self) -> set[str]:
        """The keys of photos that are left out, because a copy could be in another split than the photo."""
        return self._photos.find_copies(self._keys)

    @cached_property
    def _keys(self) -> list[str]:
        return self._photos.list_keys()

    @cached_property
    def splits(self) -> dict[str, list[str]]:
        """The keys of the photos of each split, drawn by hash."""
        different = [key for key in self._keys if key not in self.copies]
        keys = sorted(different, key=lambda key: derive_seed(self._seed, "split", key))
        if len(keys) < _FEWEST_PHOTOS:
            raise DataError(
                f"paths.data={self._photos.root} holds {len(keys)} different photos, but training, validation and test "
                f"need at least {_FEWEST_PHOTOS}; a useful detector needs hundreds"
            )
        counts = {split: min(round(share * len(keys)), _MOST) for split, share in _SHARES.items()}
        test, val = counts[TEST], counts[VAL]
        return {TEST: keys[:test], VAL: keys[test : test + val], TRAIN: keys[test + val :]}

    def _list_pairs(self, split: str, photo: str) -> list[Record]:
        pairs = []
        for number, families in enumerate(self._options.list_makers(split)):
            member = self._choose_member(families, photo, number)
            for label, generator in ((REAL, CAMERA), (FAKE, member.family)):
                key = f"{LABEL_NAMES[label]}/{member}/{photo}#{number}"
                pairs.append(Record(key, label, _CATEGORY, generator, photo, split))
        return pairs

    def _choose_member(self, families: tuple[str, ...], photo: str, number: int) -> Member:
        """Draw a generator by hash, so that leaving out a family changes only the pairs that it would have made."""
        members = self._options.list_members(families)
        return max(members, key=lambda member: derive_seed(self._seed, "member", photo, number, str(member)))


@lru_cache(maxsize=8)  # both images of a pair are usually read one after the other
def _make_pair(
    photos: PhotoFolder,
    bank: GeneratorBank,
    photo: str,
    number: int,
    member: Member,
    image_px: int,
    alignment: Alignment,
    damaged_share: float,
) -> Pair:
    rng = np.random.default_rng(derive_seed(bank.seed, "pair", photo, number))
    pair = make_pair(_draw_window(photos.read(photo), image_px, rng), bank.load(member), rng, alignment, damaged_share)
    # Mirrored after the copy is made; otherwise only photos would have an exact seam.
    return _compress(Pair(*(_fill(image, image_px) for image in pair)), rng)


def _parse(key: str) -> tuple[Member, str, int]:
    _, maker, rest = key.split("/", 2)
    family, _, own_number = maker.rpartition("-")
    photo, _, number = rest.rpartition("#")
    return Member(family, int(own_number)), photo, int(number)


def _draw_window(photo: Image, side: int, rng: np.random.Generator) -> Image:
    """Reduce a photo, sometimes enlarge it again, and cut out a window.

    Reducing removes the traces of the file's own compression, which a copy would not have; compression is applied
    later, to both. The period of an enlarged photo must not pass for the trace of a generator. A photo that becomes
    smaller than the window is taken whole.
    """
    smallest = min(_LARGEST_SHARE, _SMALLEST_SHARE * side / min(photo.shape[:2]))
    photo = _rescale(photo, rng.uniform(smallest, _LARGEST_SHARE), REDUCING, rng)
    if rng.random() < _ENLARGED:
        photo = _rescale(photo, draw_factor(_ENLARGED_BY, rng), ENLARGING, rng)
    top, left = (int(rng.integers(max(0, length - side), endpoint=True)) for length in photo.shape[:2])
    return np.ascontiguousarray(photo[top : top + side, left : left + side])


def _rescale(photo: Image, factor: float, kernels: tuple[int, ...], rng: np.random.Generator) -> Image:
    width, height = (max(1, round(factor * length)) for length in photo.shape[1::-1])
    return resize(photo, (width, height), kernels, rng)


def _fill(image: Image, side: int) -> Image:
    """Pad an image that is smaller than the window with its mirror image."""
    missing = [side - length for length in image.shape[:2]]
    return np.pad(image, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")


def _compress(pair: Pair, rng: np.random.Generator) -> Pair:
    """Compress both images of a pair at the same JPEG quality, or neither."""
    if rng.random() >= _COMPRESSED:
        return pair
    quality = int(rng.integers(*JPEG_QUALITIES, endpoint=True))
    return Pair(jpeg(pair.real, quality), jpeg(pair.fake, quality))
