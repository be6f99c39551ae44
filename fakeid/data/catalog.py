"""From options to a plan: which source is read, which categories it offers in which order, which images enter."""

from collections.abc import Collection

from fakeid.choices import SourceName
from fakeid.config import Config, DataConfig
from fakeid.data.mixing import Plan, draw_plan
from fakeid.data.sources.contract import Source
from fakeid.data.sources.demo import DemoSource
from fakeid.data.sources.folders import FolderSource
from fakeid.vocabulary import DEMO_CATEGORIES


def build_source(config: Config) -> Source:
    """The source that `data.source` names."""
    data = config.data
    if data.source is SourceName.folders:
        assert config.paths.data is not None  # a rule of Config
        return FolderSource(config.paths.data, max_megapixels=data.max_megapixels)
    budgets = (data.train_per_class, data.val_per_class, data.test_per_class)
    return DemoSource(image_px=data.image_px, images_per_class=sum(budget or 0 for budget in budgets), seed=data.seed)


def build_plan(config: Config, source: Source) -> Plan:
    """List the source's images and draw those of this run.

    Raises:
        ConfigError: An unknown category, or more categories than there are.
        DataError: No images, only one class, or too few.
    """
    records = source.records()
    order, held_out = _order(config.data, {record.category for record in records})
    return draw_plan(
        records,
        order=order,
        held_out=held_out,
        num_categories=config.categories,
        train_per_class=config.data.train_per_class,
        val_per_class=config.data.val_per_class,
        test_per_class=config.data.test_per_class,
        seed=config.data.seed,
    )


def _order(data: DataConfig, found: Collection[str]) -> tuple[list[str], str | None]:
    """Training categories in the order in which they are added, and the held-out one."""
    names = [name for name in DEMO_CATEGORIES if name in found] if data.source is SourceName.demo else sorted(found)
    if data.categories is not None:
        rest = [name for name in names if name not in data.categories]
        return data.categories, data.held_out or (rest[-1] if rest else None)
    held_out = data.held_out or (names[-1] if len(names) > 1 else None)
    return [name for name in names if name != held_out], held_out
