"""The groups of options: every name with its type, default and range. No torch, no OpenCV."""

import re
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Final

from fakeid.choices import (
    Accelerator,
    AugmentName,
    Bottleneck,
    BudgetName,
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
from fakeid.explained import explained
from fakeid.images.degradation import parse_degradation
from fakeid.vocabulary import OWN_TEST_SET
from fakeid.windows import SMALLEST_PX

_MOST_THREADS: Final = 1024  # of more, OpenMP gets none


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

    root: str | None = explained(None, "null: paths.data")


@dataclass
class DataConfig:
    """Which images enter, and how they are prepared."""

    source: SourceName = SourceName.demo
    image_px: int = explained(64, "side of the prepared images in pixels")
    budget: BudgetName = BudgetName.paper
    train_per_class: int | None = explained(1000, "images over all training categories; null: all, balanced")
    val_per_class: int | None = explained(100, "images over all training categories; null: a tenth of each")
    test_per_class: int | None = explained(100, "in each test category; null: a quarter of a seen one, all of others")
    categories: list[str] | None = explained(None, "in the order in which they are added; null: the source's order")
    held_out: str | None = explained(None, "never trained on; null: the last category")
    prep: Prep = Prep.crop
    codec: Codec = Codec.none
    codec_quality: list[int] | None = explained(None, "[lowest, highest] of shared; null: 50 to 90, or as auto finds")
    on_bad_image: OnBadImage = OnBadImage.error
    max_megapixels: float = explained(100.0, "larger images are refused unread")
    seed: int = explained(0, "draws the images; apart from seed, so that runs share their test images")
    real: RootConfig = field(default_factory=RootConfig)
    fake: RootConfig = field(default_factory=RootConfig)
    device_cache: DeviceCache = DeviceCache.auto
    audit_per_class: int = explained(150, "training images of each class that the short audit looks at; 0: none")

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

    name: str = explained("pelee", "pelee, color_stats, or any timm name")
    pretrained: bool = explained(False, "published weights, RGB normalized as they want it; needs a network at first")

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

    name: str = explained("paper", "the preset that the switches below start from")
    hpf_channels: HpfChannels = HpfChannels.sum
    hpf_border: HpfBorder = HpfBorder.valid
    hsv: HsvForm = HsvForm.opencv_8bit
    bottleneck: Bottleneck = Bottleneck.wide
    init: Init = Init.torch
    dropout_at: DropoutAt = DropoutAt.branches
    loss: Loss = Loss.softmax_ce
    logits: Logits = Logits.two
    precision: Precision = explained(Precision.float32, "what trainer.precision becomes, unless it is set")
    tested: Tested = Tested.last
    views: Views = explained(Views.full, "what is scored: the image, or the mean logit of crops or patches of it")
    threshold: ThresholdFrom = explained(
        ThresholdFrom.half, "of a run's accuracies: half is P(fake) = 0.5, validation the best on validation images"
    )
    prep: Prep = explained(Prep.squash, "what data.prep becomes for data=lsun_progan")
    codec: Codec = explained(Codec.none, "what data.codec becomes for images from files")


@dataclass
class OptimConfig:
    """Steps of Adam, without weight decay."""

    epochs: int = explained(50, "passes over the training images")
    batch_size: int = explained(64, "images of both classes in a step")
    learning_rate: float = explained(0.001, "of Adam; the paper's is 0.001")
    schedule: Schedule = Schedule.constant
    ema: float = explained(0.0, "decay of the weights' moving average, which is what is validated and tested; 0: none")

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
    """Where and how fast; only `precision` and `limit_batches` can change the result beyond rounding."""

    accelerator: Accelerator = Accelerator.auto
    precision: Precision = Precision.auto
    channels_last: bool = explained(True, "NHWC, which is faster on CPUs and on GPUs with tensor cores")
    compile: bool = explained(
        False, "torch.compile the backbone: minutes at first, and slower then on the CPU that was measured"
    )
    num_workers: int = explained(0, "batches come from a memory map; only augment= is worth a second process")
    devices: int | None = explained(
        1, "processes that share each batch; null: as torchrun or srun started, or one a GPU"
    )
    threads: int | None = explained(
        None,
        "of torch on the CPU; null: OMP_NUM_THREADS, or one a core. On a machine that is busy with other work 1 is "
        "often much faster, for several threads wait for each other.",
    )
    keep_memory: bool = explained(True, "glibc keeps what a step frees for the next one, which is faster on a CPU")
    limit_batches: int | None = explained(None, "of training and validation, for trying things out")

    def __post_init__(self) -> None:
        """Check ranges."""
        check_at_least("trainer.num_workers", self.num_workers, 0)
        check_at_least("trainer.devices", self.devices, 1)
        check(
            self.threads is None or 1 <= self.threads <= _MOST_THREADS,
            f"trainer.threads must be between 1 and {_MOST_THREADS}, got {self.threads}; null takes one a core",
        )
        check_at_least("trainer.limit_batches", self.limit_batches, 1)
        check(
            self.devices == 1 or not self.compile,
            "trainer.compile=true works in one process: set trainer.devices=1, or trainer.compile=false",
        )


@dataclass
class LoggerConfig:
    """Run tracking beside the files of the run folder."""

    name: LoggerName = LoggerName.wandb
    project: str = explained("fakeid", "of W&B")
    entity: str | None = explained(None, "of W&B, a user or a team; null: the login's own")
    group: str | None = explained(None, "under which W&B shows runs together")


@dataclass
class SweepConfig:
    """How `sweep.py` goes about its cells; `train.py` does not look at it."""

    plan_only: bool = explained(False, "say what would be trained, and stop")
    runs_per_gpu: int = explained(1, "with a launcher that runs several cells at once")

    def __post_init__(self) -> None:
        """Check ranges."""
        check_at_least("sweep.runs_per_gpu", self.runs_per_gpu, 1)


@dataclass
class EvaluationConfig:
    """What a trained detector is tested with beside its own test images as they are; no part of a run's identity."""

    degradations: list[str] = explained([], "such as jpeg-75, blur-1, noise-2, social")
    per_class: int | None = explained(
        None, "images of each set, category, generator and class; all if null, or if less than a third is left out"
    )
    held_out_generators: bool = explained(True, "with data=demo: fakes by a kind of decoder that is never trained on")
    sets: list[str] = explained([], "DIR or NAME:DIR, beside the run's own test images")
    controls: list[str] = explained([], 'sets whose "fakes" no GAN made, such as up-scaled photos')
    swap_quality: int | None = explained(None, "JPEG quality at which fakes alone, then reals alone are compressed")
    cluster: str | None = explained(None, "stem, or a regular expression on keys: images that belong together")
    oracle: bool = explained(False, "also the threshold that would have been best on the tested images themselves")
    seed: int = explained(0, "of random degradations")
    false_alarm_rate: float = explained(0.05, "wished for on validation when a detector is trained")
    max_error: float = explained(0.05, "of the calls that are not called unsure, wished for on validation")

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

    data: str | None = explained(None, "folder of the images, for data=folders and data=lsun_progan")
    runs: str = explained("runs", "holds one folder a run")
    cache: str = explained("cache", "holds the prepared images, shared by all runs")
