"""Define the schema of `summary.json`: the results of a run's test, and how they were obtained."""

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
"""The groups that pool the images of their categories."""


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
    """The options by which a report sorts; runs of earlier releases may have further options."""

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
        ValueError: One of them is missing or malformed; the message says which.
    """
    check_plain(options, _Options)
    return options


@dataclass(frozen=True)
class DataRecord:
    """The images that a run uses: the schema of `data.json`.

    Attributes:
        source: Description of their source, equal for equal images.
        digest: Digest of the keys of all images.
        images: Split → number of images.
        codec: Codec with which they are compressed before use.
    """

    source: Mapping[str, Any]
    digest: str
    images: Mapping[str, NonNegativeInt]
    codec: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class DuplicateCounts:
    """The number of duplicate images across splits.

    Attributes:
        num_exact: Number of pairs of identical images.
        num_near: Number of pairs of similar images.
    """

    num_exact: NonNegativeInt = 0
    num_near: NonNegativeInt = 0


@dataclass(frozen=True)
class AuditDigest:
    """The part of an audit that a summary keeps.

    Attributes:
        verdict: Verdict in one sentence.
        warnings: Warnings, one sentence each.
        probes: Name → result of the probe; None if there were too few images for it.
        duplicates: Duplicates across splits.
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
        trained_px: Side of the images in training.
        tested_px: Side of the images in the test.
        views: Parts of an image that were tested.
    """

    image_px: NonNegativeInt
    trained_px: NonNegativeInt
    tested_px: NonNegativeInt
    views: Views


@dataclass(frozen=True)
class Machine:
    """The machine that a run was trained on.

    Attributes:
        device: Common name of the device.
        cores: Number of CPU cores.
        system: Operating system.
    """

    device: str | None = None
    cores: NonNegativeInt | None = None
    system: str = ""


@dataclass(frozen=True)
class RunResults:
    """The results of a run's test on clean images.

    Attributes:
        seen: Results on the images of all training categories; None if there are none.
        unseen: Results on the images of all other categories; None if there are none.
        categories: Category → results on its images, in the order in which tables list them.
        generators: Generator → results on its images and all reals; only if fakes of one category come from several
            generators.
        threshold: Threshold of the accuracies.
        calibration: Calibration fitted on validation images; None unless there were images of both classes.
        held_out: Category that no run of this plan trains on.
    """

    seen: Group | None
    unseen: Group | None
    categories: Mapping[str, CategoryGroup]
    generators: Mapping[str, CategoryGroup] = field(default_factory=dict)
    threshold: OperatingPoint = AT_HALF
    calibration: Calibration | None = None
    held_out: str | None = None

    def find(self, name: str) -> Group | None:
        """Find a category or one of `POOLED`; None if it was not tested."""
        if name in POOLED:
            return self.seen if name == POOLED[0] else self.unseen
        return self.categories.get(name)

    def list_pools(self) -> dict[str, Group]:
        """List the non-empty groups of `POOLED` as `seen content` and `unseen content`."""
        found = {f"{name} content": self.find(name) for name in POOLED}
        return {name: group for name, group in found.items() if group is not None}

    def list_categories(self, *, seen: bool) -> dict[str, CategoryGroup]:
        """List the categories that were trained on, or those that were not."""
        return {name: group for name, group in self.categories.items() if group.seen == seen}

    def find_only_category(self, pool: str) -> str | None:
        """Find the category that is all of one of `POOLED`; None if there are several, or none."""
        names = list(self.list_categories(seen=pool == POOLED[0]))
        return names[0] if len(names) == 1 else None

    def list_parts(self) -> dict[str, CategoryGroup]:
        """List the categories that are part of one of `POOLED`, not all of it."""
        alone = {self.find_only_category(pool) for pool in POOLED if self.find(pool)}
        return {name: group for name, group in self.categories.items() if name not in alone}


@dataclass(frozen=True, kw_only=True)
class RunSummary(RunResults):
    """The content of `summary.json`.

    Attributes:
        run: Name of the run's folder.
        config: Values of all options; see `check_options`.
        verdict: Verdict; None until it is judged.
        seconds: Duration of the training, in seconds.
        images_per_second: Training images per second.
        epoch_chosen: Epoch whose weights were tested, counted from 1.
        parameters: Number of weights of the detector.
        sizes: Sizes at which the network saw images; None if the size does not matter.
        data: Images that the run used.
        skipped_images: Unusable image that was left out → reason.
        audit: Digest of the audit; None if the images were not audited.
        precision: Precision of the training.
        scoring_precision: Precision of the test.
        processes: Number of processes that trained together.
        threads: Number of CPU threads.
        machine: Machine on which it was trained.
        versions: Package → version.
        git_commit: Git commit of the code; None if it is not known.
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
        """The warnings of the audit."""
        return self.audit.warnings if self.audit else ()
