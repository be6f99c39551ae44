"""Turn options into the images of a run: list them, draw a plan, choose the codec and pack, showing progress."""

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.filesize import decimal

from fakeid.audit.metadata import CodecChoice, choose_by_facts
from fakeid.config.choices import BudgetName, Codec, OnBadImage, SourceName
from fakeid.config.constants import FAKE, LABEL_NAMES, REAL
from fakeid.config.parse import Config
from fakeid.config.windows import compute_tested_px, compute_trained_px
from fakeid.console import StatusLine, build_progress, print_sentence
from fakeid.data.cache.image_cache import ImageCache
from fakeid.data.cache.packing import Preparation
from fakeid.data.cache.packs import PackedImages
from fakeid.data.catalog import build_plan, build_source
from fakeid.data.plans import Budget, Plan
from fakeid.data.records import Record
from fakeid.data.sources.base import Source
from fakeid.errors import BadImageError, DataError
from fakeid.evaluation.records.run_summary import DataRecord, Sizes
from fakeid.images.codecs import SHARED_QUALITIES
from fakeid.images.file_facts import FileFacts, read_file_facts
from fakeid.io import compute_once, parse_record
from fakeid.processes import count_cores
from fakeid.reporting.formatting import format_count, format_seconds

_VERSION: Final = 1  # increase it whenever the same files give another choice of codec
_FILES_PER_CLASS: Final = 300  # number of files whose headers are read to choose the codec
_NO_CODEC: Final = CodecChoice(None, "data.codec=none")


@dataclasses.dataclass(frozen=True, eq=False)
class RunImages:
    """The images of a run before any of them is decoded.

    Attributes:
        source: Source of the files.
        plan: Assignment of images to splits.
        codec: Codec with which all images are re-encoded, if any.
    """

    source: Source
    plan: Plan
    codec: CodecChoice

    def build_cache(self, config: Config) -> ImageCache:
        """Build the cache for the pixels of these images."""
        return build_cache(config, self.source, self.codec)


def list_images(config: Config, console: Console) -> RunImages:
    """List the images of a run: its source, the plan drawn from it, and the codec that makes all files alike.

    Raises:
        ConfigError: A category is unknown, or more categories are requested than there are.
        DataError: Images are missing, damaged or too few.
    """
    with StatusLine(console, "listing the images") as status:
        source = build_source(config)
        plan = build_plan(config, source, lambda num: status.update(f"listing the images: {num:,}"))
    if config.data.budget is BudgetName.auto:
        _print_budget(config, plan, console)
    if config.data.source is SourceName.simulated:
        _print_copies(source, console)
    return RunImages(source, plan, _choose_codec(config, source, plan))


