"""LSUN's categories in the names of files and folders that people and publishers gave."""

import difflib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from fakeid.config.constants import LSUN_OBJECTS, LSUN_SCENES
from fakeid.errors import ConfigError

_CATEGORIES: Final = (*LSUN_SCENES, *LSUN_OBJECTS)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_MAX_WORDS: Final = 3  # that one category may be written as


def split_words(name: str) -> list[str]:
    """The words of a name, in lower case: separators, CamelCase and the borders of numbers part them."""
    return [word.lower() for word in _WORD.findall(name)]


def squeeze(name: str) -> str:
    """A name without case, hyphens and underscores: `churchoutdoor` for `church_outdoor`."""
    return "".join(split_words(name))


@lru_cache(maxsize=4096)
def named_categories(name: str) -> tuple[str, ...]:
    """The categories of LSUN that a file or folder name holds as whole words, sorted.

    `church_outdoor`, `church-outdoor`, `ChurchOutdoor` and `karras2018iclr-lsun-churchoutdoor-256x256` all name
    `church_outdoor`; `cat256` names `cat`, which `category` does not.
    """
    runs = _join_runs(name)
    return tuple(sorted(category for category in _CATEGORIES if squeeze(category) in runs))


def check_categories(categories: Sequence[str]) -> None:
    """Refuse what LSUN does not have.

    Raises:
        ConfigError: Naming the categories that come near.
    """
    for name in categories:
        if name not in _CATEGORIES:
            near = [other for other in _CATEGORIES if squeeze(name) and squeeze(other).startswith(squeeze(name))]
            near += [other for other in difflib.get_close_matches(name, _CATEGORIES, n=2) if other not in near]
            hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(_CATEGORIES)}"
            raise ConfigError(f"LSUN has no category {name!r} (data.categories, data.held_out): {hint}")


def near_names(category: str, names: Iterable[str]) -> list[str]:
    """At most three of the names, those in which some words are nearly the category."""
    by_run = {run: name for name in names for run in _join_runs(name)}
    near = difflib.get_close_matches(squeeze(category), by_run, n=3, cutoff=0.75)
    return list(dict.fromkeys(by_run[run] for run in near))


def _join_runs(name: str) -> set[str]:
    words = split_words(name)
    return {"".join(words[i : i + n]) for i in range(len(words)) for n in range(1, _MAX_WORDS + 1)}
