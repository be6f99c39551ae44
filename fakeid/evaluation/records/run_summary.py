"""The schema of `summary.json`: what the test of a training found, and how it came about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from pydantic import AfterValidator, FiniteFloat, NonNegativeInt

from fakeid.config.choices import Views
from fakeid.evaluation.calibration import AT_HALF, Calibration, OperatingPoint
from fakeid.evaluation.records.results import CategoryGroup, Group, Probe
from fakeid.evaluation.verdict import RecordedVerdict
from fakeid.io import check_plain

POOLED: Final = ("seen", "unseen")
"""Groups that pool the images of their categories."""


@dataclass(frozen=True)
class _Named:
    name: str


@dataclass(frozen=True)
class _Protocol(_Named):
    views: str = "full"


@dataclass(frozen=True)
class _Optim:
    ema: FiniteFloat = 0.0


@dataclass(frozen=True)
class _Logger(_Named):
    project: str
    entity: str | None
    group: str | None


@dataclass(frozen=True)
class _Options:
    """The options by which a report sorts, out of all; those of an earlier release may have others."""

    categories: NonNegativeInt | None
    dropout: FiniteFloat
    seed: NonNegativeInt
    model: _Named
    color: _Named
    residual: _Named
    protocol: _Protocol
    augment: _Named | None = None
    optim: _Optim | None = None
    logger: _Logger | None = None


def check_options(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the options of a run after checking those by which a report sorts.

    Raises:
        ValueError: One of them is missing or something else; the message says which.
    """
    check_plain(options, _Options)
    return options


@dataclass(frozen=True)
class DataRecord:
    """Which images a run uses: the schema of `data.json`.

    Attributes:
        source: Where they come from, equal for equal images.
        digest: Of the keys of all of them.
        images: Split → how many.
        codec: What they are compressed with before they are used.
    """

    source: Mapping[str, Any]
    digest: str
    images: Mapping[str, NonNegativeInt]
    codec: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class DuplicateCounts:
    """How many images of different splits are the same.

    Attributes:
        num_exact: Pairs that are equal.
        num_near: Pairs that look alike.
    """

    num_exact: NonNegativeInt = 0
    num_near: NonNegativeInt = 0


@dataclass(frozen=True)
class AuditDigest:
    """The part of an audit that a summary keeps.

    Attributes:
        verdict: One sentence.
        warnings: Sentences.
        probes: Name → what it found; None where there were too few images for it.
        duplicates: Between splits.
    """

    verdict: str
    warnings: tuple[str, ...]
    probes: Mapping[str, Probe | None]
    duplicates: DuplicateCounts = DuplicateCounts()


@dataclass(frozen=True)
class Sizes:
    """The sizes, in px, at which a network saw images.

    Attributes:
        image_px: Side of whole images.
        trained_px: Side in training.
        tested_px: Side in the test.
        views: What of an image was tested.
    """

    image_px: NonNegativeInt
    trained_px: NonNegativeInt
    tested_px: NonNegativeInt
    views: Views


@dataclass(frozen=True)
class Machine:
    """The machine that a run was trained on.

    Attributes:
        device: What a person calls it.
        cores: Of the CPU.
        system: The operating system.
    """

    device: str | None = None
    cores: NonNegativeInt | None = None
    system: str = ""


@dataclass(frozen=True)
class RunResults:
    """The results of a run's test on images without degradation.

    Attributes:
        seen: The images of all categories that were trained on; None where there are none.
        unseen: Those of all others.
        categories: Name → its images, in the order in which tables list them.
        generators: Name → its images and all reals; only where fakes of one category come from several generators.
        threshold: At which accuracies are.
        calibration: What validation images taught; None where there were none of both classes.
        held_out: The category that no run of this plan trains on.
    """

    seen: Group | None
    unseen: Group | None
    categories: Mapping[str, CategoryGroup]
    generators: Mapping[str, CategoryGroup] = field(default_factory=dict)
    threshold: OperatingPoint = AT_HALF
    calibration: Calibration | None = None
    held_out: str | None = None

    def find(self, name: str) -> Group | None:
        """Find a category or one of `POOLED`; None where it was not tested."""
        if name in POOLED:
            return self.seen if name == POOLED[0] else self.unseen
        return self.categories.get(name)

    def list_pools(self) -> dict[str, Group]:
        """List those of `POOLED` that hold an image, as `seen content` and `unseen content`."""
        found = {f"{name} content": self.find(name) for name in POOLED}
        return {name: group for name, group in found.items() if group is not None}

    def list_categories(self, *, seen: bool) -> dict[str, CategoryGroup]:
        """List the categories that were trained on, or those that were not."""
        return {name: group for name, group in self.categories.items() if group.seen == seen}


@dataclass(frozen=True, kw_only=True)
class RunSummary(RunResults):
    """Everything that `summary.json` holds.

    Attributes:
        run: Name of the folder.
        config: Every option; see `check_options`.
        verdict: None until it is judged.
        seconds: Of training.
        images_per_second: In training.
        epoch_chosen: Whose weights were tested, from 1.
        parameters: Weights of the detector.
        sizes: None where the size does not matter.
        data: Which images it used.
        skipped_images: Unusable ones that were left out → why.
        audit: None where the images were not audited.
        precision: Of the training.
        scoring_precision: Of the test.
        processes: That trained together.
        threads: Of the CPU.
        machine: On what it was trained.
        versions: Package → version.
        git_commit: Of the code; None where it is not known.
    """

    run: str = ""
    config: Annotated[Mapping[str, Any], AfterValidator(check_options)]
    verdict: RecordedVerdict | None = None
    seconds: FiniteFloat | None = None
    images_per_second: FiniteFloat | None = None
    epoch_chosen: NonNegativeInt | None = None
    parameters: NonNegativeInt | None = None
    sizes: Sizes | None = None
    data: DataRecord | None = None
    skipped_images: Mapping[str, str] = field(default_factory=dict)
    audit: AuditDigest | None = None
    precision: str | None = None
    scoring_precision: str | None = None
    processes: NonNegativeInt | None = None
    threads: NonNegativeInt | None = None
    machine: Machine | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    git_commit: str | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """List what the audit warned of."""
        return self.audit.warnings if self.audit else ()
