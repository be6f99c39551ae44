"""Define the schema of `evaluation.json`: everything that is known about a detector after an evaluation."""

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
"""The kinds of groups, in the order in which tables list them."""


@dataclass(frozen=True)
class EvaluatedDetector:
    """The detector that an evaluation tested.

    Attributes:
        checkpoint: Path of its file as given by the user.
        backbone: Name of the network.
        color: Color space of the network's input.
        residual: Filter in front of the network.
        image_px: Side of its images, in pixels.
        protocol: Name of the protocol of its training and test.
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
        name: Name, unique within an evaluation.
        where: Folder, or a description of what it is drawn from.
        num_real: Number of real images tested.
        num_fake: Number of fake images tested; for a control, images that no GAN made.
        control: Whether it is a control.
        left_out: Class (`real`, `fake`) → number of images left out to save time.
        file_formats: Class → file format, such as `jpeg` → share in [0, 1], among up to 200 files; empty if images are
            made from photos, None if they are drawn.
        digest: Digest of the description of its source, equal for equal images; None if unknown.
    """

    name: str
    where: str
    num_real: NonNegativeInt
    num_fake: NonNegativeInt
    control: bool = False
    left_out: Mapping[str, NonNegativeInt] = field(default_factory=dict)
    file_formats: Mapping[str, Mapping[str, FiniteFloat]] | None = None
    digest: str | None = None


@dataclass(frozen=True)
class WorstGroup:
    """The category and generators (seen or unseen) on which the detector is worst by one metric.

    Attributes:
        degradation: Degradation of the images.
        metric: Name of the metric.
        group: Name of the group.
        value: Value of the metric; None if the detector broke down.
    """

    degradation: str
    metric: str
    group: str
    value: FiniteFloat | None


@dataclass(frozen=True)
class SwapRow:
    """The results of a detector with one class, both classes or neither compressed.

    Attributes:
        name: Name that says which classes are compressed.
        auroc: AUROC of all fakes against all reals.
        real_accuracy: Share of the reals called real.
        fake_accuracy: Share of the fakes called fake.
    """

    name: str
    auroc: Estimate = UNKNOWN
    real_accuracy: Estimate = UNKNOWN
    fake_accuracy: Estimate = UNKNOWN


@dataclass(frozen=True)
class SwapResult:
    """The outcome of the swap test.

    Attributes:
        quality: JPEG quality.
        verdict: Verdict in one sentence.
        follows_codec: Whether the detector follows the codec; None if the test cannot tell.
        warns: Whether the detector follows the codec or may do so.
        rows: Four results, from clean images to both classes as JPEG.
    """

    quality: NonNegativeInt
    verdict: str
    follows_codec: bool | None
    warns: bool
    rows: tuple[SwapRow, ...]


@dataclass(frozen=True)
class ControlResult:
    """The calls of a detector on a control: images that share a property with fakes but that no GAN made.

    Attributes:
        name: Name of the control, such as `reals, downup-0.5`.
        fires: Whether the detector takes the control for fakes; None if the test cannot tell.
        verdict: Verdict in one sentence.
        num_control: Number of images of the control.
        num_real: Number of reals that the control is distinguished from.
        num_fake: Number of fakes that the control is compared with.
        fake_share: Share of the control called fake.
        fake_share_of_reals: Share of the reals called fake.
        fake_share_of_fakes: Share of the fakes called fake.
        control_auroc: AUROC of the control against the reals.
        fake_auroc: AUROC of the fakes against the reals.
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
    """The share of images called fake in a test set with only one class.

    Attributes:
        test_set: Name of the test set.
        label: Class, `real` or `fake`.
        degradation: Degradation of the images.
        num_images: Number of images.
        called_fake: Share called fake, at the threshold for few false positives or, without one, at the threshold of
            the accuracies.
        num_clusters: Number of clusters of images; None if images count as independent.
    """

    test_set: str
    label: str
    degradation: str
    num_images: NonNegativeInt
    called_fake: Estimate
    num_clusters: NonNegativeInt | None = None


@dataclass(frozen=True)
class Evaluation:
    """The content of `evaluation.json`.

    Attributes:
        title: Name of the detector's run.
        detector: Detector that was tested.
        trained_on: Content and generators that it was trained on.
        test_sets: Test sets of the evaluation.
        degradations: Degradations of the images; `none` comes first.
        groups: Metrics, by group of images and degradation.
        worst: Worst groups, by degradation and metric.
        command: Command that repeats the evaluation.
        calibration: Calibration fitted on validation images; None unless there were images of both classes.
        threshold: Threshold of the accuracies.
        swap: Outcome of the swap test; None if it was not requested or a class is missing.
        controls: Results on controls, which are images that no GAN made.
        one_class: Results on test sets with only one class, by degradation.
        verdict: Verdict; None until it is judged.
        sizes: Sizes at which the detector saw images; None if the size does not matter.
        notes: Sentences about how the evaluation was made.
        warnings: Sentences about what makes its intervals less reliable than they seem.
        presumed: Sentences about what counts as unseen only because nothing names it.
        evaluation: Values of the options `evaluation.*` that it was made with.
        precision: Precision of the training.
        scoring_precision: Precision of the test.
        versions: Package → version.
        threads: Number of CPU threads.
        git_commit: Git commit of the code.
        machine: Machine on which it was tested.
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
    presumed: tuple[str, ...] = ()
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
        """Find a group by kind and name; None if it was not tested."""
        return self._by_place.get((kind, name, degradation))

    def read(self, metric: str, kind: str, name: str, degradation: str = NO_DEGRADATION) -> Estimate:
        """Look up a metric of a group; `UNKNOWN` if it was not measured."""
        group = self.find(kind, name, degradation)
        return UNKNOWN if group is None else group.read(metric)

    def list_names(self, kind: str) -> list[str]:
        """List the names of all non-empty groups of a kind; quadrants from the easiest to the hardest."""
        names = dict.fromkeys(group.name for group in self.groups if group.kind == kind and group.num_images)
        known = [str(quadrant) for quadrant in QUADRANTS] if kind == KINDS[0] else []
        return [name for name in known if name in names] + [name for name in names if name not in known]

    def list_tested(self, kinds: tuple[str, ...] = KINDS, degradation: str | None = None) -> list[EvaluationGroup]:
        """List all non-empty groups by kind and name, for one degradation or for all."""
        degradations = self.degradations if degradation is None else (degradation,)
        places = ((kind, name, word) for kind in kinds for name in self.list_names(kind) for word in degradations)
        found = (self._by_place.get(place) for place in places)
        return [group for group in found if group is not None and group.num_images]

    def list_main(self) -> list[tuple[str, str]]:
        """List kind and name of the groups in the matrix: the quadrants and, if there are several, the test sets."""
        sets = self.list_names("test_set")
        named = [("test_set", name) for name in sets] if len(sets) > 1 else []
        return [("quadrant", name) for name in self.list_names("quadrant")] + named

    def count_images(self) -> dict[str, int]:
        """Count the tested images of each class, `real` and `fake`."""
        return {label: sum(getattr(part, f"num_{label}") for part in self.test_sets) for label in LABEL_NAMES}
