"""Build the named sets of images that a detector is tested on."""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath

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
    """A named set of images from one source.

    Attributes:
        name: Name of the set, the `test_set` of its scores.
        source: Source that reads the images.
        records: Records of the images.
        where: Name of the source in a report.
        control: Whether its "fakes" are controls that no GAN made.
        left_out: Number of images that were left out, by label.
        unnamed: The attributes of its fakes, `category` or `generator`, that neither a folder in it nor the user names;
            its own folder's name stands for them.
    """

    name: str
    source: Source
    records: list[Record]
    where: str
    control: bool = False
    left_out: Counter[int] = field(default_factory=Counter)
    unnamed: tuple[str, ...] = ()


def build_own_set(
    source: Source, plan: Plan, where: str, *, per_class: int | None, held_out_generators: bool
) -> ImageSet:
    """Build the set of a run's own test images.

    For the built-in demo images it can include fakes by the one kind of decoder that is never trained on.

    Args:
        source: Source of the run.
        plan: Plan of the run.
        where: Name of the source in a report.
        per_class: Number of images of each category, generator and class; None takes all.
        held_out_generators: Whether to add those fakes, as many as there are other fakes in each category.
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
    """Build a set from a folder in any layout that `FolderSource` reads; if it has splits, take only its test images.

    One class may be missing. If the folder does not name the generator of its fakes, they get the name of the set.

    Args:
        name: Name of the set.
        folder: Path of the folder.
        per_class: Number of images of each category, generator and class, drawn by hash; None takes all.
        seed: Seed of the draw.
        control: Whether the "fakes" are controls that no GAN made.
        max_megapixels: Size above which images are refused, in megapixels.
        all_real: Whether to take all images below the folder as real photos; fakes beside reals are skipped.

    Raises:
        DataError: The folder is missing, empty, or laid out differently.
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
    unnamed = tuple(_list_unnamed(records, is_named=name != PurePath(folder).name))
    return ImageSet(name, source, chosen, folder, control, _count_left_out(named, chosen), unnamed)


def _list_unnamed(records: Iterable[Record], *, is_named: bool) -> Iterator[str]:
    fakes = [record for record in records if record.label == FAKE]
    if any(record.category not in record.key.rpartition("/")[0] for record in fakes):
        yield "category"
    if not is_named and any(record.generator == "unknown" for record in fakes):
        yield "generator"


def take_per_class(records: Iterable[Record], per_class: int | None, seed: int) -> list[Record]:
    """Draw images of each category, generator and class by hash.

    A larger draw contains every smaller one. If less than a third would be left out, all are taken: they cost little
    and narrow the intervals.

    Args:
        records: Records to draw from.
        per_class: Number of images of each category, generator and class; None takes all.
        seed: Seed of the draw.

    Returns:
        The drawn records, in the order of `records`.
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
