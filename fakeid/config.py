"""Every option with its type, default and range. Presets in `conf/` hold only what they change.

This module knows neither torch nor OpenCV: a mistyped option is answered before anything heavy is imported.
"""

import dataclasses
import difflib
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from fakeid.choices import AugmentName, BudgetName, ColorName, DeviceCache, ResidualName, SourceName, Tested
from fakeid.explained import explained
from fakeid.sections import (
    AugmentConfig,
    ColorConfig,
    DataConfig,
    EvaluationConfig,
    LoggerConfig,
    ModelConfig,
    OptimConfig,
    PathsConfig,
    ProtocolConfig,
    ResidualConfig,
    SweepConfig,
    TrainerConfig,
    check,
    check_at_least,
)
from fakeid.vocabulary import DEMO_CATEGORIES, LSUN_CATEGORIES, LSUN_OBJECTS, LSUN_SCENES
from fakeid.windows import SMALLEST_PX, list_windows

_SEEDS: Final = 2**32  # that numpy takes
_LARGEST: Final = 2**53  # up to which JSON's readers agree


@dataclass
class Config:
    """One training and its test."""

    categories: int | None = explained(10, "how many are trained on, in their order; null: all but the held-out one")
    dropout: float = explained(0.0, "probability of dropping a feature in training")
    seed: int = explained(0, "first weights, order of the images, augmentation, dropout")
    force: bool = explained(False, "train anew what is trained already")
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    color: ColorConfig = field(default_factory=ColorConfig)
    residual: ResidualConfig = field(default_factory=ResidualConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    protocol: ProtocolConfig = field(default_factory=ProtocolConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    logger: LoggerConfig = field(default_factory=LoggerConfig)
    paths: PathsConfig = field(default_factory=PathsConfig)
    sweep: SweepConfig = field(default_factory=SweepConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)

    def __post_init__(self) -> None:
        """Check ranges and the rules that join several options."""
        check_at_least("categories", self.categories, 1)
        check(0 <= self.dropout < 1, f"dropout must be in [0, 1), got {self.dropout}; the paper uses 0, 0.2 and 0.5")
        check_at_least("seed", self.seed, 0)
        check(self.seed < _SEEDS, f"seed must be below {_SEEDS} (2^32), got {self.seed}")
        check(
            self.protocol.tested is Tested.last or self.data.val_per_class != 0,
            "protocol.tested=best chooses by validation: give data.val_per_class, or set protocol.tested=last",
        )
        check(
            self.optim.batch_size % (self.trainer.devices or 1) == 0,
            f"trainer.devices={self.trainer.devices} processes cannot share batches of {self.optim.batch_size} images "
            f"equally: set optim.batch_size to a multiple of {self.trainer.devices}, or take fewer processes",
        )
        if self.model.is_fitted_at_once:
            self._check_fitted_at_once()
            # Nothing is drawn from it: several seeds are one run, or a report would find no spread between them.
            self.seed = 0
        check(
            self.data.device_cache is not DeviceCache.on or self.augment.name is AugmentName.none,
            f"data.device_cache=on keeps images where augment={self.augment.name.value} cannot reach them: set "
            "data.device_cache=auto, or augment=none",
        )
        self._check_windows()
        if self.data.source is SourceName.demo:
            self._check_demo()
        if self.data.source is SourceName.folders:
            check(
                self.paths.data is not None,
                "data=folders needs paths.data=DIR, a folder that holds [generator/][category/]{0_real,1_fake}",
            )
        if self.data.source is SourceName.lsun_progan:
            self._check_lsun_progan()
        else:
            check(
                self.data.real.root is None and self.data.fake.root is None,
                f"data.real.root and data.fake.root belong to data=lsun_progan, not to data={self.data.source.value}",
            )
            check(self.data.budget is BudgetName.paper, "data.budget=auto lowers the numbers of data=lsun_progan alone")

    def _check_fitted_at_once(self) -> None:
        model = f"model={self.model.name}"
        check(
            self.color.name is ColorName.rgb and self.residual.name is ResidualName.none,
            f"{model} computes its own colors and residuals: leave color=rgb and residual=none, got "
            f"color={self.color.name.value} and residual={self.residual.name.value}",
        )
        check(self.dropout == 0, f"{model} is fitted without dropout: leave dropout=0, got {self.dropout}")
        check(
            self.augment.name is AugmentName.none and self.optim.ema == 0,
            f"{model} looks at each image once: leave augment=none and optim.ema=0",
        )
        check(
            self.trainer.devices == 1 and not self.trainer.compile,
            f"{model} is fitted at once, in one process: leave trainer.devices=1 and trainer.compile=false",
        )

    def _check_windows(self) -> None:
        side = self.data.image_px
        for option, left in list_windows(side, self.augment.name.value, self.protocol.views.value).items():
            check(
                left >= SMALLEST_PX,
                f"{option} cuts {left} px out of data.image_px={side}, and a network needs {SMALLEST_PX}: raise "
                f"data.image_px, or leave {option} out",
            )

    def _check_demo(self) -> None:
        for name in ("train_per_class", "val_per_class", "test_per_class"):
            check(
                getattr(self.data, name) is not None,
                f"data=demo draws as many images as it is asked for: data.{name} needs a number, got null",
            )
        held_out = self.data.held_out or DEMO_CATEGORIES[-1]
        named = self.data.categories or [name for name in DEMO_CATEGORIES if name != held_out]
        for name in (held_out, *named):
            check(
                name in DEMO_CATEGORIES,
                f"data=demo has no category {name}; it has {', '.join(DEMO_CATEGORIES)}",
            )
        check(
            held_out not in named,
            f"the held-out category {held_out} must not be trained on; "
            "take it out of data.categories or hold out another with data.held_out",
        )
        check(
            self.categories is None or self.categories <= len(named),
            f"categories must be between 1 and {len(named)}, got {self.categories}; {held_out} is held out",
        )

    def _check_lsun_progan(self) -> None:
        check(
            self.paths.data is not None or (self.data.real.root is not None and self.data.fake.root is not None),
            "data=lsun_progan needs paths.data=DIR, which holds LSUN's databases and ProGAN's samples, "
            "or data.real.root=DIR and data.fake.root=DIR; python -m fakeid doctor says what belongs there",
        )
        known = (*LSUN_SCENES, *LSUN_OBJECTS)
        for name in (*(self.data.categories or ()), *([self.data.held_out] if self.data.held_out else ())):
            near = difflib.get_close_matches(name, known, n=2, cutoff=0.5)
            way_out = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(known)}"
            check(name in known, f"LSUN has no category {name}; {way_out}")
        held_out = self.data.held_out or LSUN_CATEGORIES[-1]
        most = len(self.data.categories or LSUN_CATEGORIES[:-1])
        check(
            self.categories is None or self.categories <= most,
            f"categories must be between 1 and {most}, got {self.categories}; {held_out} is held out",
        )


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
    _check_numbers(to_plain(config))
    return config


def _check_numbers(values: dict[str, Any], prefix: str = "") -> None:
    """Refuse at once what no JSON file can hold, for a summary has all options and is written after the training."""
    for key, value in values.items():
        if isinstance(value, dict):
            _check_numbers(value, prefix=f"{prefix}{key}.")
        elif isinstance(value, (int, float)):
            check(abs(value) < _LARGEST, f"{prefix}{key} must be a number below {_LARGEST:,}, got {value}")


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
    """The same values as nested dicts of str, int, float, bool, list and None, ready for YAML and JSON."""
    return {name: _make_plain(value) for name, value in vars(config).items()}


def _make_plain(value: Any) -> Any:
    """As OmegaConf does it, a hundred times faster: a sweep asks for each of its cells, again and again."""
    if isinstance(value, Enum):
        return value.name
    if dataclasses.is_dataclass(value):
        return {name: _make_plain(held) for name, held in vars(value).items()}
    if isinstance(value, dict):
        return {name: _make_plain(held) for name, held in value.items()}
    return [_make_plain(held) for held in value] if isinstance(value, list | tuple) else value
