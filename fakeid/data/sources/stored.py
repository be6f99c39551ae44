"""What all sources that read files have in common: bytes are fetched in their way, and decoded in one way."""

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from fakeid.data.records import Record
from fakeid.images.decode import decode_image


class StoredImages(ABC):
    """Base of sources whose images are files, members of archives or values of a database.

    Args:
        max_megapixels: Larger images are refused when they are read.
    """

    def __init__(self, max_megapixels: float) -> None:
        self._max_megapixels = max_megapixels

    @abstractmethod
    def read_file(self, record: Record) -> bytes:
        """The image's file as it is stored.

        Raises:
            BadImageError: It has vanished or cannot be read.
        """

    @abstractmethod
    def locate(self, record: Record) -> str:
        """Where a person finds the image; errors name it so."""

    def read(self, record: Record) -> npt.NDArray[np.uint8]:
        """One image as RGB uint8 (H, W, 3) in its native size.

        Raises:
            BadImageError: The file has vanished, is no image, cut short or too large.
        """
        max_pixels = round(self._max_megapixels * 1e6)
        return decode_image(self.read_file(record), self.locate(record), max_pixels=max_pixels)
