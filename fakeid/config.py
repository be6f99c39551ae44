"""Every option with its type, default and range. Presets in `conf/` hold only what they change.

This module knows neither torch nor OpenCV: a mistyped option is answered before anything heavy is imported.
"""

import dataclasses
import difflib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from fakeid.choices import (
    Accelerator,
    Bottleneck,
    Codec,
    ColorName,
    DeviceCache,
    DropoutAt,
    HpfBorder,
    HpfChannels,
    HsvForm,
    LoggerName,
    Loss,
    OnBadImage,
    Precision,
    Prep,
    ResidualName,
    SourceName,
    Tested,
)
from fakeid.errors import ConfigError
from fakeid.vocabulary import DEMO_CATEGORIES, LSUN_CATEGORIES, LSUN_OBJECTS, LSUN_SCENES


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise ConfigError(message)


def _check_at_least(name: str, value: float | None, lowest: float) -> None:
    _check(value is None or value >= lowest, f"{name} must be at least {lowest:g}, got {value}")


@dataclass
class RootConfig:
    """Where the images of one class lie, apart from the other's."""

    root: str | None = None  # null: paths.data


@dataclass
class DataConfig:
    """Which images enter, and how they are prepared."""

    source: SourceName = SourceName.demo
    image_px: int = 64
    train_per_class: int | None = 1000  # over all training categories; null: as many as there are, balanced
    val_per_class: int | None = 100  # likewise; null: a tenth of each training category
    test_per_class: int | None = 100  # in each test category; null: a quarter of a seen one, all of an unseen one
    categories: list[str] | None = None  # names in the order in which they are added; null: the source's order
    held_out: str | None = None  # never trained on; null: the last category
    prep: Prep = Prep.crop
    codec: Codec = Codec.none
    on_bad_image: OnBadImage = OnBadImage.error
    max_megapixels: float = 100.0
    seed: int = 0  # draws the images; apart from `seed`, so that runs can be compared image by image
    real: RootConfig = field(default_factory=RootConfig)
    fake: RootConfig = field(default_factory=RootConfig)
    device_cache: DeviceCache = DeviceCache.auto
    audit_per_class: int = 150  # training images of each class that the short audit looks at; 0: none

    def __post_init__(self) -> None:
        """Check ranges."""
        _check_at_least("data.image_px", self.image_px, 33)  # what is left behind the filter must fill the network
        _check_at_least("data.train_per_class", self.train_per_class, 1)
        _check_at_least("data.val_per_class", self.val_per_class, 0)
        _check_at_least("data.test_per_class", self.test_per_class, 1)
        _check_at_least("data.audit_per_class", self.audit_per_class, 0)
        _check(self.max_megapixels > 0, f"data.max_megapixels must be above 0, got {self.max_megapixels}")
        if self.categories is not None:
            doubled = sorted({name for name in self.categories if self.categories.count(name) > 1})
            _check(not doubled, f"data.categories names {', '.join(doubled)} more than once")
            _check(
                self.held_out is None or self.held_out not in self.categories,
                f"the held-out category {self.held_out} must not be trained on; "
                "take it out of data.categories or hold out another with data.held_out",
            )


@dataclass
class ModelConfig:
    """The backbone."""

    name: str = "pelee"  # pelee, or any timm name
    pretrained: bool = False  # ImageNet weights; needs a network the first time


@dataclass
class ColorConfig:
    """The color space."""

    name: ColorName = ColorName.rgb


@dataclass
class ResidualConfig:
    """The fixed filter."""

    name: ResidualName = ResidualName.hpf


@dataclass
class ProtocolConfig:
    """Each switch between what the paper did and what it should have done."""

    name: str = "paper"
    hpf_channels: HpfChannels = HpfChannels.sum
    hpf_border: HpfBorder = HpfBorder.valid
    hsv: HsvForm = HsvForm.opencv_8bit
    bottleneck: Bottleneck = Bottleneck.wide
    dropout_at: DropoutAt = DropoutAt.branches
    loss: Loss = Loss.softmax_ce
    tested: Tested = Tested.last
    prep: Prep = Prep.squash  # what data.prep becomes for data=lsun_progan
    codec: Codec = Codec.none  # what data.codec becomes for images from files


@dataclass
class OptimConfig:
    """Adam without schedule or weight decay."""

    epochs: int = 50
    batch_size: int = 64
    learning_rate: float = 0.001

    def __post_init__(self) -> None:
        """Check ranges."""
        _check_at_least("optim.epochs", self.epochs, 1)
        _check_at_least("optim.batch_size", self.batch_size, 2)
        _check(
            0 < self.learning_rate <= 1,
            f"optim.learning_rate must be above 0 and at most 1, got {self.learning_rate}; the paper uses 0.001",
        )


@dataclass
class TrainerConfig:
    """Where and how fast; only `precision` and `limit_batches` can change the result."""

    accelerator: Accelerator = Accelerator.auto
    precision: Precision = Precision.auto
    channels_last: bool = True
    compile: bool = False
    num_workers: int = 0  # batches come from a memory map, which is rarely worth a second process
    devices: int | None = 1  # processes that share each batch; null: what torchrun or srun started, or one a GPU
    limit_batches: int | None = None  # of training and validation, for trying things out

    def __post_init__(self) -> None:
        """Check ranges."""
        _check_at_least("trainer.num_workers", self.num_workers, 0)
        _check_at_least("trainer.devices", self.devices, 1)
        _check_at_least("trainer.limit_batches", self.limit_batches, 1)
        _check(
            self.devices == 1 or not self.compile,
            "trainer.compile=true works in one process: set trainer.devices=1, or trainer.compile=false",
        )


