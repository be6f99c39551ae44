"""Define every option with its name, type, default and what it affects. Imports neither torch nor OpenCV.

Presets in `conf/` contain only what they change. `docs/options.md` is generated from this file, and
`fakeid.config.validate` contains the rules that go beyond a lowest value.
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
    """Folder of the images of one class, if it differs from the other's."""

    root: str | None = option(None, "folder of this class; null: paths.data", affects="place")


@dataclass
class SimulatedConfig:
    """Copies that `data=simulated` makes of photos, through small decoders fitted to them."""

    families: list[str] | None = option(
        None, "generator families to train on; null: all that are neither for validation nor for test",
        affects="data", quiet=True,
    )  # fmt: skip
    validation_families: list[str] = option(
        ["cyclegan", "stylegan2"], "families never trained on, whose copies select the epoch that is tested",
        affects="data", quiet=True,
    )  # fmt: skip
    test_families: list[str] = option([], "left-out families, tested on all test photos", affects="data", quiet=True)
    members_per_family: int = option(3, "generators of each family", affects="data", at_least=1, quiet=True)
    fit_steps: int = option(200, "training steps of each generator", affects="data", at_least=2, quiet=True)
    pairs_per_photo: int = option(3, "copies of each training photo", affects="data", at_least=1, quiet=True)
    alignment: Alignment = option(Alignment.full, affects="data", quiet=True)
    damaged_share: float = option(
        0.2, "share of training photos that are blurred, rescaled or noisy, half with their copies, if alignment=full",
        affects="data", at_least=0, quiet=True,
    )  # fmt: skip

    def list_trained_families(self) -> list[str]:
        """List the families to train on."""
        others = {*self.validation_families, *self.test_families}
        return self.families if self.families is not None else [name for name in FAMILIES if name not in others]


@dataclass
class DataConfig:
    """Selection and preparation of the images."""

    source: SourceName = option(SourceName.demo, affects="data")
    image_px: int = option(
        64, "side of the prepared images in pixels", affects="data", at_least=SMALLEST_PX, budget=True, timed=True
    )
    budget: BudgetName = option(BudgetName.paper, affects="data", quiet=True)
    train_per_class: int | None = option(
        1000, "training images over all categories; null: all, balanced", affects="data", at_least=1, budget=True
    )
    val_per_class: int | None = option(
        100, "validation images over all training categories; null: a tenth of each", affects="data", at_least=0
    )
    test_per_class: int | None = option(
        100, "images in each test category; null: a quarter if seen, all if unseen", affects="data", at_least=1
    )
    categories: list[str] | None = option(
        None, "training categories in the order in which they are added; null: the source's order", affects="data"
    )
    held_out: str | None = option(None, "category that is never trained on; null: the last one", affects="data")
    prep: Prep = option(Prep.crop, affects="data")
    codec: Codec = option(Codec.none, affects="data")
    codec_quality: list[int] | None = option(
        None, "[lowest, highest] JPEG quality of the shared codec; null: 50 to 90, or as auto finds", affects="data"
    )
    on_bad_image: OnBadImage = option(OnBadImage.error, affects="data")
    max_megapixels: float = option(100.0, "refuse larger images without reading them", affects="data")
    seed: int = option(0, "selects the images; separate from seed, so that runs share test images", affects="data")
    real: RootConfig = field(default_factory=RootConfig)
    fake: RootConfig = field(default_factory=RootConfig)
    simulated: SimulatedConfig = field(default_factory=SimulatedConfig)
    device_cache: DeviceCache = option(DeviceCache.auto, affects="speed")
    audit_per_class: int = option(
        150, "training images of each class for the short audit; 0: no audit", affects="evaluation", at_least=0
    )


@dataclass
class ModelConfig:
    """The backbone."""

    name: str = option("pelee", "pelee, color_stats, or any timm model", affects="network", axis=True, timed=True)
    pretrained: bool = option(
        False, "start from published weights, with RGB normalized for them; downloads them once", affects="network"
    )

    @property
    def is_fitted_at_once(self) -> bool:
        """Whether the model is fitted in a single pass over the images, without epochs, steps or processes."""
        return self.name == "color_stats"


@dataclass
class ColorConfig:
    """The color space."""

    name: ColorName = option(ColorName.rgb, affects="network", axis=True, timed=True)


