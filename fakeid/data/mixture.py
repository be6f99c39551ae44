"""The authors' training folders `train(Add_k)`: images of k categories in one folder, none of which says its own."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from fakeid.data.records import Record
from fakeid.data.sources.folder_layout import name_category
from fakeid.errors import ConfigError, DataError
from fakeid.vocabulary import LSUN_CATEGORIES, TRAIN

_CATEGORY: Final = re.compile(r"add_(\d+)")


def is_mixture(record: Record) -> bool:
    """Whether the image lies in a `train(Add_k)`, or the `val(Add_k)` beside it."""
    return bool(record.split and _CATEGORY.fullmatch(record.category))


def count_mixed(mixture: str) -> int:
    """The k of `add_k`."""
    return int(mixture.rpartition("_")[2])


def find_mixture(records: Iterable[Record], num_categories: int | None) -> str | None:
    """The category `add_k` of the training folder that is wanted; None where there is no such folder at all.

    Args:
        records: All images of a tree.
        num_categories: The k; None takes the largest.

    Raises:
        ConfigError: There are such folders, but not this one.
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
    """Refuse a mixture of which nobody can tell what it shows, or whose file names tell that it shows too much.

    Args:
        mixture: Its category.
        records: All images of the tree.
        order: Training categories in the order in which they are added.
        are_named: The user named them.

    Raises:
        ConfigError: The first k categories are neither the seed paper's nor named.
        DataError: A file is named after another category.
    """
    k = count_mixed(mixture)
    seen = list(order[:k])
    if len(seen) < k or not (are_named or seen == list(LSUN_CATEGORIES[:k])):
        raise ConfigError(
            f"train(Add_{k}) mixes {k} categories, and the test sets do not say which: name them in order with "
            f"data.categories=[…]; there are test sets of {', '.join(order) or 'none'}"
        )
    records = list(records)
    # `train_0001.png` is more likely to be named after the split than after LSUN's trains.
    names = sorted({record.category for record in records} | set(LSUN_CATEGORIES) - {TRAIN})
    for record in records:
        if record.category == mixture:
            shown = name_category(record.key, names)
            if shown is not None and shown not in seen:
                raise DataError(
                    f"{record.key} is named after {shown}, which train(Add_{k}) must not show; it mixes "
                    f"{', '.join(seen)}: remove it, or name its categories with data.categories=[…]"
                )
