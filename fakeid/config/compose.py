"""Parse options typed after `python -m fakeid COMMAND` as `train.py` parses its own."""

import copy
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from fakeid.config.parse import Config, parse, register_schema
from fakeid.config.presets import locate_presets
from fakeid.errors import ConfigError

Overrides: TypeAlias = tuple[str, ...]
"""Words that would be typed after `python train.py`."""

_VALUES: Final = frozenset(entry.name for entry in fields(Config) if not is_dataclass(entry.type))


@contextmanager
def presets() -> Iterator[None]:
    """Let Hydra compose from `conf/` inside the block.

    Raises:
        ConfigError: The folder `conf/` is missing.
    """
    register_schema()
    with initialize_config_dir(str(locate_presets()), version_base="1.3"):
        yield


class Composer:
    """Cache of composed presets: each combination is composed once, and plain values are set in copies of it.

    This is ten times faster than composing each configuration.

    Args:
        compose: Function that composes a configuration from overrides.
    """

    def __init__(self, compose: Callable[[list[str]], DictConfig]) -> None:
        self._compose = lru_cache(maxsize=None)(lambda presets: compose(list(presets)))
        self._parse = lru_cache(maxsize=None)(OverridesParser.create().parse_override)

    def compose(self, overrides: Overrides) -> DictConfig:
        """Compose the same configuration as Hydra would."""
        parsed = [self._parse(word) for word in overrides]
        plain = [each for each in parsed if each.type is OverrideType.CHANGE and self._is_value(each.key_or_group)]
        presets = tuple(word for word, each in zip(overrides, parsed, strict=True) if each not in plain)
        config = copy.deepcopy(self._compose(presets))
        for each in plain:
            try:
                OmegaConf.update(config, each.key_or_group, each.value())
            except OmegaConfBaseException:
                return self._compose(overrides)  # raises Hydra's own message
        return config

    @staticmethod
    def _is_value(name: str) -> bool:
        return "." in name or name in _VALUES


def compose_configs(overrides: Sequence[str]) -> list[Config]:
    """Build one checked configuration for each combination of comma-separated values.

    Args:
        overrides: Overrides of `train.py`, such as `data=lsun_progan` or `categories=1,2,5`.

    Raises:
        ConfigError: An option is unknown or a value is out of range.
        HydraException: A word is not an override, or a choice is unknown.
    """
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    choices = [list_single(override) for override in parsed]
    with presets():
        composer = Composer(lambda words: compose("train", words))
        return [parse(composer.compose(words)) for words in itertools.product(*choices)]


def list_single(override: Override) -> list[str]:
    """Split an override with comma-separated values into overrides of one value each."""
    if not override.is_sweep_override():
        return [str(override.input_line)]
    return [f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()]


def compose_config(overrides: Sequence[str]) -> Config:
    """Build the configuration of a command that takes one value per option.

    Raises:
        ConfigError: An option is unknown, has several values, or has a value out of range.
    """
    configs = compose_configs(overrides)
    if len(configs) > 1:
        raise ConfigError(
            f"this command takes one value per option, got {len(configs)} combinations; type one value each"
        )
    return configs[0]
