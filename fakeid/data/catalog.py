"""Turn options into a plan: choose the source, order its categories and draw the images of a run."""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fakeid.config.choices import Alignment, BudgetName, SourceName
from fakeid.config.constants import DEMO_CATEGORIES, LSUN_CATEGORIES, TEST, TRAIN
from fakeid.config.parse import Config
from fakeid.config.schema import DataConfig
from fakeid.data.plans import Budget, Plan, read_plan, write_plan
from fakeid.data.records import Record
from fakeid.data.sampling import draw_plan
from fakeid.data.sources.base import RealFakeSource, Source
from fakeid.data.sources.folder_layout import name_category
from fakeid.data.sources.folders import FolderSource
from fakeid.data.sources.lsun import LsunSource
from fakeid.data.sources.photos import PhotoFolder
from fakeid.data.sources.progan import ProGanSource
from fakeid.errors import ConfigError, DamagedFileError, DataError
from fakeid.io import clear_output_errors

if TYPE_CHECKING:
    from fakeid.data.sources.simulated import SimulatedSource

_MIXTURE: Final = re.compile(r"add_(\d+)")
_PLAN_VERSION: Final = 2  # raise it whenever the same options draw different images


def is_mixture(record: Record) -> bool:
    """Tell whether the image lies in a `train(Add_k)` folder or in the `val(Add_k)` beside it."""
    return bool(record.split and _MIXTURE.fullmatch(record.category))


def count_mixed(mixture: str) -> int:
    """Return the k of the category `add_k`."""
    return int(mixture.rpartition("_")[2])


def find_mixture(records: Iterable[Record], num_categories: int | None) -> str | None:
    """Find the category `add_k` of the mixture to train on.

    Args:
        records: All images of a tree.
        num_categories: The wanted k; None takes the largest.

    Returns:
        The category, or None if the tree has no mixtures.

    Raises:
        ConfigError: The tree has mixtures, but not this one.
    """
    there = sorted({count_mixed(r.category) for r in records if r.split == TRAIN and is_mixture(r)})
    if not there:
        return None
    wanted = there[-1] if num_categories is None else num_categories
    if wanted not in there:
        folders = ", ".join(f"train(Add_{number})" for number in there)
        raise ConfigError(f"categories={wanted} needs the folder train(Add_{wanted}) in paths.data; there is {folders}")
    return f"add_{wanted}"


def check_mixture(mixture: str, records: Iterable[Record], order: Sequence[str], *, are_named: bool) -> None:
    """Refuse a mixture whose categories are unknown, or whose file names show that it contains other categories.

    Args:
        mixture: Category of the mixture, `add_k`.
        records: All images of the tree.
        order: Training categories in the order in which they are added.
        are_named: Whether the user named the categories.

    Raises:
        ConfigError: The first k categories are neither those of the seed paper nor named by the user.
        DataError: A file is named after a category that the mixture must not contain.
    """
    k = count_mixed(mixture)
    seen = list(order[:k])
    if len(seen) < k or not (are_named or seen == list(LSUN_CATEGORIES[:k])):
        raise ConfigError(
            f"train(Add_{k}) mixes {k} categories, and the test sets do not say which ones: name them in order with "
            f"data.categories=[…]; there are test sets of {', '.join(order) or 'none'}"
        )
    records = list(records)
    # `train_0001.png` is more likely named after the split than after LSUN's category of trains.
    names = sorted({record.category for record in records} | set(LSUN_CATEGORIES) - {TRAIN})
    for record in records:
        if record.category == mixture:
            shown = name_category(record.key, names)
            if shown is not None and shown not in seen:
                raise DataError(
                    f"{record.key} is named after {shown}, which train(Add_{k}) must not contain; it mixes "
                    f"{', '.join(seen)}: remove the file, or name the categories with data.categories=[…]"
                )


def build_source(config: Config) -> Source:
    """Build the source that `data.source` names."""
    data = config.data
    if data.source is SourceName.folders:
        assert config.paths.data is not None  # a rule of Config
        return FolderSource(config.paths.data, max_megapixels=data.max_megapixels)
    if data.source is SourceName.lsun_progan:
        return build_lsun_progan(config)
    if data.source is SourceName.simulated:
        return build_simulated(config)
    from fakeid.data.sources.demo import DemoSource  # noqa: PLC0415 - its generators load torch, which takes seconds

    budgets = (data.train_per_class, data.val_per_class, data.test_per_class)
    return DemoSource(image_px=data.image_px, images_per_class=sum(budget or 0 for budget in budgets), seed=data.seed)


def build_lsun_progan(config: Config) -> RealFakeSource:
    """Build a source of LSUN's databases and ProGAN's samples; it caches its listings below `paths.cache`."""
    real, fake = config.data.real.root or config.paths.data, config.data.fake.root or config.paths.data
    assert real is not None  # a rule of Config
    assert fake is not None
    order, held_out = list_order(config.data)
    names, listings = [*order, held_out], str(Path(config.paths.cache).absolute() / "listings")
    limit = config.data.max_megapixels
    return RealFakeSource(
        LsunSource(real, names, listings=listings, max_megapixels=limit),
        ProGanSource(fake, names, listings=listings, max_megapixels=limit),
    )


