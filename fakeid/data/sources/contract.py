"""What every source of images offers."""

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fakeid.data.records import Record


class Source(Protocol):
    """A place that images come from. Picklable: worker processes get a copy of it, without any listing."""

    def records(self) -> Iterable[Record]:
        """All images that the source holds, in any order; may be streamed, for there can be millions.

        Raises:
            DataError: Missing, empty or one-sided data, with the way out.
        """
        ...

    def read(self, record: Record) -> npt.NDArray[np.uint8]:
        """One image as RGB uint8 (H, W, 3) in its native size.

        Raises:
            BadImageError: The file is no image, cut short, or of an absurd size.
        """
        ...

    def read_file(self, record: Record) -> bytes | None:
        """The image's file as it is stored; None where images are drawn and there is no file.

        Raises:
            BadImageError: The file has vanished or cannot be read.
        """
        ...

    def describe(self) -> dict[str, Any]:
        """Plain values that change whenever the same key would yield other pixels; part of the cache's identity.

        Quick even for millions of images. Holds the name of the source under `source`.
        """
        ...
