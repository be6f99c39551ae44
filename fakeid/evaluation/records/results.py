"""Define estimates and groups of images with their metrics, the building blocks of the JSON files of results.

An undefined number, such as the AUROC of a single class, is None.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

from pydantic import AfterValidator, Field, FiniteFloat

if TYPE_CHECKING:  # these modules load SciPy
    from fakeid.evaluation.statistics.intervals import Measurement
    from fakeid.evaluation.statistics.paired_tests import Difference


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval.

    Attributes:
        value: The number; None if it is undefined.
        low: Lower end of the interval; None if there is none.
        high: Upper end of the interval; None if there is none.
    """

    value: FiniteFloat | None = None
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None

    @classmethod
    def of(cls, number: "Measurement | Difference") -> "Estimate":
        """Build an estimate from a value and its bounds; numbers that are not finite become None."""
        return cls(*(bound if math.isfinite(bound) else None for bound in (number.value, number.low, number.high)))

    @property
    def has_interval(self) -> bool:
        """Whether both ends of the interval are known."""
        return self.low is not None and self.high is not None

    def complement(self) -> "Estimate":
        """Compute one minus a share in [0, 1], with its interval."""
        return Estimate(*(None if number is None else 1 - number for number in (self.value, self.high, self.low)))


@dataclass(frozen=True)
class Probe:
    """How well a handful of features distinguishes the classes.

    Attributes:
        auroc: Cross-validated AUROC in [0, 1]; 0.5 is chance level.
        warns: Whether the classes can be distinguished better than by chance.
        importances: Feature → its share in the decisions of the trees, falling; sums to 1 unless all are useless.
    """

    auroc: Estimate
    warns: bool = False
    importances: Mapping[str, FiniteFloat] = field(default_factory=dict)


@dataclass(frozen=True)
class MeanEstimate(Estimate):
    """A mean over runs, with its 95 % interval.

    Attributes:
        next_low: Lower end of the 95 % interval for one more run on the same images; None with a single run.
        next_high: Upper end of this interval.
    """

    next_low: FiniteFloat | None = None
    next_high: FiniteFloat | None = None


_UNBOUNDED: Final = "nll"
"""The prefix of the names of metrics that may exceed 1."""

ImageCount: TypeAlias = Annotated[int, Field(ge=0, le=2**53)]
"""The type of a number of images, at most the largest number that a float64 can count to."""

UNKNOWN: Final = Estimate()
"""The placeholder for a number that was not measured."""


def _check_shares(metrics: Mapping[str, Estimate]) -> Mapping[str, Estimate]:
    for name, estimate in metrics.items():
        for number in (estimate.value, estimate.low, estimate.high):
            if number is not None and not (number >= 0 and (number <= 1 or name.startswith(_UNBOUNDED))):
                raise ValueError(f"{name} must be in [0, 1], got {number}")
    return metrics


@dataclass(frozen=True)
class Group:
    """The metrics of one group of images.

    Attributes:
        num_real: Number of real images.
        num_fake: Number of fake images.
        metrics: Name of the metric, as in `fakeid.evaluation.metrics`, → estimate.
    """

    num_real: ImageCount
    num_fake: ImageCount
    metrics: Annotated[Mapping[str, Estimate], AfterValidator(_check_shares)]

    def read(self, metric: str) -> Estimate:
        """Look up a metric; `UNKNOWN` if it was not measured."""
        return self.metrics.get(metric, UNKNOWN)

    @property
    def num_images(self) -> int:
        """The number of images of both classes."""
        return self.num_real + self.num_fake


@dataclass(frozen=True)
class CategoryGroup(Group):
    """The images of one category in the test of a run.

    Attributes:
        seen: Whether the category was trained on.
    """

    seen: bool = field(kw_only=True)


@dataclass(frozen=True)
class EvaluationGroup(Group):
    """A group of images in an evaluation.

    Attributes:
        kind: `quadrant`, `test_set`, `category` or `generator`.
        name: Name of the group, unique within its kind and degradation.
        degradation: Degradation of the images; `none` if there is none.
        seen_content: Whether their content was trained on; None if the group contains both.
        seen_generator: Whether the generators of the fakes were trained on; None if the group contains both.
        num_clusters: Number of clusters with a real or number of clusters with a fake, whichever is smaller; None if
            images are not clustered.
    """

    kind: str = "quadrant"
    name: str = ""
    degradation: str = "none"
    seen_content: bool | None = None
    seen_generator: bool | None = None
    num_clusters: int | None = None
