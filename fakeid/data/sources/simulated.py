"""Photos, and their copies through decoders fitted to them: a data set without any GAN."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from fakeid.config.constants import CAMERA, FAKE, REAL, TEST, TRAIN, VAL
from fakeid.data.records import Record
from fakeid.data.simulate.fitting import GeneratorBank, Member
from fakeid.data.simulate.pairs import Image, Pair, make_pair
from fakeid.data.sources.photos import PhotoFolder
from fakeid.errors import DataError
from fakeid.images.codecs import jpeg
from fakeid.seeding import derive_seed

_VERSION: Final = 2  # raise it whenever any pixel changes
_CATEGORY: Final = "photos"
_SHARES: Final = {TEST: 0.15, VAL: 0.15}
_MOST: Final = 500  # photos of validation, and of test
_FEWEST_PHOTOS: Final = 60
_COMPRESSED: Final = 0.4
_COMPRESSED_AGAIN: Final = 0.25
_QUALITIES: Final = (50, 96)
_REDUCED: Final = 0.5
_ENLARGED: Final = 0.25
_SMALLEST_SHARE: Final = 0.5
_LARGEST_SCALE: Final = 1.7
_INTERPOLATIONS: Final = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)
_MOST_FITTED: Final = 300  # photos that generators are fitted to


@dataclass(frozen=True)
class SimulatedOptions:
    """What decides which copies are made.

    Attributes:
        families: Of `GAN_FAMILIES`, whose copies are trained on.
        validation_families: Whose copies validate, and are never trained on.
        test_families: Whose copies are tested alone.
        members_per_family: Generators of each family.
        fit_steps: Of the training of a generator.
        pairs_per_photo: Pairs of each training photo; validation and test have one.
    """

    families: tuple[str, ...]
    validation_families: tuple[str, ...]
    test_families: tuple[str, ...]
    members_per_family: int
    fit_steps: int
    pairs_per_photo: int

    def list_members(self, split: str) -> list[Member]:
        """List the generators whose copies a split holds; the test has those of every family."""
        families = {TRAIN: self.families, VAL: self.validation_families}.get(split, self.list_families())
        return [Member(family, number) for family in families for number in range(self.members_per_family)]

    def list_families(self) -> tuple[str, ...]:
        """List all families, each once."""
        return tuple(dict.fromkeys((*self.families, *self.validation_families, *self.test_families)))


class SimulatedSource:
    """Pairs of a photo and its copy; see `fakeid.data.simulate.pairs`. All pairs of a photo share its split.

    Splits are given: a photo's place follows from the seed and its path. Real: the photo, or a softened version of it.
    Fake: its copy through a generator of a family that belongs to the split.

    Args:
        photos: Where the photos lie.
        cache: Below which fitted generators are kept.
        image_px: Side of the images: windows of photos, at sizes that vary.
        options: What is made of them.
        seed: Another seed: other splits, windows and generators.
    """

    def __init__(self, photos: PhotoFolder, cache: str, image_px: int, options: SimulatedOptions, seed: int) -> None:
        self._photos = photos
        self._cache = cache
        self._image_px = image_px
        self._options = options
        self._seed = seed

    def __getstate__(self) -> dict[str, Any]:
        # A worker needs to know which photos the generators were fitted to, and none of the others.
        return {"bank": self.bank, **{name: value for name, value in self.__dict__.items() if name != "splits"}}

    def records(self) -> list[Record]:
        """List all pairs; keys are `camera/PHOTO#N` and `FAMILY-NUMBER/PHOTO#N`.

        Raises:
            DataError: The folder is missing, or holds too few photos.
        """
        return [
            record for split, keys in self.splits.items() for key in keys for record in self._list_pairs(split, key)
        ]

    def read(self, record: Record) -> npt.NDArray[np.uint8]:
        """Make one image, RGB uint8 (image_px, image_px, 3).

        Raises:
            BadImageError: The photo cannot be used.
        """
        _, photo, number = _parse(record.key)
        pair = self._make_pair(photo, number, self._choose_member(record.split, photo, number))
        return pair.real if record.label == REAL else pair.fake

    def read_file(self, record: Record) -> bytes | None:
        """Return None: both classes are made from the same files."""

    def describe(self) -> dict[str, Any]:
        """Identify the pixels by the photos and all that is made of them."""
        return {
            "source": "simulated", "version": _VERSION, "image_px": self._image_px, "seed": self._seed,
            "photos": self._photos.hash_files(sorted(key for keys in self.splits.values() for key in keys)),
            "bank": self.bank.describe(), "options": repr(self._options),
        }  # fmt: skip

    @cached_property
    def bank(self) -> GeneratorBank:
        """The fitted generators."""
        keys = tuple(sorted(self.splits[TRAIN][:_MOST_FITTED]))
        return GeneratorBank(self._cache, self._photos, keys, self._options.fit_steps, self._seed)

    def list_members(self) -> list[Member]:
        """List the generators that have to be fitted."""
        families, count = self._options.list_families(), self._options.members_per_family
        return [Member(family, number) for family in families for number in range(count)]

    @cached_property
    def splits(self) -> dict[str, list[str]]:
        """The photos of each split, drawn by hash."""
        keys = sorted(self._photos.list_keys(), key=lambda key: derive_seed(self._seed, "split", key))
        if len(keys) < _FEWEST_PHOTOS:
            raise DataError(
                f"paths.data={self._photos.root} holds {len(keys)} photos, and to train, validate and test takes "
                f"{_FEWEST_PHOTOS} at least; a useful detector takes hundreds"
            )
        counts = {split: min(round(share * len(keys)), _MOST) for split, share in _SHARES.items()}
        test, val = counts[TEST], counts[VAL]
        return {TEST: keys[:test], VAL: keys[test : test + val], TRAIN: keys[test + val :]}

    def _list_pairs(self, split: str, photo: str) -> list[Record]:
        pairs = []
        for number in range(self._options.pairs_per_photo if split == TRAIN else 1):
            member = self._choose_member(split, photo, number)
            for label, maker, generator in ((REAL, CAMERA, CAMERA), (FAKE, str(member), member.family)):
                pairs.append(Record(f"{maker}/{photo}#{number}", label, _CATEGORY, generator, photo, split))
        return pairs

    def _choose_member(self, split: str, photo: str, number: int) -> Member:
        members: Sequence[Member] = self._options.list_members(split)
        return members[derive_seed(self._seed, "member", photo, number) % len(members)]

    def _make_pair(self, photo: str, number: int, member: Member) -> Pair:
        rng = np.random.default_rng(derive_seed(self._seed, "pair", photo, number))
        window = _draw_window(self._photos.read(photo), self._image_px, rng)
        return make_pair(window, self.bank.load(member), rng)


def _parse(key: str) -> tuple[str, str, int]:
    maker, _, rest = key.partition("/")
    photo, _, number = rest.rpartition("#")
    return maker, photo, int(number)


def _draw_window(photo: Image, side: int, rng: np.random.Generator) -> Image:
    """Cut a window out of a photo that went through a history of its own, as photos on the web have.

    It is compressed now and then, then reduced down to half of the window, enlarged, or left at its size, and
    compressed again now and then: what repeats in a JPEG or in an enlarged photo must not pass for the trace of a
    generator. A photo that becomes smaller than the window is continued by its mirror image.
    """
    if rng.random() < _COMPRESSED:
        photo = jpeg(photo, int(rng.integers(*_QUALITIES, endpoint=True)))
    kind, shorter = rng.random(), min(photo.shape[:2])
    if kind < _REDUCED + _ENLARGED:
        smallest = min(1.0, _SMALLEST_SHARE * side / shorter)
        scale = rng.uniform(smallest, 1) if kind < _REDUCED else rng.uniform(1, _LARGEST_SCALE)
        photo = _resize(photo, scale, rng)
        if rng.random() < _COMPRESSED_AGAIN:
            photo = jpeg(photo, int(rng.integers(*_QUALITIES, endpoint=True)))
    missing = [max(0, side - length) for length in photo.shape[:2]]
    photo = np.pad(photo, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")
    top, left = (int(rng.integers(length - side, endpoint=True)) for length in photo.shape[:2])
    return np.ascontiguousarray(photo[top : top + side, left : left + side])


def _resize(photo: Image, scale: float, rng: np.random.Generator) -> Image:
    """Resize by one of the usual interpolations; area averaging where a photo becomes less than half as large."""
    chosen = _INTERPOLATIONS[int(rng.integers(len(_INTERPOLATIONS)))]
    size = [max(1, round(length * scale)) for length in photo.shape[1::-1]]
    return np.asarray(cv2.resize(photo, size, interpolation=chosen if scale > 0.5 else cv2.INTER_AREA), np.uint8)