def build_simulated(config: Config) -> "SimulatedSource":
    """Build a source of photos and their copies; it keeps fitted generators below `paths.cache`."""
    from fakeid.data.sources.simulated import SimulatedOptions, SimulatedSource  # noqa: PLC0415 - loads torch

    data, wanted = config.data, config.data.simulated
    assert config.paths.data is not None  # a rule of Config
    options = SimulatedOptions(
        tuple(wanted.list_trained_families()), tuple(wanted.validation_families), tuple(wanted.test_families),
        wanted.members_per_family, wanted.fit_steps, wanted.pairs_per_photo, wanted.alignment,
        wanted.damaged_share if wanted.alignment is Alignment.full else 0.0,  # others leave photos unchanged
    )  # fmt: skip
    photos = PhotoFolder(config.paths.data, data.image_px, data.max_megapixels)
    return SimulatedSource(photos, str(Path(config.paths.cache).absolute()), data.image_px, options, data.seed)


def build_plan(config: Config, source: Source, on_listed: Callable[[int], None] = lambda _: None) -> Plan:
    """List the images of the source and draw those of this run.

    The plan of a large data set is cached below `paths.cache`, so that a second run need not list it again.

    Args:
        config: Validated options.
        source: Source from `build_source`.
        on_listed: Called from time to time with the number of images listed so far.

    Raises:
        ConfigError: A category is unknown, or more categories are requested than exist.
        DataError: There are no images, images of only one class, or too few images.
    """
    if config.data.source is SourceName.lsun_progan:
        order, held_out = list_order(config.data)
        return _remember(config, source, order, held_out, on_listed)
    records = list(_count(source.records(), on_listed))
    mixture = find_mixture(records, config.categories)
    if mixture:
        trained = tested = {record.category for record in records if not is_mixture(record)}
    else:
        trained, tested = _list_categories(records)
    order, held_out_or_none = _order(config.data, trained, tested)
    if mixture:
        check_mixture(mixture, records, order, are_named=config.data.categories is not None)
    num_categories = count_mixed(mixture) if mixture else config.categories
    if num_categories is None and not config.data.categories:
        num_categories = len(trained.intersection(order))  # the others are tested as unseen
    return _draw(config, records, order, held_out_or_none, num_categories, mixture)


def _list_categories(records: Iterable[Record]) -> tuple[set[str], set[str]]:
    """List the categories that can be trained on and those that can be tested on; they differ with given splits."""
    by_split: dict[str, set[str]] = defaultdict(set)
    for record in records:
        by_split[record.split].add(record.category)
    trained = by_split.get(TRAIN) or by_split.get("") or set().union(*by_split.values())
    return trained, by_split.get(TEST, trained)


def _draw(
    config: Config,
    records: Iterable[Record],
    order: list[str],
    held_out: str | None,
    num_categories: int | None,
    mixture: str | None = None,
) -> Plan:
    data = config.data
    return draw_plan(
        records,
        order=order,
        held_out=held_out,
        num_categories=num_categories,
        budget=Budget(data.train_per_class, data.val_per_class, data.test_per_class),
        seed=data.seed,
        mixture=mixture,
        lower=data.budget is BudgetName.auto,
    )


def _remember(
    config: Config, source: Source, order: list[str], held_out: str, on_listed: Callable[[int], None]
) -> Plan:
    data = config.data
    identity = [
        _PLAN_VERSION, source.describe(), order, held_out, config.categories, data.train_per_class, data.val_per_class,
        data.test_per_class, data.seed, data.budget.value,
    ]  # fmt: skip
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
    path = Path(config.paths.cache) / "plans" / f"{digest}.json"
    if path.exists():
        try:
            return read_plan(path)
        except DamagedFileError:
            pass  # damaged: draw it again, with the same result
    plan = _draw(config, _count(source.records(), on_listed), order, held_out, config.categories)
    with clear_output_errors(path.parent, "paths.cache"):
        write_plan(path, plan)
    return plan


def _count(records: Iterable[Record], on_listed: Callable[[int], None]) -> Iterator[Record]:
    for number, record in enumerate(records, start=1):
        if number % 10_000 == 0:
            on_listed(number)
        yield record


def list_order(data: DataConfig) -> tuple[list[str], str]:
    """Return the training categories of `data=lsun_progan`, in the order they are added, and the held-out category."""
    held_out = data.held_out or LSUN_CATEGORIES[-1]
    return data.categories or [name for name in LSUN_CATEGORIES if name != held_out], held_out


def _order(data: DataConfig, trained: Collection[str], tested: Collection[str]) -> tuple[list[str], str | None]:
    """Return the training categories, in the order they are added, and the held-out category.

    Categories of the seed paper keep its order, with sheep held out. Others are sorted by name. The last one is held
    out; with given splits the last of those that can be tested, if possible one that has no training images anyway.
    """
    known = DEMO_CATEGORIES if data.source is SourceName.demo else LSUN_CATEGORIES
    found = {*trained, *tested}
    names = [name for name in known[:-1] if name in found]
    names += [*sorted(found - set(known)), *[name for name in known[-1:] if name in found]]
    free = [name for name in names if name in tested and name not in (data.categories or ())]
    free = [name for name in free if name not in trained] or free
    held_out = data.held_out or (free[-1] if free and len(names) > 1 else None)
    order = data.categories or sorted(
        set(names) - {held_out}, key=lambda name: (name not in trained, names.index(name))
    )
    return order, held_out
