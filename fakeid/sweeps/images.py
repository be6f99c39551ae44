"""Pack the images of a grid before its trainings, or count all images and those not packed yet."""

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
    """Pack the images that the configurations need, once for configurations that share a cache.

    Args:
        configs: Checked options.
        rebuild: Whether to delete the caches first.
        verify: Whether to read every byte afterwards and compare it with the digests.
        console: Console to print on; None uses the terminal.

    Raises:
        FakeidError: The images cannot be packed, for the same reasons as in a training.
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
    """List the images of a training, and those of its evaluation if one is requested."""
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
    console.print(f"all {num_packs} packs are intact")


@dataclass
class ToPack:
    """Images to pack into one cache, with their source and preparation."""

    cache: ImageCache
    source: Source
    preparation: Preparation
    records: dict[str, Record] = field(default_factory=dict)


@dataclass
class GridImages:
    """The images of a grid, as `count_images` counts them.

    Attributes:
        splits: Number of images of both classes in `train`, `val` and `test` of each configuration, in their order.
        num_to_pack: Number of distinct images of all configurations that no cache contains yet.
        to_pack: Those of them that exist, cache by cache.
        missing: Reason for counting images from the budgets; None if all images exist.
    """

    splits: list[Counter[str]] = field(default_factory=list)
    num_to_pack: int = 0
    to_pack: list[ToPack] = field(default_factory=list)
    missing: str | None = None


def count_images(configs: Sequence[Config], console: Console) -> GridImages:
    """Count the images of a grid without reading them; missing images of LSUN and ProGAN are counted by budget.

    Args:
        configs: Checked options of the cells.
        console: Console on which progress is shown.

    Raises:
        ConfigError: A category is unknown, or more categories are requested than there are.
        DataError: Images are missing or too few, and the options do not tell how many there would be.
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
    """Count images by (preparation, category, split). Draws are nested, so two runs need the larger number."""
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
    """Count the images of a run by split, and add them to the images of their cache."""
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
