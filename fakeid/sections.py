"""The groups of options: every name with its type, default and range. No torch, no OpenCV."""

import re
from dataclasses import dataclass, field
from pathlib import PurePath

from fakeid.choices import (
    Accelerator,
    AugmentName,
    Bottleneck,
    Codec,
    ColorName,
    DeviceCache,
    DropoutAt,
    HpfBorder,
    HpfChannels,
    HsvForm,
    Init,
    LoggerName,
    Logits,
    Loss,
    OnBadImage,
    Precision,
    Prep,
    ResidualName,
    Schedule,
    SourceName,
    Tested,
    ThresholdFrom,
    Views,
)
from fakeid.errors import ConfigError
from fakeid.images.degradation import parse_degradation
from fakeid.vocabulary import OWN_TEST_SET
from fakeid.windows import SMALLEST_PX


def check(holds: bool, message: str) -> None:
    """Refuse a value, with the sentence that the user reads.

    Raises:
        ConfigError: It does not hold.
    """
    if not holds:
        raise ConfigError(message)


def check_at_least(name: str, value: float | None, lowest: float) -> None:
    """Refuse a number below the lowest that makes sense; None passes.

    Raises:
        ConfigError: It is below.
    """
    check(value is None or value >= lowest, f"{name} must be at least {lowest:g}, got {value}")


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
    codec_quality: list[int] | None = None  # [lowest, highest] of the shared codec; null: 50 to 90, or as auto finds
    on_bad_image: OnBadImage = OnBadImage.error
    max_megapixels: float = 100.0
    seed: int = 0  # draws the images; apart from `seed`, so that runs can be compared image by image
    real: RootConfig = field(default_factory=RootConfig)
    fake: RootConfig = field(default_factory=RootConfig)
    device_cache: DeviceCache = DeviceCache.auto
    audit_per_class: int = 150  # training images of each class that the short audit looks at; 0: none

    def __post_init__(self) -> None:
        """Check ranges."""
        check_at_least("data.image_px", self.image_px, SMALLEST_PX)
        check_at_least("data.train_per_class", self.train_per_class, 1)
        check_at_least("data.val_per_class", self.val_per_class, 0)
        check_at_least("data.test_per_class", self.test_per_class, 1)
        check_at_least("data.audit_per_class", self.audit_per_class, 0)
        quality = self.codec_quality
        check(
            quality is None or (len(quality) == 2 and 1 <= quality[0] <= quality[1] <= 100),
            f"data.codec_quality must be [lowest, highest] of JPEG's qualities 1 to 100, got {quality}",
        )
        check(self.max_megapixels > 0, f"data.max_megapixels must be above 0, got {self.max_megapixels}")
        if self.categories is not None:
            doubled = sorted({name for name in self.categories if self.categories.count(name) > 1})
            check(not doubled, f"data.categories names {', '.join(doubled)} more than once")
            check(
                self.held_out is None or self.held_out not in self.categories,
                f"the held-out category {self.held_out} must not be trained on; "
                "take it out of data.categories or hold out another with data.held_out",
            )


@dataclass
class ModelConfig:
    """The backbone."""

    name: str = "pelee"  # pelee, color_stats, or any timm name
    pretrained: bool = False  # published weights, RGB normalized as they want it; needs a network the first time

    @property
    def is_fitted_at_once(self) -> bool:
        """Whether one look at each image is all of its training, without epochs, steps or processes."""
        return self.name == "color_stats"


@dataclass
class ColorConfig:
    """The color space."""

    name: ColorName = ColorName.rgb


@dataclass
class ResidualConfig:
    """What is left of the content."""

    name: ResidualName = ResidualName.hpf


@dataclass
class AugmentConfig:
    """What happens to training images."""

    name: AugmentName = AugmentName.none


@dataclass
class ProtocolConfig:
    """Each switch between what the paper did and what it should have done."""

    name: str = "paper"
    hpf_channels: HpfChannels = HpfChannels.sum
    hpf_border: HpfBorder = HpfBorder.valid
    hsv: HsvForm = HsvForm.opencv_8bit
    bottleneck: Bottleneck = Bottleneck.wide
    init: Init = Init.torch
    dropout_at: DropoutAt = DropoutAt.branches
    loss: Loss = Loss.softmax_ce
    logits: Logits = Logits.two
    precision: Precision = Precision.float32  # what trainer.precision becomes, unless it is set
    tested: Tested = Tested.last
    views: Views = Views.full  # of validation and test
    threshold: ThresholdFrom = ThresholdFrom.half  # of a run's accuracies; validation: the best on its images
    prep: Prep = Prep.squash  # what data.prep becomes for data=lsun_progan
    codec: Codec = Codec.none  # what data.codec becomes for images from files


