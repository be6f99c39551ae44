"""Read options typed after `python -m fakeid COMMAND` as `train.py` reads its own."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from fakeid.config.parse import Config, parse, register_schema
from fakeid.config.presets import locate_presets
from fakeid.errors import ConfigError


@contextmanager
def presets() -> Iterator[None]:
    """Let Hydra compose from `conf/` while this lasts.

    Raises:
        ConfigError: The folder is missing.
    """
    register_schema()
    with initialize_config_dir(str(locate_presets()), version_base="1.3"):
        yield


def compose_configs(overrides: Sequence[str]) -> list[Config]:
    """Build one checked configuration for each combination of the values that are separated by commas.

    Args:
        overrides: Such as `data=lsun_progan` or `categories=1,2,5`; those of `train.py`.

    Raises:
        ConfigError: An unknown option or a value out of range.
        HydraException: A word that is no override, or an unknown choice.
    """
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    choices = [list_single(override) for override in parsed]
    with presets():
        return [parse(compose("train", list(words))) for words in itertools.product(*choices)]


def list_single(override: Override) -> list[str]:
    """List the overrides of one value each that an override stands for, if its values are separated by commas."""
    if not override.is_sweep_override():
        return [str(override.input_line)]
    return [f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()]


def compose_config(overrides: Sequence[str]) -> Config:
    """Build the configuration of a command that takes one value for each option.

    Raises:
        ConfigError: Also for several values.
    """
    configs = compose_configs(overrides)
    if len(configs) > 1:
        raise ConfigError(f"this command takes one value for each option, got {len(configs)} combinations")
    return configs[0]
