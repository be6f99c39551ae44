"""Every option: its name, type, default and what it affects. No torch, no OpenCV.

Presets in `conf/` hold only what they change; `docs/options.md` is made from this file, and `fakeid.config.validate`
holds the rules that go beyond a lowest value.
"""

from dataclasses import dataclass, field

from fakeid.config.choices import (
    Accelerator,
    Alignment,
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
from fakeid.config.constants import FAMILIES
from fakeid.config.degradations import NO_DEGRADATION, parse_degradation
from fakeid.config.options import option
from fakeid.config.windows import SMALLEST_PX, list_windows


@dataclass
class RootConfig:
    """Where the images of one class lie, apart from the other's."""

    root: str | None = option(None, "folder of this class; null: paths.data", affects="place")


@dataclass
class SimulatedConfig:
    """What `data=simulated` makes of photos: copies through small decoders that are fitted to them."""

    families: list[str] | None = option(
        None, "of generators whose copies are trained on; null: all that neither validate nor test",
        affects="data", quiet=True,
    )  # fmt: skip
    validation_families: list[str] = option(
        ["cyclegan", "stylegan2"], "whose copies are never trained on and choose the epoch that is tested",
        affects="data", quiet=True,
    )  # fmt: skip
    test_families: list[str] = option([], "whose copies of all test photos are tested", affects="data", quiet=True)
    members_per_family: int = option(3, "generators of each family", affects="data", at_least=1, quiet=True)
    fit_steps: int = option(200, "of the training of a generator", affects="data", at_least=2, quiet=True)
    pairs_per_photo: int = option(3, "copies of each training photo", affects="data", at_least=1, quiet=True)
    alignment: Alignment = option(Alignment.full, affects="data", quiet=True)
    damaged_share: float = option(
        0, "share of training photos that are blurred, rescaled or noisy, and their copies are not", affects="data",
        at_least=0, quiet=True,
    )  # fmt: skip

    def list_trained_families(self) -> list[str]:
        """List the families whose copies are trained on."""
        others = {*self.validation_families, *self.test_families}
        return self.families if self.families is not None else [name for name in FAMILIES if name not in others]


@dataclass
class DataConfig:
    """Which images enter, and how they are prepared."""

    source: SourceName = option(SourceName.demo, affects="data")
    image_px: int = option(
        64, "side of the prepared images in pixels", affects="data", at_least=SMALLEST_PX, budget=True, timed=True
    )
    budget: BudgetName = option(BudgetName.paper, affects="data", quiet=True)
    train_per_class: int | None = option(
        1000, "images over all training categories; null: all, balanced", affects="data", at_least=1, budget=True
    )
    val_per_class: int | None = option(
        100, "images over all training categories; null: a tenth of each", affects="data", at_least=0
    )
    test_per_class: int | None = option(
        100, "in each test category; null: a quarter of a seen one, all of others", affects="data", at_least=1
    )
    categories: list[str] | None = option(
        None, "in the order in which they are added; null: the source's order", affects="data"
    )
    held_out: str | None = option(None, "never trained on; null: the last category", affects="data")
    prep: Prep = option(Prep.crop, affects="data")
    codec: Codec = option(Codec.none, affects="data")
    codec_quality: list[int] | None = option(
        None, "[lowest, highest] JPEG quality of the shared codec; null: 50 to 90, or as auto finds", affects="data"
    )
    on_bad_image: OnBadImage = option(OnBadImage.error, affects="data")
    max_megapixels: float = option(100.0, "larger images are refused unread", affects="data")
    seed: int = option(0, "draws the images; apart from seed, so that runs share their test images", affects="data")
    real: RootConfig = field(default_factory=RootConfig)
    fake: RootConfig = field(default_factory=RootConfig)
    simulated: SimulatedConfig = field(default_factory=SimulatedConfig)
    device_cache: DeviceCache = option(DeviceCache.auto, affects="speed")
    audit_per_class: int = option(
        150, "training images of each class that the short audit looks at; 0: none", affects="evaluation", at_least=0
    )


@dataclass
class ModelConfig:
    """The backbone."""

    name: str = option("pelee", "pelee, color_stats, or any timm name", affects="network", axis=True, timed=True)
    pretrained: bool = option(
        False, "published weights, RGB normalized as they want it; needs a network at first", affects="network"
    )

    @property
    def is_fitted_at_once(self) -> bool:
        """Whether one look at each image is all of its training, without epochs, steps or processes."""
        return self.name == "color_stats"


@dataclass
class ColorConfig:
    """The color space."""

    name: ColorName = option(ColorName.rgb, affects="network", axis=True, timed=True)


@dataclass
class ResidualConfig:
    """What is left of the content."""

    name: ResidualName = option(ResidualName.hpf, affects="network", axis=True, timed=True)


@dataclass
class AugmentConfig:
    """What happens to training images."""

    name: AugmentName = option(AugmentName.none, affects="training", axis=True, timed=True)


@dataclass
class ProtocolConfig:
    """Each switch between what the paper did and what it should have done."""

    name: str = option(
        "paper", "the preset that the switches below start from", affects="training", axis=True, timed=True
    )
    hpf_channels: HpfChannels = option(HpfChannels.sum, affects="network", timed=True)
    hpf_border: HpfBorder = option(HpfBorder.valid, affects="network", timed=True)
    hsv: HsvForm = option(HsvForm.opencv_8bit, affects="network", timed=True)
    bottleneck: Bottleneck = option(Bottleneck.wide, affects="network", timed=True)
    init: Init = option(Init.torch, affects="network")
    dropout_at: DropoutAt = option(DropoutAt.branches, affects="network", timed=True)
    loss: Loss = option(Loss.softmax_ce, affects="training", timed=True)
    logits: Logits = option(Logits.two, affects="network")
    precision: Precision = option(
        Precision.float32, "what trainer.precision becomes, unless it is set", affects="training"
    )
    tested: Tested = option(Tested.last, affects="training")
    views: Views = option(
        Views.full, "what is scored: the image, or the mean logit of crops or patches of it",
        affects="training", axis=True, timed=True,
    )  # fmt: skip
    threshold: ThresholdFrom = option(
        ThresholdFrom.half,
        "threshold of a run's accuracies: half is P(fake) = 0.5, validation the best on validation images, photos the "
        "one that keeps evaluation.false_alarm_rate on validation reals",
        affects="training",
    )
    prep: Prep = option(Prep.squash, "what data.prep becomes for data=lsun_progan", affects="data")
    codec: Codec = option(Codec.none, "what data.codec becomes for images from files", affects="data")


@dataclass
class OptimConfig:
    """Steps of Adam, without weight decay."""

    epochs: int = option(50, "passes over the training images", affects="training", at_least=1, budget=True)
    batch_size: int = option(64, "images of both classes in a step", affects="training", at_least=2, timed=True)
    learning_rate: float = option(0.001, "of Adam; the paper's is 0.001", affects="training")
    schedule: Schedule = option(Schedule.constant, affects="training")
    ema: float = option(
        0.0, "decay of the weights' moving average, which is what is validated and tested; 0: none",
        affects="training", axis=True, timed="on",
    )  # fmt: skip
    patience: int | None = option(
        None, "stop after so many epochs in a row whose validation AUROC was not the best; null: train all epochs",
        affects="training", at_least=1, budget=True, quiet=True,
    )  # fmt: skip


@dataclass
class TrainerConfig:
    """Where and how fast; only `precision` and `limit_batches` can change the result beyond rounding."""

    accelerator: Accelerator = option(Accelerator.auto, affects="speed", timed=True)
    precision: Precision = option(Precision.auto, affects="training", timed=True)
    channels_last: bool = option(
        True, "NHWC, which is faster on CPUs and on GPUs with tensor cores", affects="speed", timed=True
    )
    compile: bool = option(
        False, "torch.compile the backbone: minutes at first, and slower then on the CPU that was measured",
        affects="speed", timed=True,
    )  # fmt: skip
    num_workers: int = option(
        0, "batches come from a memory map; only augment= is worth a second process", affects="speed", at_least=0
    )
    devices: int | None = option(
        1, "processes that share each batch; null: as torchrun or srun started, or one a GPU",
        affects="speed", at_least=1,
    )  # fmt: skip
    threads: int | None = option(
        None,
        "threads of torch on the CPU; null: OMP_NUM_THREADS, or one a core. On a machine that is busy with other work "
        "1 is often much faster, for several threads wait for each other.",
        affects="speed",
        timed=True,
    )
    keep_memory: bool = option(
        True, "glibc keeps what a step frees for the next one, which is faster on a CPU", affects="speed", timed=True
    )
    limit_batches: int | None = option(
        None, "of training and validation, for trying things out", affects="training", at_least=1
    )


@dataclass
class LoggerConfig:
    """Run tracking beside the files of the run folder."""

    name: LoggerName = option(LoggerName.wandb, affects="place")
    project: str = option("fakeid", "in W&B", affects="place")
    entity: str | None = option(None, "user or team in W&B; null: the login's own", affects="place")
    group: str | None = option(None, "under which W&B shows runs together", affects="place")


@dataclass
class PathsConfig:
    """Folders; relative ones start where the command was typed."""

    data: str | None = option(None, "folder of the images or photos; data=demo has none", affects="place")
    runs: str = option("runs", "holds one folder a run", affects="place")
    cache: str = option("cache", "holds the prepared images, shared by all runs", affects="place")


@dataclass
class SweepConfig:
    """How `sweep.py` goes about its cells; `train.py` does not look at it."""

    plan_only: bool = option(False, "say what would be trained, and stop", affects="command")
    runs_per_gpu: int = option(1, "with a launcher that runs several cells at once", affects="command", at_least=1)


@dataclass
class EvaluationConfig:
    """What a trained detector is tested on besides clean images of its own test set.

    No part of a run's identity but for `calibrated_under`, which decides a threshold that the checkpoint keeps.
    """

    degradations: list[str] = option([], "such as jpeg-75, blur-1, noise-2, social", affects="evaluation")
    per_class: int | None = option(
        None, "images of each set, category, generator and class; all if null, or if less than a third is left out",
        affects="evaluation", at_least=1,
    )  # fmt: skip
    held_out_generators: bool = option(
        True, "with data=demo: fakes by a kind of decoder that is never trained on", affects="evaluation"
    )
    sets: list[str] = option([], "DIR or NAME:DIR, beside the run's own test images", affects="evaluation")
    reals: list[str] = option(
        [], "DIR or NAME:DIR of real photos alone, nested in any way: how many are called fake?", affects="evaluation"
    )
    controls: list[str] = option(
        [], 'sets whose "fakes" no GAN made, such as up-scaled photos', affects="evaluation"
    )  # fmt: skip
    swap_quality: int | None = option(
        None, "JPEG quality at which fakes alone, then reals alone are compressed", affects="evaluation"
    )
    cluster: str | None = option(
        None, "stem, or a regular expression on keys: images that belong together", affects="evaluation"
    )
    oracle: bool = option(
        False, "also the threshold that would have been best on the tested images themselves", affects="evaluation"
    )
    seed: int = option(0, "draws the random degradations", affects="evaluation")
    false_alarm_rate: float = option(
        0.05, "false-positive rate wished for on validation when a detector is trained", affects="evaluation"
    )  # fmt: skip
    calibrated_under: list[str] = option(
        [], "such as jpeg-75, downup-0.75, social: degradations under which that rate is kept too, not clean alone",
        affects="training", quiet=True,
    )  # fmt: skip
    max_error: float = option(
        0.05, "share of errors among the calls that are not unsure, wished for on validation", affects="evaluation"
    )

    def __post_init__(self) -> None:
        """Write degradations as they are named everywhere else."""
        self.degradations = [str(parse_degradation(word)) for word in self.degradations]
        under = dict.fromkeys(str(parse_degradation(word)) for word in self.calibrated_under)
        self.calibrated_under = [word for word in under if word != NO_DEGRADATION]  # clean images always count

    @property
    def is_wanted(self) -> bool:
        """Whether there is more to test than the clean images of the run's own test set."""
        return bool(self.degradations or self.sets or self.reals or self.swap_quality)


@dataclass
class Config:
    """One training and its test."""

    categories: int | None = option(
        10, "how many are trained on, in their order; null: all but the held-out one",
        affects="data", at_least=1, axis=True,
    )  # fmt: skip
    dropout: float = option(
        0.0, "probability of dropping a feature in training", affects="training", axis=True, timed="on"
    )
    seed: int = option(
        0, "first weights, order of the images, augmentation, dropout", affects="training", at_least=0, axis=True
    )
    force: bool = option(False, "train anew what is trained already", affects="command")
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

    def list_windows(self) -> dict[str, int]:
        """List the sides in px of what is cut out of images in training and test, by the option that has it cut out."""
        return list_windows(self.data.image_px, self.augment.name.value, self.protocol.views.value)