@dataclass
class OptimConfig:
    """Adam without weight decay."""

    epochs: int = 50
    batch_size: int = 64
    learning_rate: float = 0.001
    schedule: Schedule = Schedule.constant
    ema: float = 0.0  # decay of the weights' moving average, which is what is validated and tested; 0: none

    def __post_init__(self) -> None:
        """Check ranges."""
        check_at_least("optim.epochs", self.epochs, 1)
        check_at_least("optim.batch_size", self.batch_size, 2)
        check(
            0 < self.learning_rate <= 1,
            f"optim.learning_rate must be above 0 and at most 1, got {self.learning_rate}; the paper uses 0.001",
        )
        check(0 <= self.ema < 1, f"optim.ema must be in [0, 1), got {self.ema}; 0.999 is usual, 0 does without")


@dataclass
class TrainerConfig:
    """Where and how fast; only `precision` and `limit_batches` can change the result."""

    accelerator: Accelerator = Accelerator.auto
    precision: Precision = Precision.auto
    channels_last: bool = True
    compile: bool = False
    num_workers: int = 0  # batches come from a memory map; only augment= is worth a second process
    devices: int | None = 1  # processes that share each batch; null: what torchrun or srun started, or one a GPU
    limit_batches: int | None = None  # of training and validation, for trying things out

    def __post_init__(self) -> None:
        """Check ranges."""
        check_at_least("trainer.num_workers", self.num_workers, 0)
        check_at_least("trainer.devices", self.devices, 1)
        check_at_least("trainer.limit_batches", self.limit_batches, 1)
        check(
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
        check_at_least("sweep.runs_per_gpu", self.runs_per_gpu, 1)


@dataclass
class EvaluationConfig:
    """What a trained detector is tested with beside its own test images as they are; no part of a run's identity."""

    degradations: list[str] = field(default_factory=list)  # such as jpeg-75; see fakeid.images.degrade
    per_class: int | None = None  # images of each test set, category, generator and class; null: all
    held_out_generators: bool = True  # with data=demo: fakes by a kind of decoder that is never trained on
    sets: list[str] = field(default_factory=list)  # DIR or NAME:DIR, beside the run's own test images
    controls: list[str] = field(default_factory=list)  # sets whose "fakes" no GAN made, such as up-scaled photos
    swap_quality: int | None = None  # JPEG quality at which fakes alone, then reals alone are compressed
    cluster: str | None = None  # stem, or a regular expression on keys: images that are no independent witnesses
    oracle: bool = False  # also the threshold that would have been best on the tested images themselves
    seed: int = 0  # of random degradations
    false_alarm_rate: float = 0.05  # wished for on validation when a detector is trained
    max_error: float = 0.05  # of the calls that are not called unsure, likewise

    def __post_init__(self) -> None:
        """Check ranges and names."""
        self.degradations = [str(parse_degradation(word)) for word in self.degradations]
        check_at_least("evaluation.per_class", self.per_class, 1)
        check(
            self.swap_quality is None or 1 <= self.swap_quality <= 100,
            f"evaluation.swap_quality must be a JPEG quality from 1 to 100, got {self.swap_quality}",
        )
        for name in ("false_alarm_rate", "max_error"):
            value = getattr(self, name)
            check(0 <= value < 1, f"evaluation.{name} must be in [0, 1), got {value}; 0.05 is common")
        try:
            re.compile(self.cluster or "")
        except re.error as error:
            check(False, f"evaluation.cluster={self.cluster} is neither stem nor a regular expression ({error})")
        names = [name for name, _ in self.name_sets()]
        doubled = sorted({name for name in names if names.count(name) > 1 or name == OWN_TEST_SET})
        check(
            not doubled,
            f"two sets are called {', '.join(doubled)} ({OWN_TEST_SET} are the run's own images): name one NAME:DIR",
        )

    @property
    def is_wanted(self) -> bool:
        """Whether there is more to test than the run's own test images as they are."""
        return bool(self.degradations or self.sets or self.swap_quality)

    def name_sets(self) -> list[tuple[str, str]]:
        """Name and folder of each set; without a name of its own, a set has that of its folder."""
        named = [re.fullmatch(r"(?:([^/:\\]+):)?(.+)", word) for word in self.sets]
        return [(match[1] or PurePath(match[2]).name, match[2]) for match in named if match]


@dataclass
class PathsConfig:
    """Folders; relative ones start where the command was typed."""

    data: str | None = None
    runs: str = "runs"
    cache: str = "cache"
