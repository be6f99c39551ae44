"""What was meant by an option or a word that does not exist."""

import difflib
from typing import Final

from fakeid.option_list import GRID, GROUPS, list_choices, list_options

_OTHER_NAMES: Final = {
    "amp": "trainer.precision",
    "arch": "model",
    "backbone": "model",
    "checkpoint_dir": "paths.runs",
    "cuda": "trainer.accelerator",
    "data_dir": "paths.data",
    "dataroot": "paths.data",
    "dataset": "data",
    "device": "trainer.accelerator",
    "fp16": "trainer.precision",
    "gpus": "trainer.devices",
    "image_size": "data.image_px",
    "img_size": "data.image_px",
    "k": "categories",
    "max_epochs": "optim.epochs",
    "num_categories": "categories",
    "out": "paths.runs",
    "out_dir": "paths.runs",
    "output": "paths.runs",
    "output_dir": "paths.runs",
    "overwrite": "force",
    "resolution": "data.image_px",
    "root": "paths.data",
    "size": "data.image_px",
    "wandb": "logger",
    "workers": "trainer.num_workers",
}
"""What other programs call our options."""


def suggest_option(name: str) -> str:
    """What comes behind the name of an option that does not exist: `; did you mean …?`, or where all of them stand.

    The same last word under another group comes first, then initials (`lr`), other programs' names, similar letters.
    """
    if name == GRID:
        return "; grids belong to sweep.py: python sweep.py -m grid=NAME"
    paths = [option.path for option in list_options()]
    last = name.rpartition(".")[2]
    meant = [path for path in paths if path.rpartition(".")[2] == last]
    meant += [path for path in paths if len(last) > 1 and _take_initials(path) == last]
    meant += [_OTHER_NAMES[last]] if last in _OTHER_NAMES else []
    meant = meant or difflib.get_close_matches(name, [*GROUPS, *paths], n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(meant)}?" if meant else "; see --help"


def suggest_assignment(word: str) -> str:
    """For a word without `=`: the groups that have such a choice, or how an option is typed."""
    groups = [group for group in (*GROUPS, GRID) if word in list_choices(group)]
    if groups:
        return f"{word} is a choice of {' and '.join(groups)}: type {' or '.join(f'{g}={word}' for g in groups)}"
    return f"expected name=value, got {word}{suggest_option(word)}"


def _take_initials(path: str) -> str:
    return "".join(word[0] for word in path.rpartition(".")[2].split("_"))
