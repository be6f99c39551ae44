"""Prepared images by key, wherever in the cache they lie."""

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from fakeid.data.packs import Pack
from fakeid.data.records import Record
from fakeid.images.fingerprint import NUM_VIEWS


class PackedImages:
    """The images of several packs.

    Attributes:
        skipped: Why an image that was asked for is missing, by key.
    """

    def __init__(self, packs: Sequence[Pack]) -> None:
        self._packs = [pack for pack in packs if pack.keys]
        self._starts = np.cumsum([0, *(len(pack.keys) for pack in self._packs)])  # of each pack, in all images
        self._numbers = {key: at for at, key in enumerate(chain.from_iterable(pack.keys for pack in self._packs))}
        self.skipped: dict[str, str] = {}
        for pack in packs:
            self.skipped.update(pack.skipped)

    def list_missing(self, records: Iterable[Record]) -> list[Record]:
        """The records whose images are neither there nor known to be unusable."""
        return [record for record in records if record.key not in self._numbers and record.key not in self.skipped]

    def locate(self, keys: Sequence[str]) -> npt.NDArray[np.int64]:
        """Where the images of these keys are: int64 (N, 2), for `take`."""
        numbers = np.fromiter((self._numbers[key] for key in keys), np.int64, len(keys))
        packs = np.searchsorted(self._starts, numbers, side="right") - 1
        return np.stack([packs, numbers - self._starts[packs]], axis=1)

    def take(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """The images at these places: RGB uint8 (N, H, W, 3), a copy in memory."""
        shape = self._packs[0].images.shape[1:] if self._packs else (0, 0, 3)
        images = np.empty((len(places), *shape), np.uint8)
        for index, (at, row) in enumerate(places.tolist()):
            images[index] = self._packs[at].images[row]
        return images

    def fingerprints(self, keys: Sequence[str]) -> tuple[list[str], npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
        """Digest, perceptual hash and `NUM_VIEWS` hashes of views of each image; see `fakeid.images.fingerprint`."""
        places = self.locate(keys).tolist()
        digests = [self._packs[at].digests[row] for at, row in places]
        phashes = np.array([int(self._packs[at].phashes[row], 16) for at, row in places], np.uint64)
        views = bytes.fromhex("".join(self._packs[at].views[row] for at, row in places))
        return digests, phashes, np.frombuffer(views, ">u8").astype(np.uint64).reshape(len(places), NUM_VIEWS)
