"""Records in the order in which they are drawn, without holding more of a long stream than a draw can reach."""

from fakeid.data.records import Record
from fakeid.seeding import derive_seed

_FIRST_TRIM = 4096


class Pool:
    """The images of one category and class, ordered by a hash of (seed, category, scene).

    Args:
        seed: Draws the order.
        reach: How many scenes from the front and from the back of the order can be drawn; None is all. The others are
            counted and forgotten, so that three million keys cost the memory of some ten thousand.
    """

    def __init__(self, seed: int, reach: tuple[int, int] | None = None) -> None:
        self.count = 0
        self._seed = seed
        self._reach = reach
        self._entries: list[tuple[int, str, Record]] = []
        self._forgotten = (-1, -1)  # places strictly between these two are out of reach
        self._trim_at = _FIRST_TRIM

    def add(self, record: Record) -> None:
        """Put one record in its place."""
        self.count += 1
        place = derive_seed(self._seed, record.category, record.scene)
        low, high = self._forgotten
        if low < place < high:
            return
        self._entries.append((place, record.key, record))
        if self._reach is not None and len(self._entries) >= self._trim_at:
            self._trim(*self._reach)

    def in_order(self) -> list[Record]:
        """All that can be reached, from the front."""
        self._entries.sort(key=lambda entry: entry[:2])
        return [record for _, _, record in self._entries]

    def _trim(self, front: int, back: int) -> None:
        places = sorted({place for place, _, _ in self._entries})
        if len(places) > front + back:
            low, high = self._forgotten = places[front - 1], places[-back]
            self._entries = [entry for entry in self._entries if not low < entry[0] < high]
        self._trim_at = max(_FIRST_TRIM, 2 * len(self._entries))
