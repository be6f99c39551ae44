"""What every source of images offers."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fakeid.data.records import Record


class Source(Protocol):
    """A place that images come from. Picklable: worker processes get a copy of it."""

    def records(self) -> list[Record]:
        """All images that the source holds, in any order.

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

    def describe(self) -> dict[str, Any]:
        """Plain values that change whenever the same key would yield other pixels; part of the cache's identity."""
        ...