@dataclass
class ResidualConfig:
    """The residual."""

    name: ResidualName = option(ResidualName.hpf, affects="network", axis=True, timed=True)


@dataclass
class AugmentConfig:
    """The augmentation of training images."""

    name: AugmentName = option(AugmentName.none, affects="training", axis=True, timed=True)


@dataclass
class ProtocolConfig:
    """Switches between what the paper did and what it should have done."""

    name: str = option("paper", "preset that sets the switches below", affects="training", axis=True, timed=True)
    hpf_channels: HpfChannels = option(HpfChannels.sum, affects="network", timed=True)
    hpf_border: HpfBorder = option(HpfBorder.valid, affects="network", timed=True)
    hsv: HsvForm = option(HsvForm.opencv_8bit, affects="network", timed=True)
    bottleneck: Bottleneck = option(Bottleneck.wide, affects="network", timed=True)
    init: Init = option(Init.torch, affects="network")
    dropout_at: DropoutAt = option(DropoutAt.branches, affects="network", timed=True)
    loss: Loss = option(Loss.softmax_ce, affects="training", timed=True)
    logits: Logits = option(Logits.two, affects="network")
    precision: Precision = option(
        Precision.float32, "value of trainer.precision, unless that is set", affects="training"
    )
    tested: Tested = option(Tested.last, affects="training")
    views: Views = option(
        Views.full, "what is scored: the full image, or the mean logit of crops or patches of it",
        affects="training", axis=True, timed=True,
    )  # fmt: skip
    threshold: ThresholdFrom = option(
        ThresholdFrom.half,
        "threshold of a run's accuracies: half is P(fake) = 0.5; validation is the best on validation images; photos "
        "keeps evaluation.false_alarm_rate on validation reals",
        affects="training",
    )
    prep: Prep = option(Prep.squash, "value of data.prep for data=lsun_progan", affects="data")
    codec: Codec = option(Codec.none, "value of data.codec for images from files", affects="data")


@dataclass
class OptimConfig:
    """Optimization with Adam, without weight decay."""

    epochs: int = option(50, "passes over the training images", affects="training", at_least=1, budget=True)
    batch_size: int = option(64, "images of both classes per step", affects="training", at_least=2, timed=True)
    learning_rate: float = option(0.001, "learning rate of Adam (paper: 0.001)", affects="training")
    schedule: Schedule = option(Schedule.constant, affects="training")
    ema: float = option(
        0.0, "decay of the moving average of the weights, which is validated and tested; 0: no averaging",
        affects="training", axis=True, timed="on",
    )  # fmt: skip
    patience: int | None = option(
        None, "stop after this many epochs in a row without a new best validation AUROC; null: train all epochs",
        affects="training", at_least=1, budget=True, quiet=True,
    )  # fmt: skip


@dataclass
class TrainerConfig:
    """Hardware and speed; only `precision` and `limit_batches` can change the result beyond rounding."""

    accelerator: Accelerator = option(Accelerator.auto, affects="speed", timed=True)
    precision: Precision = option(Precision.auto, affects="training", timed=True)
    channels_last: bool = option(
        True, "NHWC memory layout, faster on CPUs and on GPUs with tensor cores", affects="speed", timed=True
    )
    compile: bool = option(
        False, "torch.compile the backbone: takes minutes at first, and was slower on the CPU that was measured",
        affects="speed", timed=True,
    )  # fmt: skip
    num_workers: int = option(
        0, "data-loader processes; batches come from a memory map, so only augment= gains", affects="speed", at_least=0
    )
    devices: int | None = option(
        1, "processes that share each batch; null: as started by torchrun or srun, or one per GPU",
        affects="speed", at_least=1,
    )  # fmt: skip
    threads: int | None = option(
        None,
        "threads of torch on the CPU; null: OMP_NUM_THREADS, or one per core. On a machine that is busy with other "
        "work, 1 is often much faster, because several threads wait for each other.",
        affects="speed",
        timed=True,
    )
    keep_memory: bool = option(
        True, "let glibc keep the memory that a step frees for the next, faster on a CPU", affects="speed", timed=True
    )
    limit_batches: int | None = option(
        None, "batches of training and of validation per epoch, for quick trials", affects="training", at_least=1
    )


