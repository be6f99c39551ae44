"""The images of a run, from options to arrays: list, draw, pack; with progress in the terminal."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal

from fakeid.audit.metadata import CodecChoice
from fakeid.choices import BudgetName, OnBadImage
from fakeid.config import Config
from fakeid.data.budgets import Budget
from fakeid.data.cache import ImageCache
from fakeid.data.catalog import build_plan, build_source
from fakeid.data.packed import PackedImages
from fakeid.data.packing import Preparation
from fakeid.data.plans import Plan
from fakeid.data.records import Record
from fakeid.data.sources.contract import Source
from fakeid.errors import DataError
from fakeid.progress import StatusLine, build_progress
from fakeid.runs.codec import choose_codec


def list_images(config: Config, console: Console) -> tuple[Source, Plan]:
    """The source of a configuration and the images that it draws.

    Raises:
        ConfigError: An unknown category, or more categories than there are.
        DataError: Missing, damaged or too few images.
    """
    with StatusLine(console, "listing the images") as status:
        source = build_source(config)
        plan = build_plan(config, source, lambda num: status.update(f"listing the images: {num:,}"))
    if config.data.budget is BudgetName.auto:
        _print_budget(config, plan, console)
    return source, plan


def _print_budget(config: Config, plan: Plan, console: Console) -> None:
    data, tested = config.data, len(plan.seen) + len(plan.unseen)
    asked = Budget(data.train_per_class, data.val_per_class, data.test_per_class)
    taken = Budget(len(plan.train) // 2, len(plan.val) // 2, len(plan.test) // 2 // tested)
    console.print(f"data.budget=auto takes {taken}; asked for were {asked}", soft_wrap=True, markup=False)


def build_preparation(config: Config, codec: CodecChoice) -> Preparation:
    """How the images of this configuration are brought to one form."""
    return Preparation(config.data.image_px, config.data.prep.value, codec.name, codec.quality)


def build_cache(config: Config, source: Source, codec: CodecChoice) -> ImageCache:
    """The cache that holds the images of this configuration, under the codec that was chosen for them."""
    return ImageCache(Path(config.paths.cache), source, build_preparation(config, codec))


def pack_images(config: Config, cache: ImageCache, records: Sequence[Record], console: Console) -> PackedImages:
    """Pack what the cache lacks, with a bar and the disk that it takes; one line if there is nothing to do.

    Raises:
        BadImageError: An unusable image, with `data.on_bad_image=error`.
        DataError: A damaged cache.
        OutputError: The cache cannot be written to, or its disk is too small.
    """
    with build_progress(console) as progress:
        task = progress.add_task("preparing", total=len(records), unit="images", visible=False)

        def start(num_images: int, num_bytes: int) -> None:
            console.print(
                f"preparing {num_images:,} images, once: {decimal(num_bytes)} in {cache.folder}", soft_wrap=True
            )
            progress.reset(task, total=num_images, visible=True)

        return cache.load(
            records,
            skip_bad=config.data.on_bad_image is OnBadImage.skip,
            on_start=start,
            on_progress=lambda count: progress.advance(task, count),
            on_wait=lambda: console.print(f"waiting for another process that prepares images in {cache.folder}"),
        )


def prepare_images(config: Config, plan: Plan, source: Source, console: Console) -> PackedImages:
    """The packed images of one plan; what had to be left out is printed, and only that is in `skipped`.

    Raises:
        DataError: Nothing is left of a split; and as `pack_images`.
    """
    records = plan.records()
    cache = build_cache(config, source, choose_codec(config, source, plan))
    packed = pack_images(config, cache, records, console)
    packed.skipped = {record.key: packed.skipped[record.key] for record in records if record.key in packed.skipped}
    if packed.skipped:
        console.print(f"left out {len(packed.skipped)} of {len(records):,} images, listed in summary.json")
        for name, split in plan.splits().items():
            if split and all(record.key in packed.skipped for record in split):
                raise DataError(f"no usable image is left in the {name} set; see data.on_bad_image")
    return packed
