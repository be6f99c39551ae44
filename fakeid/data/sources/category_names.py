"""Recognize LSUN's categories in the names that people and publishers give to files and folders."""

import difflib
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from fakeid.config.constants import LSUN_OBJECTS, LSUN_SCENES

_CATEGORIES: Final = (*LSUN_SCENES, *LSUN_OBJECTS)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_MAX_WORDS: Final = 3  # most words in the name of a category


def split_words(name: str) -> list[str]:
    """Split a name into lower-case words at separators, CamelCase humps and the borders of numbers."""
    return [word.lower() for word in _WORD.findall(name)]


def squeeze(name: str) -> str:
    """Remove case, hyphens and underscores from a name: `church_outdoor` becomes `churchoutdoor`."""
    return "".join(split_words(name))


@lru_cache(maxsize=4096)
def named_categories(name: str) -> tuple[str, ...]:
    """Find the categories of LSUN that a file or folder name contains as whole words, sorted.

    `church_outdoor`, `church-outdoor`, `ChurchOutdoor` and `karras2018iclr-lsun-churchoutdoor-256x256` all name
    `church_outdoor`; `cat256` names `cat`, but `category` does not.
    """
    runs = _join_runs(name)
    return tuple(sorted(category for category in _CATEGORIES if squeeze(category) in runs))


def near_names(category: str, names: Iterable[str]) -> list[str]:
    """Find up to three names with words that are similar to the category."""
    by_run = {run: name for name in names for run in _join_runs(name)}
    near = difflib.get_close_matches(squeeze(category), by_run, n=3, cutoff=0.75)
    return list(dict.fromkeys(by_run[run] for run in near))


def _join_runs(name: str) -> set[str]:
    words = split_words(name)
    return {"".join(words[i : i + n]) for i in range(len(words)) for n in range(1, _MAX_WORDS + 1)}