@dataclass
class LoggerConfig:
    """Run tracking beside the files of the run folder."""

    name: LoggerName = LoggerName.wandb
    project: str = "fakeid"
    entity: str | None = None
    group: str | None = None


@dataclass
class SweepConfig:
    """How `sweep.py` goes about its cells; `train.py` does not look at it."""

    plan_only: bool = False  # say what would be trained, and stop
    runs_per_gpu: int = 1  # with a launcher that runs several cells at once

    def __post_init__(self) -> None:
        """Check ranges."""
        _check_at_least("sweep.runs_per_gpu", self.runs_per_gpu, 1)


@dataclass
class PathsConfig:
    """Folders; relative ones start where the command was typed."""

    data: str | None = None
    runs: str = "runs"
    cache: str = "cache"


@dataclass
class Config:
    """One training and its test."""

    categories: int | None = 10
    dropout: float = 0.0
    seed: int = 0
    force: bool = False
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    color: ColorConfig = field(default_factory=ColorConfig)
    residual: ResidualConfig = field(default_factory=ResidualConfig)
    protocol: ProtocolConfig = field(default_factory=ProtocolConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    logger: LoggerConfig = field(default_factory=LoggerConfig)
    paths: PathsConfig = field(default_factory=PathsConfig)
    sweep: SweepConfig = field(default_factory=SweepConfig)

    def __post_init__(self) -> None:
        """Check ranges and the rules that join several options."""
        _check_at_least("categories", self.categories, 1)
        _check(0 <= self.dropout < 1, f"dropout must be in [0, 1), got {self.dropout}; the paper uses 0, 0.2 and 0.5")
        _check_at_least("seed", self.seed, 0)
        _check(
            self.protocol.tested is Tested.last or self.data.val_per_class != 0,
            "protocol.tested=best chooses by validation: give data.val_per_class, or set protocol.tested=last",
        )
        _check(
            (self.trainer.devices or 1) <= self.optim.batch_size,
            f"trainer.devices={self.trainer.devices} processes cannot share batches of {self.optim.batch_size}: "
            "raise optim.batch_size, or take fewer processes",
        )
        if self.data.source is SourceName.demo:
            self._check_demo()
        if self.data.source is SourceName.folders:
            _check(
                self.paths.data is not None,
                "data=folders needs paths.data=DIR, a folder that holds [generator/][category/]{0_real,1_fake}",
            )
        if self.data.source is SourceName.lsun_progan:
            self._check_lsun_progan()
        else:
            _check(
                self.data.real.root is None and self.data.fake.root is None,
                f"data.real.root and data.fake.root belong to data=lsun_progan, not to data={self.data.source.value}",
            )

    def _check_demo(self) -> None:
        for name in ("train_per_class", "val_per_class", "test_per_class"):
            _check(
                getattr(self.data, name) is not None,
                f"data=demo draws as many images as it is asked for: data.{name} needs a number, got null",
            )
        held_out = self.data.held_out or DEMO_CATEGORIES[-1]
        named = self.data.categories or [name for name in DEMO_CATEGORIES if name != held_out]
        for name in (held_out, *named):
            _check(
                name in DEMO_CATEGORIES,
                f"data=demo has no category {name}; it has {', '.join(DEMO_CATEGORIES)}",
            )
        _check(
            held_out not in named,
            f"the held-out category {held_out} must not be trained on; "
            "take it out of data.categories or hold out another with data.held_out",
        )
        _check(
            self.categories is None or self.categories <= len(named),
            f"categories must be between 1 and {len(named)}, got {self.categories}; {held_out} is held out",
        )

    def _check_lsun_progan(self) -> None:
        _check(
            self.paths.data is not None or (self.data.real.root is not None and self.data.fake.root is not None),
            "data=lsun_progan needs paths.data=DIR, which holds LSUN's databases and ProGAN's samples, "
            "or data.real.root=DIR and data.fake.root=DIR; python -m fakeid doctor says what belongs there",
        )
        known = (*LSUN_SCENES, *LSUN_OBJECTS)
        for name in (*(self.data.categories or ()), *([self.data.held_out] if self.data.held_out else ())):
            near = difflib.get_close_matches(name, known, n=2, cutoff=0.5)
            way_out = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(known)}"
            _check(name in known, f"LSUN has no category {name}; {way_out}")
        held_out = self.data.held_out or LSUN_CATEGORIES[-1]
        most = len(self.data.categories or LSUN_CATEGORIES[:-1])
        _check(
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
    return config


@lru_cache(maxsize=1)
def _schema() -> DictConfig:
    schema = OmegaConf.structured(Config)
    assert isinstance(schema, DictConfig)
    return schema


def _check_known(values: Any, schema: Any, prefix: str) -> None:
    known = {entry.name: entry.type for entry in dataclasses.fields(schema)}
    for key, value in values.items():
        _check(
            key in known,
            f"there is no option {prefix}{key}; {prefix or 'the top level '}has {', '.join(known)}",
        )
        if isinstance(value, dict) and dataclasses.is_dataclass(known[key]):
            _check_known(value, known[key], prefix=f"{prefix}{key}.")


def to_plain(config: Config) -> dict[str, Any]:
    """The same values as nested dicts of str, int, float, bool, list and None, ready for YAML and JSON."""
    plain = OmegaConf.to_container(OmegaConf.structured(config), enum_to_str=True)
    return cast("dict[str, Any]", plain)
