"""Photos whose translation lies in another split, where the data set gives its splits and nothing may be moved."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

from fakeid.data.plans import Plan
from fakeid.data.records import Record
from fakeid.vocabulary import FAKE, REAL

_EXAMPLES: Final = 50

TornPair: TypeAlias = tuple[Record, Record]
"""A real and the fake of the same name, of different splits of a plan."""


def find_torn_pairs(plan: Plan, records: Iterable[Record]) -> list[TornPair]:
    """Reals and fakes of one name in two given splits, none of which has the other half itself.

    `train/x_real.png` and `test/x_fake.png` are a pair. Where both splits have a real and a fake of a name, they were
    numbered anew, and nothing is torn.

    Args:
        plan: Only its images are named.
        records: All images of the source, drawn or not, for they tell which halves a split has.

    Returns:
        One pair for each real and each split that has its fake; none where splits are drawn.
    """
    halves: dict[tuple[str, str], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for record in records:
        if record.split:
            halves[_name(record, plan)][record.split].add(record.label)
    drawn: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in plan.records():
        splits = halves.get(_name(record, plan), {})
        if record.split and len(splits) > 1 and len(splits[record.split]) == 1:
            drawn[_name(record, plan)].append(record)
    return [
        (real, fake)
        for found in drawn.values()
        for real in found
        for fake in found
        if (real.label, fake.label) == (REAL, FAKE) and real.split != fake.split
    ]


def describe_torn_pairs(pairs: Sequence[TornPair]) -> dict[str, Any]:
    """Plain values for a report: the count, the first pairs, and what to do."""
    warning = (
        f"{len(pairs)} photos have their translation in another split of the data set, such as {pairs[0][0].key} and "
        f"{pairs[0][1].key}: move both to one split, or the test shows content that was trained on"
        if pairs
        else None
    )
    return {
        "num": len(pairs),
        "examples": [{"real": real.key, "fake": fake.key} for real, fake in pairs[:_EXAMPLES]],
        "warnings": [warning] if warning else [],
    }


def _name(record: Record, plan: Plan) -> tuple[str, str]:
    """What a real and its translation have in common. A mixture does not say of which category an image is."""
    return "" if plan.mixture else record.category, record.scene.removeprefix(f"{record.split}/")