def _print_budget(config: Config, plan: Plan, console: Console) -> None:
    data, tested = config.data, len(plan.seen) + len(plan.unseen)
    asked = Budget(data.train_per_class, data.val_per_class, data.test_per_class)
    taken = Budget(len(plan.train) // 2, len(plan.val) // 2, len(plan.test) // 2 // tested)
    print_sentence(console, f"data.budget=auto uses {taken}; requested were {asked}")


def _print_copies(source: Source, console: Console) -> None:
    from fakeid.data.sources.simulated import SimulatedSource  # noqa: PLC0415 - loads torch

    if isinstance(source, SimulatedSource) and source.copies:
        repeating = "photo that repeats another one", "photos that repeat others"
        console.print(f"left out {format_count(len(source.copies), *repeating)} byte for byte")


def _choose_codec(config: Config, source: Source, plan: Plan) -> CodecChoice:
    """Choose the codec; with `data.codec=auto` the choice depends on the headers of training files.

    Up to 300 files of each class are read, spread evenly over the plan, so that every command on the same images makes
    the same choice. It is cached below `paths.cache`.
    """
    if config.data.codec is not Codec.auto:
        return name_codec(config)
    wanted = config.data.codec_quality
    identity = repr((_VERSION, source.describe(), plan.digest(), wanted))
    path = Path(config.paths.cache) / "codecs" / f"{hashlib.sha256(identity.encode()).hexdigest()[:16]}.json"

    def choose() -> CodecChoice:
        real, fake = (_read_facts(source, plan.train, label) for label in (REAL, FAKE))
        return choose_by_facts(real, fake, _pair(wanted))

    return compute_once(path, CodecChoice, choose)


def _read_facts(source: Source, records: Sequence[Record], label: int) -> list[FileFacts]:
    """Read facts of evenly spaced files of one class; none if the images are not read from files."""
    own = [record for record in records if record.label == label]
    spread = [own[at * len(own) // _FILES_PER_CLASS] for at in range(_FILES_PER_CLASS)] if own else []
    found = []
    for record in dict.fromkeys(spread):
        try:
            data = source.read_file(record)
            found += [] if data is None else [read_file_facts(data, record.key)]
        except BadImageError:
            continue  # packing reports it
    return found


def name_codec(config: Config) -> CodecChoice:
    """Return the codec that the options specify without reading any file."""
    assert config.data.codec is not Codec.auto
    if config.data.codec is Codec.none:
        return _NO_CODEC
    return CodecChoice(_pair(config.data.codec_quality) or SHARED_QUALITIES, "data.codec=shared")


def _pair(quality: Sequence[int] | None) -> tuple[int, int] | None:
    return (quality[0], quality[1]) if quality else None


def settle_codec(config: Config, data: DataRecord) -> Config:
    """Replace `auto` in the options of a trained detector with the codec that its training chose.

    Args:
        config: Options of the run.
        data: Record of its images in the checkpoint.
    """
    if config.data.codec is not Codec.auto:
        return config
    choice = parse_record(data.codec, CodecChoice)
    quality = list(choice.quality) if choice.quality else None
    settled = dataclasses.replace(config.data, codec=Codec(choice.name), codec_quality=quality)
    return dataclasses.replace(config, data=settled)


def print_codec(choice: CodecChoice, console: Console) -> None:
    """Print the choice in one line, unless the options request no codec."""
    if choice != _NO_CODEC:
        print_sentence(console, str(choice))


def prepare_images(config: Config, images: RunImages, console: Console) -> PackedImages:
    """Pack the images of a run and print how many had to be left out.

    Raises:
        DataError: No usable image of a class is left in a split, or one of the reasons of `pack_images`.
    """
    records = images.plan.records()
    packed = pack_images(config, images.build_cache(config), records, console)
    if packed.skipped:
        console.print(f"left out {len(packed.skipped)} of {len(records):,} images, listed in summary.json")
        for name, split in images.plan.splits().items():
            left = {record.label for record in split if record.key not in packed.skipped}
            for label in sorted({record.label for record in split} - left):
                reason = next(packed.skipped[record.key] for record in split if record.label == label)
                raise DataError(f"no usable {LABEL_NAMES[label]} image is left in the {name} set: {reason}")
    return packed


def fit_generators(source: Source, console: Console) -> None:
    """Fit the generators that make a source's fakes with a progress bar, unless it has none or all are fitted.

    Raises:
        OutputError: `paths.cache` cannot be written to.
        WorkerError: The system killed a process that fits generators.
    """
    from fakeid.data.sources.simulated import SimulatedSource  # noqa: PLC0415 - loads torch

    if not isinstance(source, SimulatedSource):
        return
    bank, members = source.bank, source.list_members()
    with build_progress(console) as progress:
        task = progress.add_task("fitting", total=len(members), unit="generators", visible=False)

        def start(count: int, seconds: float, num_bytes: int) -> None:
            print_sentence(
                console,
                f"fitting {count} generators to {len(bank.keys):,} photos, once: about {format_seconds(seconds)} and "
                f"{decimal(num_bytes)} of memory on {format_count(count_cores(), 'core')}",
            )
            progress.reset(task, total=count, visible=True)

        bank.fit(
            members,
            on_start=start,
            on_progress=lambda: progress.advance(task),
            on_wait=lambda: console.print(f"waiting for another process that fits generators in {bank.folder}"),
        )


def build_cache(config: Config, source: Source, codec: CodecChoice) -> ImageCache:
    """Build the cache for the images of a configuration, encoded with the codec chosen for them."""
    return ImageCache(Path(config.paths.cache), source, build_preparation(config, codec))


def build_preparation(config: Config, codec: CodecChoice) -> Preparation:
    """Collect the settings that bring the images of a configuration into a common form."""
    return Preparation(config.data.image_px, config.data.prep.value, codec.name, codec.quality)


def pack_images(config: Config, cache: ImageCache, records: Sequence[Record], console: Console) -> PackedImages:
    """Pack the images that the cache lacks, showing a progress bar and the disk space needed.

    With `data=simulated`, missing generators are fitted first.

    Returns:
        Packed images; `skipped` lists only those of `records`.

    Raises:
        BadImageError: An image is unusable, with `data.on_bad_image=error`.
        DataError: The cache is damaged.
        OutputError: The cache cannot be written to, or there is too little disk space.
    """
    if config.data.source is SourceName.simulated:
        fit_generators(cache.source, console)
    with build_progress(console) as progress:
        task = progress.add_task("preparing", total=len(records), unit="images", visible=False)

        def start(num_images: int, num_bytes: int) -> None:
            console.print(
                f"preparing {num_images:,} images, once: {decimal(num_bytes)} in {cache.folder}", soft_wrap=True
            )
            progress.reset(task, total=num_images, visible=True)

        packed = cache.load(
            records,
            skip_bad=config.data.on_bad_image is OnBadImage.skip,
            on_start=start,
            on_progress=lambda count: progress.advance(task, count),
            on_wait=lambda: console.print(f"waiting for another process that prepares images in {cache.folder}"),
        )
    packed.skipped = {record.key: packed.skipped[record.key] for record in records if record.key in packed.skipped}
    return packed


def measure_sizes(config: Config, center_px: int | None) -> Sizes | None:
    """Compute the sides in px that a summary and an evaluation record.

    Args:
        config: Options of the run.
        center_px: Side of the central window of the tested module; a checkpoint of an earlier release has none and
            scores whole images.

    Returns:
        Sizes, or None for a model based on statistics, which do not depend on the size.
    """
    if config.model.is_fitted_at_once:
        return None
    image_px, views = config.data.image_px, config.protocol.views
    return Sizes(
        image_px=image_px,
        trained_px=compute_trained_px(image_px, config.augment.name.value),
        tested_px=compute_tested_px(image_px, views.value, center_px),
        views=views,
    )
