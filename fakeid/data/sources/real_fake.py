"""A source of reals and a source of fakes as one."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from fakeid.data.records import Record
from fakeid.data.sources.contract import Source
from fakeid.vocabulary import REAL


class RealFakeSource:
    """Reals from one place, fakes from another.

    Args:
        real: Its records are all `REAL`.
        fake: Its records are all `FAKE`; its keys differ from the other's, as those of LSUN and ProGAN do.
    """

    def __init__(self, real: Source, fake: Source) -> None:
        self._real = real
        self._fake = fake

    def records(self) -> Iterator[Record]:
        """The reals, then the fakes, streamed.

        Raises:
            DataError: As either source does.
        """
        # Both are asked before the first record comes: what is missing shows before millions of keys are listed.
        return chain(self._real.records(), self._fake.records())

    def read(self, record: Record) -> npt.NDArray[np.uint8]:
        """One image as RGB uint8 (H, W, 3) in its native size.

        Raises:
            BadImageError: As its source does.
        """
        return self._source(record).read(record)

    def read_file(self, record: Record) -> bytes | None:
        """The image's file as it is stored.

        Raises:
            BadImageError: As its source does.
        """
        return self._source(record).read_file(record)

    def describe(self) -> dict[str, Any]:
        """Both identities."""
        return {"source": "lsun_progan", "real": self._real.describe(), "fake": self._fake.describe()}

    def _source(self, record: Record) -> Source:
        return self._real if record.label == REAL else self._fake
