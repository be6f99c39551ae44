"""List every group with its choices, and suggest corrections for mistyped options."""

import difflib
from pathlib import Path
from typing import Final

from fakeid.config.options import list_options
from fakeid.config.parse import Config
from fakeid.errors import ConfigError

GROUPS: Final = (
    "data", "color", "residual", "augment", "model", "protocol", "optim", "trainer", "logger", "evaluation",
)  # fmt: skip
"""Groups of `train.py` in the order in which they are explained; `sweep.py` also has `grid`."""

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
"""Names that other programs use, with the corresponding option of fakeid."""


def locate_presets() -> Path:
    """Find the folder of the presets: `conf/` beside the package in a clone, `fakeid/conf/` in a wheel.

    Raises:
        ConfigError: Neither folder exists.
    """
    for folder in (_PACKAGE.parent / "conf", _PACKAGE / "conf"):
        if (folder / "train.yaml").is_file():
            return folder
    raise ConfigError(
        f'the presets are missing beside {_PACKAGE}: reinstall fakeid, in a clone with pip install -e ".[train]"'
    )


def list_choices(group: str) -> list[str]:
    """List the names of the presets of a group, such as `hsv` of `color`."""
    return sorted(path.stem for path in (locate_presets() / group).glob("*.yaml"))


def suggest_option(name: str) -> str:
    """Suggest options for a name that does not exist, as `; did you mean …?`, or point to `--help`.

    The same last word in another group comes first, then initials (`lr`) and names used by other programs, and finally
    similar spellings.
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
    """Explain for a word without `=` which groups have such a choice, or how an option is typed."""
    groups = [group for group in (*GROUPS, GRID) if word in list_choices(group)]
    if groups:
        return f"{word} is a choice of {' and '.join(groups)}: type {' or '.join(f'{g}={word}' for g in groups)}"
    return f"expected name=value, got {word}{suggest_option(word)}"


def _take_initials(path: str) -> str:
    return "".join(word[0] for word in path.rpartition(".")[2].split("_"))
