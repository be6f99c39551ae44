"""`python -m fakeid prepare`: pack the images of one configuration or of a whole grid ahead of its trainings."""

from collections.abc import Sequence

from rich.console import Console

from fakeid.audit.metadata import CodecChoice
from fakeid.config.parse import Config
from fakeid.console import build_progress
from fakeid.data.cache.image_cache import ImageCache
from fakeid.data.records import Record
from fakeid.data.sources.base import Source
from fakeid.runs.evaluate.test_sets import list_sets
from fakeid.runs.images import build_cache, choose_codec, list_images, pack_images, print_codec


def prepare(
    configs: Sequence[Config], *, rebuild: bool = False, verify: bool = False, console: Console | None = None
) -> None:
    """Pack everything that the configurations need; those that share a cache share its images.

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
        for source, needed, codec in _list(config, console):
            cache = build_cache(config, source, codec)
            if str(cache.folder) not in caches:
                print_codec(codec, console)
            _, _, records = caches.setdefault(str(cache.folder), (config, cache, {}))
            records.update({record.key: record for record in needed})
    for config, cache, records in caches.values():
        if rebuild:
            cache.remove()
        packed = pack_images(config, cache, list(records.values()), console)
        skipped = sum(key in packed.skipped for key in records)
        left_out = f", {skipped} of them unusable and left out" if skipped else ""
        console.print(f"{len(records):,} images are ready in {cache.folder}{left_out}", soft_wrap=True)
        if verify:
            _verify(cache, console)


def _list(config: Config, console: Console) -> list[tuple[Source, list[Record], CodecChoice]]:
    """The images of a training, and those of its evaluation if it is to have one."""
    source, plan = list_images(config, console)
    codec = choose_codec(config, source, plan)
    sets = list_sets(config, console, drawn=(source, plan)) if config.evaluation.is_wanted else []
    return [(source, plan.records(), codec), *((part.source, part.records, codec) for part in sets)]


def _verify(cache: ImageCache, console: Console) -> None:
    with build_progress(console) as progress:
        task = progress.add_task("verifying", total=1, unit="packs")

        def advance(num_packs: int) -> None:
            progress.update(task, total=num_packs, advance=1)

        num_packs = cache.verify(advance)
    console.print(f"all {num_packs} packs are as they were written")
