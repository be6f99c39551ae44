"""Named sets of images to test a detector on."""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from fakeid.config.constants import FAKE, OWN_TEST_SET, TEST
from fakeid.data.plans import Plan
from fakeid.data.records import Record
from fakeid.data.sampling import Pool
from fakeid.data.sources.base import Source
from fakeid.data.sources.demo import DemoSource
from fakeid.data.sources.folders import FolderSource
from fakeid.data.sources.photos import RealPhotos
from fakeid.errors import DataError


@dataclass(frozen=True)
class ImageSet:
    """Some images of one source.

    Attributes:
        name: The `test_set` of its scores.
        source: Reads them.
        records: Which images.
        where: What to call the source in a report.
        control: Whether its "fakes" are made by no GAN.
        left_out: How many more there are of each class, by label.
    """

    name: str
    source: Source
    records: list[Record]
    where: str
    control: bool = False
    left_out: Counter[int] = field(default_factory=Counter)


def build_own_set(
    source: Source, plan: Plan, where: str, *, per_class: int | None, held_out_generators: bool
) -> ImageSet:
    """Take a run's own test images; of the built-in data also fakes by the kind of decoder that it never trains on.

    Args:
        source: Of the run.
        plan: Of the run.
        where: What to call the source in a report.
        per_class: Images of each category, generator and class; None takes all.
        held_out_generators: Whether to add those fakes, as many in each category as there are others.
    """
    records = take_per_class(plan.test, per_class, seed=0)
    left_out = _count_left_out(plan.test, records)
    if held_out_generators and isinstance(source, DemoSource):
        tested = {record.category for record in records}
        fakes = [record for record in records if record.label == FAKE]
        count = max(sum(record.category == name for record in fakes) for name in tested)
        records += [record for record in source.held_out_records(count) if record.category in tested]
    return ImageSet(OWN_TEST_SET, source, records, where, left_out=left_out)


def build_folder_set(
    name: str,
    folder: str,
    *,
    per_class: int | None,
    seed: int,
    control: bool,
    max_megapixels: float,
    all_real: bool = False,
) -> ImageSet:
    """List the images of a folder in any layout that `FolderSource` reads; of one with splits only its test images.

    A class may be missing. A folder that does not say which generator made its fakes gives them its own name.

    Args:
        name: Of the set.
        folder: Its place.
        per_class: Images of each category, generator and class, drawn by hash; None takes all.
        seed: Draws them.
        control: Whether the "fakes" are made by no GAN.
        max_megapixels: Larger images are refused.
        all_real: Whether all images below the folder are real photos; fakes beside reals are passed over.

    Raises:
        DataError: Missing, empty, or laid out otherwise.
    """
    source: RealPhotos | FolderSource
    if all_real:
        source = RealPhotos(folder, max_megapixels)
    else:
        source = FolderSource(folder, max_megapixels=max_megapixels, both_classes=False)
    try:
        records = source.records()
    except DataError as error:
        raise DataError(str(error).replace("paths.data", f"the test set {name}")) from error
    if any(record.split for record in records):
        records = [record for record in records if record.split == TEST]
        if not records:
            raise DataError(f"the test set {name} at {folder} has splits, but no test images")
    named = [
        dataclasses.replace(record, generator=name) if record.generator == "unknown" else record for record in records
    ]
    chosen = take_per_class(named, per_class, seed)
    return ImageSet(name, source, chosen, folder, control, _count_left_out(named, chosen))


def take_per_class(records: Iterable[Record], per_class: int | None, seed: int) -> list[Record]:
    """Take the first images of each category, generator and class in the order of a hash; taking more adds to them.

    Where that would leave out less than a third, all are taken: they cost little, and narrow the intervals.

    Args:
        records: To draw from.
        per_class: How many of each; None takes all.
        seed: Draws the order.

    Returns:
        In the order of `records`.
    """
    records = list(records)
    if per_class is None:
        return records
    pools: dict[tuple[str, str, int], Pool] = defaultdict(lambda: Pool(seed))
    for record in records:
        pools[record.category, record.generator, record.label].add(record)
    chosen = {record for pool in pools.values() for record in pool.in_order()[:per_class]}
    return records if 3 * len(chosen) > 2 * len(records) else [record for record in records if record in chosen]


def _count_left_out(records: Iterable[Record], chosen: Iterable[Record]) -> Counter[int]:
    return Counter(record.label for record in records) - Counter(record.label for record in chosen)
