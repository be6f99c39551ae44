"""Estimates, and groups of images with their metrics: what the JSON files of runs and of evaluations consist of.

A number that has no meaning, such as the AUROC of one class, is None.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

from pydantic import AfterValidator, Field, FiniteFloat

if TYPE_CHECKING:  # they load SciPy
    from fakeid.evaluation.statistics.intervals import Measurement
    from fakeid.evaluation.statistics.paired_tests import Difference


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval.

    Attributes:
        value: The number; None where it has no meaning.
        low: Lower end of the interval; None where there is none.
        high: Upper end of it.
    """

    value: FiniteFloat | None = None
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None

    @classmethod
    def of(cls, number: "Measurement | Difference") -> "Estimate":
        """Build an estimate from a value and its bounds; what is not finite becomes None."""
        return cls(*(bound if math.isfinite(bound) else None for bound in (number.value, number.low, number.high)))

    @property
    def has_interval(self) -> bool:
        """Tell whether both ends of the interval are known."""
        return self.low is not None and self.high is not None

    def complement(self) -> "Estimate":
        """Compute one minus a share in [0, 1], with its interval."""
        return Estimate(*(None if number is None else 1 - number for number in (self.value, self.high, self.low)))


@dataclass(frozen=True)
class Probe:
    """How well the classes can be told apart by a handful of numbers.

    Attributes:
        auroc: Cross-validated, in [0, 1]; 0.5 is chance level.
        warns: Whether the classes can be told apart, and not by chance alone.
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
        next_high: Upper end of it.
    """

    next_low: FiniteFloat | None = None
    next_high: FiniteFloat | None = None


_UNBOUNDED: Final = "nll"
"""How the names of metrics begin that may be above 1."""

ImageCount: TypeAlias = Annotated[int, Field(ge=0, le=2**53)]
"""How many images; more than a float can count are none that anybody has."""

UNKNOWN: Final = Estimate()
"""What stands for a number that was not measured."""


def _check_shares(metrics: Mapping[str, Estimate]) -> Mapping[str, Estimate]:
    for name, estimate in metrics.items():
        for number in (estimate.value, estimate.low, estimate.high):
            if number is not None and not (number >= 0 and (number <= 1 or name.startswith(_UNBOUNDED))):
                raise ValueError(f"{name} must be in [0, 1], got {number}")
    return metrics


@dataclass(frozen=True)
class Group:
    """Every number of one group of images.

    Attributes:
        num_real: Real images.
        num_fake: Fake ones.
        metrics: Name, as in `fakeid.evaluation.metrics`, → estimate.
    """

    num_real: ImageCount
    num_fake: ImageCount
    metrics: Annotated[Mapping[str, Estimate], AfterValidator(_check_shares)]

    def read(self, metric: str) -> Estimate:
        """Look up a metric; `UNKNOWN` where it was not measured."""
        return self.metrics.get(metric, UNKNOWN)

    @property
    def num_images(self) -> int:
        """Count the images of both classes."""
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
    """A group of images of an evaluation.

    Attributes:
        kind: `quadrant`, `test_set`, `category` or `generator`.
        name: Of the group, unique within its kind and degradation.
        degradation: What was done to the images; `none` for nothing.
        seen_content: Whether their content was trained on; None where the group holds both.
        seen_generator: The same of the generators of the fakes.
        num_clusters: The fewer of the clusters with a real and of those with a fake; None where images are not
            clustered.
    """

    kind: str = "quadrant"
    name: str = ""
    degradation: str = "none"
    seen_content: bool | None = None
    seen_generator: bool | None = None
    num_clusters: int | None = None
