"""Keep with a run what was typed for it, and render the command line that trains it again."""

import re
import shlex
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from hydra import compose
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from fakeid.config import Config
from fakeid.errors import DamagedFileError
from fakeid.files import read_json, write_json
from fakeid.options import GRID
from fakeid.runs.compose import presets
from fakeid.runs.layout import RunFolder

_SWEEP: Final = "sweep"
_PLAIN_TEXT: Final = re.compile(r"[A-Za-z_./][A-Za-z0-9_./-]*")
_WORDS: Final = frozenset({"null", "true", "false", "nan", "inf"})  # that Hydra reads as something else than text


def write_overrides(run: RunFolder, config: Config) -> None:
    """Keep the overrides that Hydra has recorded for the training in progress, as `train.py` would take them.

    A cell of a sweep has those of its point of the grid, and where its grid puts it. Where Hydra did not start the
    training, as in a notebook, nothing is kept.

    Args:
        run: Where.
        config: The checked options of the training.
    """
    if not HydraConfig.initialized():
        run.overrides.unlink(missing_ok=True)  # of an earlier start
        return
    hydra = HydraConfig.get()
    words = [word for word in hydra.overrides.task if word.partition("=")[0] != GRID]
    if hydra.job.config_name == _SWEEP:
        typed = {word.partition("=")[0] for word in words}
        set_by_grid = {"paths.runs": config.paths.runs, "logger.group": config.logger.group}
        words += [f"{name}={_quote(value)}" for name, value in set_by_grid.items() if value and name not in typed]
    write_json(run.overrides, words)


def render_command(run: RunFolder, config: Mapping[str, Any]) -> str:
    """Write `python train.py …` for a POSIX shell, so that it trains a run again.

    Args:
        run: Where the overrides are kept.
        config: Every option, nested plain values as `fakeid.config.to_plain` gives them; for a run without overrides,
            whose options that differ from the defaults are named one by one. Options that today's `train.py` does not
            have are left out.
    """
    try:
        words = read_json(run.overrides, [str])
    except (FileNotFoundError, DamagedFileError):
        wanted = _flatten(config)
        words = [
            f"{name}={_quote(wanted[name])}"
            for name, default in _compose_defaults().items()
            if name in wanted and repr(wanted[name]) != repr(default)
        ]
    return shlex.join(["python", "train.py", *words])


@lru_cache(maxsize=1)
def _compose_defaults() -> dict[str, Any]:
    with presets():
        plain = OmegaConf.to_container(compose("train"), resolve=True, enum_to_str=True)
    assert isinstance(plain, dict)
    return _flatten(plain)


def _flatten(values: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for key, value in values.items():
        leaves |= _flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return leaves


def _quote(value: Any) -> str:
    """Write a value as Hydra's grammar reads it back."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join(_quote(entry) for entry in value)}]"
    if _PLAIN_TEXT.fullmatch(value) and value.lower() not in _WORDS:
        return str(value)
    # Only backslashes before a quote, or at the end, are special.
    escaped = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), value)
    return f"'{escaped}'"
