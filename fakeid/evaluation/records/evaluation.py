"""The schema of `evaluation.json`: everything that is known of a detector after an evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from pydantic import FiniteFloat, NonNegativeInt

from fakeid.config.constants import LABEL_NAMES
from fakeid.config.degradations import NO_DEGRADATION
from fakeid.evaluation.calibration import AT_HALF, Calibration, OperatingPoint
from fakeid.evaluation.quadrants import QUADRANTS, TrainedOn
from fakeid.evaluation.records.results import UNKNOWN, Estimate, EvaluationGroup
from fakeid.evaluation.records.run_summary import Machine, Sizes
from fakeid.evaluation.verdict import RecordedVerdict

KINDS: Final = ("quadrant", "test_set", "category", "generator")
"""Of groups, in the order in which tables list them."""


@dataclass(frozen=True)
class EvaluatedDetector:
    """The detector that an evaluation tested.

    Attributes:
        checkpoint: Path of its file, as it was given.
        backbone: Name of the network.
        color: Color space that it sees.
        residual: Filter before the network.
        image_px: Side of its images.
        protocol: Name of the protocol that it was trained and is tested by.
    """

    checkpoint: str
    backbone: str
    color: str
    residual: str
    image_px: int
    protocol: str = ""


@dataclass(frozen=True)
class EvaluatedSet:
    """A test set of an evaluation.

    Attributes:
        name: Unique in an evaluation.
        where: Folder, or what it is drawn from.
        num_real: Real images that were tested.
        num_fake: Fake ones; of a control, images that no GAN made.
        control: Whether it is a control.
        left_out: Images that were left out to save time, by class (`real`, `fake`).
        file_formats: Class → ending of the file name → share in [0, 1]; None where images are drawn, not read.
    """

    name: str
    where: str
    num_real: NonNegativeInt
    num_fake: NonNegativeInt
    control: bool = False
    left_out: Mapping[str, NonNegativeInt] = field(default_factory=dict)
    file_formats: Mapping[str, Mapping[str, FiniteFloat]] | None = None


@dataclass(frozen=True)
class WorstGroup:
    """The category, by seen or by unseen generators, on which the detector is worst.

    Attributes:
        degradation: What was done to the images.
        metric: By which it is worst.
        group: Its name.
        value: Of the metric; None where the detector broke down.
    """

    degradation: str
    metric: str
    group: str
    value: FiniteFloat | None


@dataclass(frozen=True)
class SwapRow:
    """The results of a detector where one class, both or none are compressed.

    Attributes:
        name: Which of them are.
        auroc: Of all fakes against all reals.
        real_accuracy: Share of the reals called real.
        fake_accuracy: Share of the fakes called fake.
    """

    name: str
    auroc: Estimate = UNKNOWN
    real_accuracy: Estimate = UNKNOWN
    fake_accuracy: Estimate = UNKNOWN


@dataclass(frozen=True)
class SwapResult:
    """What the swap test found.

    Attributes:
        quality: Of the JPEG.
        verdict: One sentence.
        follows_codec: None where it cannot be said.
        warns: Whether it follows the codec, or may do so.
        rows: Four, from clean images to both classes as JPEG.
    """

    quality: NonNegativeInt
    verdict: str
    follows_codec: bool | None
    warns: bool
    rows: tuple[SwapRow, ...]


@dataclass(frozen=True)
class ControlResult:
    """The calls of a detector on images that share something with fakes, but that no GAN made.

    Attributes:
        name: Of the control, such as `reals, downup-0.5`.
        fires: Whether it takes them for fakes; None where it cannot be said.
        verdict: One sentence.
        num_control: Images of the control.
        num_real: Reals that it is told from.
        num_fake: Fakes that it is compared with.
        fake_share: Share of the control that is called fake.
        fake_share_of_reals: The same of the reals.
        fake_share_of_fakes: The same of the fakes.
        control_auroc: Of the control against the reals.
        fake_auroc: Of the fakes against the reals.
    """

    name: str
    fires: bool | None
    verdict: str
    num_control: NonNegativeInt
    num_real: NonNegativeInt
    num_fake: NonNegativeInt
    fake_share: Estimate = UNKNOWN
    fake_share_of_reals: Estimate = UNKNOWN
    fake_share_of_fakes: Estimate = UNKNOWN
    control_auroc: Estimate = UNKNOWN
    fake_auroc: Estimate = UNKNOWN


@dataclass(frozen=True)
class OneClassRate:
    """How many images of a test set that has one class alone are called fake.

    Attributes:
        test_set: Its name.
        label: `real` or `fake`.
        degradation: What was done to the images.
        num_images: How many.
        called_fake: Their share, at the threshold for few false positives, or else that of the accuracies.
    """

    test_set: str
    label: str
    degradation: str
    num_images: NonNegativeInt
    called_fake: Estimate


@dataclass(frozen=True)
class Evaluation:
    """Everything that `evaluation.json` holds.

    Attributes:
        title: Name of the detector's run.
        detector: What was tested.
        trained_on: What it had seen.
        test_sets: On which images it was tested.
        degradations: What was done to the images; `none` comes first.
        groups: Every number, by group of images and degradation.
        worst: On what it is worst, by degradation and metric.
        command: What gives the same evaluation again.
        calibration: What validation images taught; None where there were none of both classes.
        threshold: At which accuracies are.
        swap: None where the swap test was not asked for, or lacks a class.
        controls: Images that no GAN made.
        one_class: Of test sets with one class alone, by degradation.
        verdict: None until it is judged.
        sizes: At which the detector saw images; None where the size does not matter.
        notes: Sentences on how it came about.
        warnings: Sentences on what makes its intervals worth less than they seem.
        evaluation: The options of this group that it was made with.
        precision: Of the training.
        scoring_precision: Of the test.
        versions: Package → version.
        threads: Of the CPU.
        git_commit: Of the code.
        machine: On which it was tested.
    """

    title: str
    detector: EvaluatedDetector
    trained_on: TrainedOn
    test_sets: tuple[EvaluatedSet, ...]
    degradations: tuple[str, ...]
    groups: tuple[EvaluationGroup, ...]
    worst: tuple[WorstGroup, ...] = ()
    command: str = ""
    calibration: Calibration | None = None
    threshold: OperatingPoint = AT_HALF
    swap: SwapResult | None = None
    controls: tuple[ControlResult, ...] = ()
    one_class: tuple[OneClassRate, ...] = ()
    verdict: RecordedVerdict | None = None
    sizes: Sizes | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    precision: str | None = None
    scoring_precision: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    threads: NonNegativeInt | None = None
    git_commit: str | None = None
    machine: Machine = field(default_factory=Machine)

    @cached_property
    def _by_place(self) -> dict[tuple[str, str, str], EvaluationGroup]:
        return {(group.kind, group.name, group.degradation): group for group in self.groups}

    def find(self, kind: str, name: str, degradation: str = NO_DEGRADATION) -> EvaluationGroup | None:
        """Find a group by kind and name; None where it was not tested."""
        return self._by_place.get((kind, name, degradation))

    def read(self, metric: str, kind: str, name: str, degradation: str = NO_DEGRADATION) -> Estimate:
        """Look up a number of a group; `UNKNOWN` where it was not measured."""
        group = self.find(kind, name, degradation)
        return UNKNOWN if group is None else group.read(metric)

    def list_names(self, kind: str) -> list[str]:
        """List the groups of a kind that hold an image; quadrants from the easiest to the hardest."""
        names = dict.fromkeys(group.name for group in self.groups if group.kind == kind and group.num_images)
        known = [str(quadrant) for quadrant in QUADRANTS] if kind == KINDS[0] else []
        return [name for name in known if name in names] + [name for name in names if name not in known]

    def list_tested(self, kinds: tuple[str, ...] = KINDS, degradation: str | None = None) -> list[EvaluationGroup]:
        """List the groups that hold an image, by kind, then by name; of one degradation, or of all."""
        degradations = self.degradations if degradation is None else (degradation,)
        places = ((kind, name, word) for kind in kinds for name in self.list_names(kind) for word in degradations)
        found = (self._by_place.get(place) for place in places)
        return [group for group in found if group is not None and group.num_images]

    def list_main(self) -> list[tuple[str, str]]:
        """List kind and name of what the matrix shows: the quadrants, and the test sets where there are several."""
        sets = self.list_names("test_set")
        named = [("test_set", name) for name in sets] if len(sets) > 1 else []
        return [("quadrant", name) for name in self.list_names("quadrant")] + named

    def count_images(self) -> dict[str, int]:
        """Count the tested images of each class, `real` and `fake`."""
        return {label: sum(getattr(part, f"num_{label}") for part in self.test_sets) for label in LABEL_NAMES}
