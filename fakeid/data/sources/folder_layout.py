"""Read split, generator, category and class of images from the names of their folders, without disk access."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from fakeid.config.constants import CAMERA, FAKE, LSUN_CATEGORIES, REAL, TEST, TRAIN, VAL
from fakeid.errors import DataError

LAYOUT: Final = (
    "DIR/[generator/][category/]{0_real,1_fake} or {real,fake}, below train/, val/ and test/ where the splits are "
    "given, or DIR/train(Add_k)/{real,fake} beside the test sets DIR/[test/]category/{real,fake}"
)
"""The accepted layouts, for messages."""

MAX_LEVELS: Final = 2
"""Maximum number of folders above the class folders: generator and category. A split folder comes on top of these."""

Parts: TypeAlias = tuple[str, ...]
"""The names on the path from the root to a folder."""

_CLASS_FOLDERS: Final = {"0_real": REAL, "real": REAL, "1_fake": FAKE, "fake": FAKE}
_SPLIT_FOLDERS: Final = {
    **dict.fromkeys(("train", "training", "progan_train"), TRAIN),
    **dict.fromkeys(("val", "valid", "validation", "progan_val"), VAL),
    **dict.fromkeys(("test", "testing", "progan_test"), TEST),
}
_MIXTURE: Final = re.compile(r"([a-z_]+?)[\W_]*add[\W_]*([0-9]+)[\W_]*", re.IGNORECASE)
_TEST_SET: Final = re.compile(r"test[\s_-]*\(\s*(?P<inside>.+?)\s*\)|test[\s_-]+(?P<after>.+)", re.IGNORECASE)
_MAX_MIXED: Final = len(LSUN_CATEGORIES) - 1  # all but the held-out one


@dataclass(frozen=True, slots=True)
class Place:
    """What the path of a class folder says about every image in it; `split` is empty if the path names none."""

    label: int
    category: str
    generator: str
    split: str = ""


class _Head(NamedTuple):
    """The meaning of a first-level folder: the split that it names, and the levels that it stands for."""

    split: str
    levels: Parts


def class_level(parts: Parts) -> int | None:
    """Return the index of the class folder in a path; None if there is none."""
    return next((level for level, name in enumerate(parts) if name.casefold() in _CLASS_FOLDERS), None)


def names_split(folder: str) -> bool:
    """Tell whether a first-level folder with this name may be a split, such as `train`, `valid` or `progan_test`."""
    return folder.casefold() in _SPLIT_FOLDERS


def read_layout(root: Path, num_images: Mapping[Parts, int]) -> dict[Parts, Place]:
    """Determine the meaning of each class folder of a tree, in any of the layouts that `FolderSource` describes.

    Args:
        root: Root of the tree. Its name is the category of class folders directly below it.
        num_images: Number of images directly in each folder, by the folder's path below the root.

    Returns:
        The places that class folders stand for, by their paths below the root; empty if there are no class folders.

    Raises:
        DataError: A folder is too deep, a split is empty, or a folder beside the splits is not a split.
    """
    class_folders = [parts for parts in num_images if class_level(parts) == len(parts) - 1]
    heads = _read_heads(root, num_images, class_folders)
    mixture = _read_mixture(root, root.name)
    root_category = mixture.levels[0] if mixture else root.name
    places = {}
    for parts in class_folders:
        head, rest = heads.get(parts[0]), parts[1:-1]
        split, levels = (head.split, head.levels + rest) if head else ("", parts[:-1])
        if len(levels) > MAX_LEVELS:
            raise DataError(f"{'/'.join(parts)} is too deep below paths.data={root}: expected {LAYOUT}")
        label = _CLASS_FOLDERS[parts[-1].casefold()]
        made_by = levels[0] if len(levels) == MAX_LEVELS else "unknown"
        category = levels[-1] if levels else root_category
        places[parts] = Place(label, category, CAMERA if label == REAL else made_by, split)
    return places


def name_category(file_name: str, categories: Iterable[str]) -> str | None:
    """Find the category that a file name begins with: `church_outdoor` for `church_outdoor-12.png`.

    Case is ignored, as are separators within a name (`churchoutdoor7.png`). The name must be followed by a separator, a
    digit or the end, so that `category.png` does not name `cat`; the longest name wins.

    Args:
        file_name: Name or path of a file; folders are ignored.
        categories: The names to look for, in the form in which they are returned.
    """
    names, pattern = _compile_names(tuple(categories))
    match = pattern.match(file_name.rpartition("/")[2])
    return names[match.lastindex - 1] if match and match.lastindex else None


def _read_heads(root: Path, num_images: Mapping[Parts, int], class_folders: list[Parts]) -> dict[str, _Head]:
    """Interpret first-level folders that name a split; the result is empty if there are no splits."""
    visible = [parts[0] for parts in num_images if len(parts) == 1]
    depths: dict[str, int] = {}  # most folders between a first-level one and its class folders; -1 for a class folder
    for parts in class_folders:
        depths[parts[0]] = max(depths.get(parts[0], -1), len(parts) - 2)
    if any(_read_mixture(root, name) for name in visible):
        heads = {name: head for name in visible if (head := _read_beside_mixtures(root, name, depths.get(name)))}
    else:
        splits = {name: _SPLIT_FOLDERS[name.casefold()] for name in visible if names_split(name)}
        if not _are_splits(splits, depths):
            return {}
        heads = {name: _Head(split, ()) for name, split in splits.items()}
    _check_heads(root, heads, depths, num_images)
    return heads


def _are_splits(splits: dict[str, str], depths: dict[str, int]) -> bool:
    """Tell whether folders named like splits are splits and not categories: `train` is also a category of LSUN."""
    with_classes = [name for name in splits if name in depths]
    if any(depths[name] > 0 for name in with_classes) or len({splits[name] for name in with_classes}) > 1:
        return True
    # An empty test/ beside train/{real,fake} is a forgotten split, unless the tree holds other categories.
    return bool(with_classes) and len(with_classes) == len(depths) and len(set(splits.values())) > 1


def _read_beside_mixtures(root: Path, name: str, depth: int | None) -> _Head | None:
    """Interpret a first-level folder in the layout of the seed paper's authors; None if it does not belong to it."""
    if mixture := _read_mixture(root, name):
        if depth:
            raise DataError(f"{root / name} must hold real and fake directly, found other folders: remove them")
        return mixture
    if match := _TEST_SET.fullmatch(name):
        return _Head(TEST, (match["inside"] or match["after"],))
    split = _SPLIT_FOLDERS.get(name.casefold())
    if split in (VAL, TEST):
        return _Head(split, ())
    # Photos of trains are a test set like any other; any other folder named `train` would be a second training set.
    is_category = split is None or (name.casefold() == TRAIN and depth == 0)
    return _Head(TEST, (name,)) if is_category and depth is not None and depth >= 0 else None


