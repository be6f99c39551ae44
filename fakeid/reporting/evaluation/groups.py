"""Reads an evaluation's groups: which there are, and the numbers of each."""

from collections.abc import Mapping
from typing import Any, Final

from fakeid.evaluation.operating_point import AT_HALF
from fakeid.evaluation.quadrants import QUADRANTS
from fakeid.evaluation.scores import NO_DEGRADATION
from fakeid.reporting.numbers import NO_ESTIMATE, Estimate

Group = Mapping[str, Any]

KINDS: Final = ("quadrant", "test_set", "category", "generator")
"""In the order in which tables list them."""


class EvaluationGroups:
    """The groups of an evaluation by kind, name and degradation.

    Args:
        evaluation: Plain values; see `render_evaluation_page`.
    """

    def __init__(self, evaluation: Mapping[str, Any]) -> None:
        self._groups: dict[tuple[str, str, str], Group] = {
            (group["kind"], group["name"], group["degradation"]): group for group in evaluation["groups"]
        }
        self.rule = str((evaluation.get("threshold") or AT_HALF.to_plain())["rule"])
        """At which of `ThresholdFrom` the accuracies without a suffix are."""
        calibration = evaluation.get("calibration")
        self.few_alarms = f"{100 * calibration['false_alarm_rate']:g} % FP" if calibration else "0.5"
        """The threshold for few false positives in headings, such as `5 % FP`; or what is taken where there is none."""
        self.degradations = [NO_DEGRADATION] + [
            name for name in dict.fromkeys(evaluation["degradations"]) if name != NO_DEGRADATION
        ]
        """`none` first, then the others in their order."""

    def list_names(self, kind: str) -> list[str]:
        """The groups of a kind that hold an image; quadrants from the easiest to the hardest."""
        names = dict.fromkeys(name for (of, name, _), group in self._groups.items() if of == kind and _is_filled(group))
        if kind == "quadrant":
            known = [str(quadrant) for quadrant in QUADRANTS]
            return [name for name in known if name in names] + [name for name in names if name not in known]
        return list(names)

    def find(self, kind: str, name: str, degradation: str = NO_DEGRADATION) -> Group | None:
        """One group, None where it was not tested."""
        return self._groups.get((kind, name, degradation))

    def read(self, metric: str, kind: str, name: str, degradation: str = NO_DEGRADATION) -> Estimate:
        """One number with its interval; all None where it has no meaning."""
        return read_metric(self.find(kind, name, degradation), metric)

    def list_tested(self, kinds: tuple[str, ...] = KINDS, degradation: str | None = None) -> list[Group]:
        """The groups that hold an image, by kind, then in the evaluation's order; of one degradation, or of all."""
        listed = [
            self.find(kind, name, tested)
            for kind in kinds
            for name in self.list_names(kind)
            for tested in (self.degradations if degradation is None else [degradation])
        ]
        return [group for group in listed if group is not None and _is_filled(group)]


def read_metric(group: Group | None, metric: str) -> Estimate:
    """A number of a group with its interval; all None where it was not measured."""
    return NO_ESTIMATE if group is None else Estimate.from_plain(group["metrics"].get(metric))


def _is_filled(group: Group) -> bool:
    return bool(group["num_real"] or group["num_fake"])
