"""The command line that trains a run again."""

import re
import shlex
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from fakeid.config import register_schema

_CONF: Final = Path(__file__).resolve().parents[2] / "conf"
# Data and protocol first: other groups start from them, and a model takes some of the protocol's switches back.
_GROUPS: Final = ("data", "protocol", "model", "color", "residual", "augment", "optim", "trainer", "logger")
_PLAIN_TEXT: Final = re.compile(r"[A-Za-z_./][A-Za-z0-9_./-]*")
_WORDS: Final = frozenset({"null", "true", "false", "nan", "inf"})  # that Hydra reads as something else than text

_Leaves = dict[str, Any]


def render_command(config: Mapping[str, Any]) -> str:
    """`python train.py …` with only the overrides that differ from the defaults.

    Presets are taken where they say more at once: `data=folders` rather than each of its options.

    Args:
        config: Every option, nested plain values as `fakeid.config.to_plain` gives them. Options that today's
            `train.py` does not have are left out.

    Returns:
        A line for a POSIX shell.
    """
    wanted = _flatten(config)
    choices: tuple[str, ...] = ()
    for group in _GROUPS:
        if not any(key.startswith(f"{group}.") for key in _find_differences(wanted, choices)):
            continue  # composing takes a tenth of a second
        choices = min(
            (choices, *((*choices, f"{group}={name}") for name in _list_choices(group))),
            key=lambda words: (len(_find_differences(wanted, words)), len(words)),
        )
    rest = [f"{key}={_quote(wanted[key])}" for key in _find_differences(wanted, choices)]
    return " ".join(["python", "train.py", *(shlex.quote(word) for word in (*choices, *rest))])


def _find_differences(wanted: Mapping[str, Any], words: tuple[str, ...]) -> list[str]:
    given = _compose(words)
    return [key for key, value in given.items() if key in wanted and repr(wanted[key]) != repr(value)]


@lru_cache(maxsize=1024)
def _compose(words: tuple[str, ...]) -> _Leaves:
    """Unchecked: a preset alone may lack what it needs, such as a folder of images."""
    register_schema()
    with initialize_config_dir(str(_CONF), version_base="1.3"):
        plain = OmegaConf.to_container(compose("train", list(words)), resolve=True, enum_to_str=True)
    assert isinstance(plain, dict)
    return _flatten(plain)


@lru_cache
def _list_choices(group: str) -> Sequence[str]:
    return sorted(path.stem for path in (_CONF / group).glob("*.yaml"))


def _flatten(values: Mapping[Any, Any], prefix: str = "") -> _Leaves:
    leaves: _Leaves = {}
    for key, value in values.items():
        leaves |= _flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return leaves


def _quote(value: Any) -> str:
    """As Hydra's grammar reads it back."""
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
