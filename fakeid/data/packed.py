"""Prepared images by key, wherever in the cache they lie."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fakeid.data.packs import Pack


class PackedImages:
    """The images of several packs.

    Attributes:
        skipped: Why an image that was asked for is missing, by key.
    """

    def __init__(self, packs: Sequence[Pack]) -> None:
        self._packs = [pack for pack in packs if pack.keys]
        self._places = {key: (at, row) for at, pack in enumerate(self._packs) for row, key in enumerate(pack.keys)}
        self.skipped: dict[str, str] = {}
        for pack in packs:
            self.skipped.update(pack.skipped)

    def __contains__(self, key: str) -> bool:
        """Whether the image is there, or known to be unusable."""
        return key in self._places or key in self.skipped

    def locate(self, keys: Sequence[str]) -> npt.NDArray[np.int64]:
        """Where the images of these keys are: int64 (N, 2), for `take`."""
        return np.array([self._places[key] for key in keys], np.int64).reshape(-1, 2)  # (N, 2) also for N = 0

    def take(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """The images at these places: RGB uint8 (N, H, W, 3), a copy in memory."""
        shape = self._packs[0].images.shape[1:] if self._packs else (0, 0, 3)
        images = np.empty((len(places), *shape), np.uint8)
        for index, (at, row) in enumerate(places.tolist()):
            images[index] = self._packs[at].images[row]
        return images

    def fingerprints(self, keys: Sequence[str]) -> tuple[list[str], npt.NDArray[np.uint64]]:
        """Digest and perceptual hash of each image; see `fakeid.images.fingerprint`."""
        places = [self._places[key] for key in keys]
        digests = [self._packs[at].digests[row] for at, row in places]
        return digests, np.array([self._packs[at].phashes[row] for at, row in places], np.uint64)
