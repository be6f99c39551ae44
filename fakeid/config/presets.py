"""List every group with its choices, and say what a mistyped option was meant to be."""

import difflib
from pathlib import Path
from typing import Final

from fakeid.config.options import list_options
from fakeid.config.parse import Config
from fakeid.errors import ConfigError

GROUPS: Final = (
    "data", "color", "residual", "augment", "model", "protocol", "optim", "trainer", "logger", "evaluation",
)  # fmt: skip
"""Those of `train.py`, in the order in which they are explained; `sweep.py` has `grid` as well."""

GRID: Final = "grid"

_PACKAGE: Final = Path(__file__).resolve().parents[1]

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


def locate_presets() -> Path:
    """Find the folder of the presets: `conf/` beside the package in a clone, `fakeid/conf/` in a wheel.

    Raises:
        ConfigError: There is neither.
    """
    for folder in (_PACKAGE.parent / "conf", _PACKAGE / "conf"):
        if (folder / "train.yaml").is_file():
            return folder
    raise ConfigError(
        f'the presets are missing beside {_PACKAGE}: install fakeid again, with pip install -e ".[train]" in a clone'
    )


def list_choices(group: str) -> list[str]:
    """List the presets of a group by name, `hsv` among those of `color`."""
    return sorted(path.stem for path in (locate_presets() / group).glob("*.yaml"))


def suggest_option(name: str) -> str:
    """Suggest what was meant by an option that does not exist: `; did you mean …?`, or where all of them stand.

    The same last word under another group comes first, then initials (`lr`), other programs' names, similar letters.
    """
    if name == GRID:
        return "; grids belong to sweep.py: python sweep.py -m grid=NAME"
    paths = [option.path for option in list_options(Config)]
    last = name.rpartition(".")[2]
    meant = [path for path in paths if path.rpartition(".")[2] == last]
    meant += [path for path in paths if len(last) > 1 and _take_initials(path) == last]
    meant += [_OTHER_NAMES[last]] if last in _OTHER_NAMES else []
    meant = meant or difflib.get_close_matches(name, [*GROUPS, *paths], n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(meant)}?" if meant else "; see --help"


def suggest_assignment(word: str) -> str:
    """Say of a word without `=` which groups have such a choice, or how an option is typed."""
    groups = [group for group in (*GROUPS, GRID) if word in list_choices(group)]
    if groups:
        return f"{word} is a choice of {' and '.join(groups)}: type {' or '.join(f'{g}={word}' for g in groups)}"
    return f"expected name=value, got {word}{suggest_option(word)}"


def _take_initials(path: str) -> str:
    return "".join(word[0] for word in path.rpartition(".")[2].split("_"))
