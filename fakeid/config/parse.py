"""From a composed configuration to checked, typed values, and from these to plain ones.

Knows neither torch nor OpenCV: a mistyped option is answered before anything heavy is imported.
"""

import dataclasses
from enum import Enum
from functools import cache, lru_cache
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from fakeid.config.schema import Config
from fakeid.config.validate import check, check_config

__all__ = ["Config", "parse", "register_schema", "to_plain"]


@cache
def register_schema() -> None:
    """Make `Config` the base of `conf/train.yaml`, under the name `schema`."""
    ConfigStore.instance().store(name="schema", node=Config)


def parse(cfg: DictConfig) -> Config:
    """Turn a composed configuration into checked, typed values.

    Raises:
        ConfigError: An unknown key, a value out of range, or options that contradict each other.
    """
    _check_known(OmegaConf.to_container(cfg, resolve=False), Config, prefix="")
    merged = OmegaConf.merge(_schema(), cfg)
    config = OmegaConf.to_object(merged)
    assert isinstance(config, Config)
    check_config(config)
    if config.model.is_fitted_at_once:
        # Nothing is drawn from it: several seeds are one run, or a report would find no spread between them.
        config.seed = 0
    return config


@lru_cache(maxsize=1)
def _schema() -> DictConfig:
    schema = OmegaConf.structured(Config)
    assert isinstance(schema, DictConfig)
    return schema


def _check_known(values: Any, schema: Any, prefix: str) -> None:
    known = {entry.name: entry.type for entry in dataclasses.fields(schema)}
    for key, value in values.items():
        check(
            key in known,
            f"there is no option {prefix}{key}; {prefix or 'the top level '}has {', '.join(known)}",
        )
        if isinstance(value, dict) and dataclasses.is_dataclass(known[key]):
            _check_known(value, known[key], prefix=f"{prefix}{key}.")


def to_plain(config: Config) -> dict[str, Any]:
    """Turn options into nested dicts of str, int, float, bool, list and None, ready for YAML and JSON."""
    return {name: _make_plain(value) for name, value in vars(config).items()}


def _make_plain(value: Any) -> Any:
    """Make a value plain as OmegaConf does, a hundred times faster: a sweep asks for each cell again and again."""
    if isinstance(value, Enum):
        return value.name
    if dataclasses.is_dataclass(value):
        return {name: _make_plain(held) for name, held in vars(value).items()}
    if isinstance(value, dict):
        return {name: _make_plain(held) for name, held in value.items()}
    return [_make_plain(held) for held in value] if isinstance(value, list | tuple) else value
