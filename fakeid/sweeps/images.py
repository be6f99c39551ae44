"""Pack the images of a grid ahead of its trainings, or count them and those that are not packed yet."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console

from fakeid.audit.metadata import CodecChoice
from fakeid.config.choices import SourceName
from fakeid.config.constants import TEST, TRAIN, VAL
from fakeid.config.identity import fingerprint
from fakeid.config.parse import Config
from fakeid.console import build_progress
from fakeid.data.cache.image_cache import ImageCache
from fakeid.data.cache.packing import Preparation
from fakeid.data.cache.packs import INDEX_SUFFIX, PackedImages, read_pack
from fakeid.data.catalog import list_order
from fakeid.data.records import Record
from fakeid.data.sources.base import Source
from fakeid.errors import DataError
from fakeid.runs.evaluate.test_sets import list_sets
from fakeid.runs.images import build_cache, build_preparation, list_images, pack_images, print_codec


def prepare(
    configs: Sequence[Config], *, rebuild: bool = False, verify: bool = False, console: Console | None = None
) -> None:
    """Pack the images that the configurations need; those that share a cache share its images.

    Args:
        configs: Checked options.
        rebuild: Delete the caches first.
        verify: Read every byte afterwards and compare it with the digests.
        console: Where to print; None is the terminal.

    Raises:
        FakeidError: As a training that needs the same images.
    """
    console = console or Console(highlight=False)
    caches: dict[str, tuple[Config, ImageCache, dict[str, Record]]] = {}
    for config in configs:
        for source, needed, codec in _list_needed(config, console):
            cache = build_cache(config, source, codec)
            if str(cache.folder) not in caches:
                print_codec(codec, console)
            _, _, records = caches.setdefault(str(cache.folder), (config, cache, {}))
            records.update({record.key: record for record in needed})
    for config, cache, records in caches.values():
        if rebuild:
            cache.remove()
        packed = pack_images(config, cache, list(records.values()), console)
        left_out = f", {len(packed.skipped)} of them unusable and left out" if packed.skipped else ""
        console.print(f"{len(records):,} images are ready in {cache.folder}{left_out}", soft_wrap=True)
        if verify:
            _verify(cache, console)


def _list_needed(config: Config, console: Console) -> list[tuple[Source, list[Record], CodecChoice]]:
    """List the images of a training, and those of its evaluation if it is to have one."""
    images = list_images(config, console)
    sets = list_sets(config, console, drawn=images) if config.evaluation.is_wanted else []
    own = (images.source, images.plan.records(), images.codec)
    return [own, *((part.source, part.records, images.codec) for part in sets)]


def _verify(cache: ImageCache, console: Console) -> None:
    with build_progress(console) as progress:
        task = progress.add_task("verifying", total=1, unit="packs")

        def advance(num_packs: int) -> None:
            progress.update(task, total=num_packs, advance=1)

        num_packs = cache.verify(advance)
    console.print(f"all {num_packs} packs are as they were written")


@dataclass
class ToPack:
    """Images that are to go to one cache, with where to read them and how to prepare them."""

    cache: ImageCache
    source: Source
    preparation: Preparation
    records: dict[str, Record] = field(default_factory=dict)


@dataclass
class GridImages:
    """The images of a grid, as `count_images` counts them.

    Attributes:
        splits: Of each configuration, in their order: images of both classes in its `train`, `val` and `test`.
        num_to_pack: Images that no cache holds yet, of all configurations together, each once.
        to_pack: Those that are there, cache by cache.
        missing: Why images are counted from the budgets; None where all are there.
    """

    splits: list[Counter[str]] = field(default_factory=list)
    num_to_pack: int = 0
    to_pack: list[ToPack] = field(default_factory=list)
    missing: str | None = None


def count_images(configs: Sequence[Config], console: Console) -> GridImages:
    """Count the images of a grid without reading one; those of LSUN and ProGAN from the budgets, if not there yet.

    Args:
        configs: Checked options of the cells.
        console: Where progress is shown.

    Raises:
        ConfigError: An unknown category, or more categories than there are.
        DataError: Missing or too few images, where no numbers in the options tell how many there would be.
    """
    found = GridImages()
    counted: dict[str, Counter[str]] = {}
    caches: dict[str, ToPack] = {}
    needed: Counter[tuple[str, str, str]] = Counter()
    for config in configs:
        data = fingerprint(config, "data", "place")
        if data not in counted:
            try:
                counted[data] = _count(config, caches, console)
            except DataError as error:
                if not _has_budgets(config):
                    raise
                found.missing = str(error)
                counted[data] = count_by_budget(config)
                needed |= _count_by_category(config)
        found.splits.append(counted[data])
    found.to_pack = [_leave_out_packed(each) for each in caches.values()]
    found.num_to_pack = sum(len(each.records) for each in found.to_pack) + needed.total()
    return found


def count_by_budget(config: Config) -> Counter[str]:
    """Count images of both classes in each split of a run on LSUN and ProGAN, as `fakeid.data.sampling` draws them."""
    counts: Counter[str] = Counter()
    for (_, _, split), number in _count_by_category(config).items():
        counts[split] += number
    return counts


def _has_budgets(config: Config) -> bool:
    budgets = (config.data.train_per_class, config.data.val_per_class, config.data.test_per_class)
    return config.data.source is SourceName.lsun_progan and None not in budgets


def _count_by_category(config: Config) -> Counter[tuple[str, str, str]]:
    """Count images by (preparation, category, split). Draws are nested, so what two runs need is the larger number."""
    data = config.data
    assert data.train_per_class is not None
    assert data.val_per_class is not None
    assert data.test_per_class is not None
    order, held_out = list_order(data)
    num = config.categories or len(order)
    codec = (data.codec, data.codec_quality)
    how = repr((config.paths, data.real, data.fake, data.image_px, data.prep, codec, data.seed))
    counts = Counter({(how, name, TEST): 2 * data.test_per_class for name in (*order, held_out)})
    for name in order[:num]:
        counts[how, name, TRAIN] = 2 * (data.train_per_class // num)
        counts[how, name, VAL] = 2 * (data.val_per_class // num)
    return counts


def _count(config: Config, caches: dict[str, ToPack], console: Console) -> Counter[str]:
    """Count the images of a run by split, and add them to those of their cache."""
    images = list_images(config, console)
    cache, preparation = images.build_cache(config), build_preparation(config, images.codec)
    to_pack = caches.setdefault(str(cache.folder), ToPack(cache, images.source, preparation))
    to_pack.records.update({record.key: record for record in images.plan.records()})
    return Counter({split: len(records) for split, records in images.plan.splits().items()})


def _leave_out_packed(each: ToPack) -> ToPack:
    indices = each.cache.folder.glob(f"*{INDEX_SUFFIX}")
    packed = PackedImages([read_pack(path, each.preparation.image_px) for path in indices])
    each.records = {record.key: record for record in packed.list_missing(each.records.values())}
    return each