@dataclass
class LoggerConfig:
    """Run tracking in addition to the files of the run folder."""

    name: LoggerName = option(LoggerName.wandb, affects="place")
    project: str = option("fakeid", "project in W&B", affects="place")
    entity: str | None = option(None, "user or team in W&B; null: the default of your login", affects="place")
    group: str | None = option(None, "group under which W&B shows runs together", affects="place")


@dataclass
class PathsConfig:
    """Folders; relative ones start in the directory where the command is run."""

    data: str | None = option(None, "folder of the images or photos; data=demo needs none", affects="place")
    runs: str = option("runs", "folder with one subfolder per run", affects="place")
    cache: str = option("cache", "folder of the prepared images, shared by all runs", affects="place")


@dataclass
class SweepConfig:
    """Options of `sweep.py`; `train.py` ignores them."""

    plan_only: bool = option(False, "show what would be trained, then stop", affects="command")
    runs_per_gpu: int = option(1, "cells per GPU, if a launcher runs several at once", affects="command", at_least=1)


@dataclass
class EvaluationConfig:
    """Tests of a trained detector beyond clean images of its own test set.

    Those that affect the training determine the threshold and the band that the checkpoint stores.
    """

    degradations: list[str] = option(
        [], "degradations to test, such as jpeg-75, blur-1, noise-2, social", affects="evaluation"
    )
    per_class: int | None = option(
        None, "images of each set, category, generator and class; all if null, or if less than a third is left out",
        affects="evaluation", at_least=1,
    )  # fmt: skip
    held_out_generators: bool = option(
        True, "with data=demo: also test fakes from a kind of decoder that is never trained on", affects="evaluation"
    )
    sets: list[str] = option([], "DIR or NAME:DIR to test besides the run's own images", affects="evaluation")
    reals: list[str] = option(
        [], "DIR or NAME:DIR of real photos only, nested in any way; gives the share called fake", affects="evaluation"
    )
    controls: list[str] = option(
        [], 'sets whose "fakes" no GAN made, such as up-scaled photos', affects="evaluation"
    )  # fmt: skip
    swap_quality: int | None = option(
        None, "JPEG quality of the swap test, which compresses fakes only, then reals only", affects="evaluation"
    )
    cluster: str | None = option(
        None, "grouping of images that belong together: stem, or a regular expression on keys", affects="evaluation"
    )
    oracle: bool = option(
        False, "also report the threshold that is best on the tested images themselves", affects="evaluation"
    )
    seed: int = option(0, "seed of the random degradations", affects="evaluation")
    false_alarm_rate: float = option(
        0.05, "target false-positive rate on validation images", affects="training", quiet=True
    )
    calibrated_under: list[str] = option(
        [], "degradations under which the target rate must also hold, such as jpeg-75, downup-0.75, social",
        affects="training", quiet=True,
    )  # fmt: skip
    max_error: float = option(
        0.05, "target share of errors among calls that are not unsure", affects="training", quiet=True
    )

    def __post_init__(self) -> None:
        """Normalize the names of degradations and drop clean images from `calibrated_under`."""
        self.degradations = [str(parse_degradation(word)) for word in self.degradations]
        under = dict.fromkeys(str(parse_degradation(word)) for word in self.calibrated_under)
        self.calibrated_under = [word for word in under if word != NO_DEGRADATION]  # clean images always count

    @property
    def is_wanted(self) -> bool:
        """Whether there is more to test than clean images of the run's own test set."""
        return bool(self.degradations or self.sets or self.reals or self.swap_quality)


@dataclass
class Config:
    """One training and its test."""

    categories: int | None = option(
        10, "number of training categories, in their order; null: all but the held-out one",
        affects="data", at_least=1, axis=True,
    )  # fmt: skip
    dropout: float = option(
        0.0, "probability of dropping a feature in training", affects="training", axis=True, timed="on"
    )
    seed: int = option(
        0, "seed of initial weights, image order, augmentation and dropout", affects="training", at_least=0, axis=True
    )
    force: bool = option(False, "retrain a run that is already trained", affects="command")
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
        """List the sides in pixels of windows cut out in training and test, by the option that cuts them."""
        return list_windows(self.data.image_px, self.augment.name.value, self.protocol.views.value)