def _check_heads(root: Path, heads: dict[str, _Head], depths: dict[str, int], num_images: Mapping[Parts, int]) -> None:
    empty = min(heads.keys() - depths.keys(), default=None)
    if empty is not None:
        raise DataError(f"{root / empty} holds no class folder with images: remove it, or fill it as in {LAYOUT}")
    with_images = {parts[0] for parts, num in num_images.items() if parts and num} | depths.keys()
    stray = min(with_images - heads.keys(), default=None)
    if stray is not None:
        raise DataError(
            f"{root / stray} lies beside {' and '.join(sorted(heads)[:3])} but is not a split: "
            f"move it into one of them, or out of paths.data={root}"
        )


def _read_mixture(root: Path, name: str) -> _Head | None:
    """Read `train(Add_3)`, in any spelling, as the category `add_3`; None if the folder is not a mixture."""
    match = _MIXTURE.fullmatch(name)
    if not match or not names_split(match[1]):
        return None
    if not 1 <= int(match[2]) <= _MAX_MIXED:
        raise DataError(f"{name} of paths.data={root} must be one of Add_1 to Add_{_MAX_MIXED}: rename or move it")
    return _Head(_SPLIT_FOLDERS[match[1].casefold()], (f"add_{int(match[2])}",))


@lru_cache(maxsize=8)
def _compile_names(categories: tuple[str, ...]) -> tuple[list[str], re.Pattern[str]]:
    words = {name: re.findall(r"[^\W_]+", name) for name in categories}
    names = sorted((name for name in words if words[name]), key=lambda name: -sum(map(len, words[name])))
    spellings = "|".join("(" + r"[\W_]*".join(map(re.escape, words[name])) + ")" for name in names)
    return names, re.compile(rf"(?:{spellings})(?=[\W_0-9]|$)", re.IGNORECASE)
