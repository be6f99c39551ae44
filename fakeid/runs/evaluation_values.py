"""What W&B gets of an evaluation: some numbers to sort runs by, and a table of all of them."""

from collections.abc import Mapping
from typing import Any, Final

from fakeid.evaluation.quadrants import QUADRANTS, Quadrant
from fakeid.evaluation.scores import NO_DEGRADATION
from fakeid.reporting.evaluation_groups import EvaluationGroups, read_metric
from fakeid.training.tracked_fields import Rows, describe_config, find_false_positives, list_numbers, make_key, spread

EVALUATION_ALL: Final = "eval/all"
"""The table of every number: kind, group, degradation, metric, value, low, high."""

_QUADRANT_NUMBERS: Final = ("auroc", "auroc_low", "auroc_high", "accuracy", "false_positive_rate")


def name_quadrant(quadrant: Quadrant) -> str:
    """Content, then generator, such as `seen_unseen`."""
    return "_".join("seen" if seen else "unseen" for seen in quadrant)


EVALUATION_SUMMARY: Final = (
    *(make_key("eval", name_quadrant(quadrant), name) for quadrant in QUADRANTS for name in _QUADRANT_NUMBERS),
    *(f"eval/worst/{name}" for name in ("auroc", "auroc_low", "auroc_high", "degradation", "quadrant")),
    *("eval/verdict", "eval/swap_warns", "eval/controls_firing"),
)
"""What the list of runs shows of an evaluation; quadrants are of images as they are."""


def describe_tested(config: Mapping[str, Any], run_name: str, evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """What was tested: the axes and options of its training, the checkpoint, what it had seen, and with what.

    Args:
        config: Of the training, with today's evaluation; nested plain values.
        run_name: Of the training.
        evaluation: Content of an `evaluation.json`.
    """
    return {
        **describe_config(config),
        "categories": len(evaluation["trained_on"]["categories"]),
        "trained_run": run_name,
        "checkpoint": evaluation["detector"]["checkpoint"],
        **{name: evaluation[name] for name in ("trained_on", "degradations", "threshold", "test_sets")},
    }


def sum_up_evaluation(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `EVALUATION_SUMMARY` that are known.

    Args:
        evaluation: Content of an `evaluation.json`.
    """
    groups, found = EvaluationGroups(evaluation), dict[str, Any]()
    for quadrant in QUADRANTS:
        group, name = groups.find("quadrant", str(quadrant)), f"eval/{name_quadrant(quadrant)}"
        for metric in ("auroc", "accuracy"):
            found |= spread(f"{name}/{metric}", read_metric(group, metric))
        found[f"{name}/false_positive_rate"] = find_false_positives(group["metrics"]) if group else None
    found |= _find_worst(groups)
    if evaluation["swap"]:
        found["eval/swap_warns"] = int(bool(evaluation["swap"]["warns"]))
    if evaluation["controls"]:
        found["eval/controls_firing"] = sum(bool(control["fires"]) for control in evaluation["controls"])
    found["eval/verdict"] = (evaluation.get("verdict") or {}).get("word")
    return {name: found[name] for name in EVALUATION_SUMMARY if found.get(name) is not None}


def tabulate_evaluation(evaluation: Mapping[str, Any]) -> Rows:
    """Every number: of the groups under each degradation, of the swap test, of the controls, of the calibration."""
    heads = [(group["kind"], group["name"], group["degradation"]) for group in evaluation["groups"]]
    parts: list[tuple[tuple[str, str, str], Mapping[str, Any]]] = [
        (head, {name: group[name] for name in ("num_real", "num_fake")} | group["metrics"])
        for head, group in zip(heads, evaluation["groups"], strict=True)
    ]
    swap = evaluation["swap"] or {"rows": []}
    parts += [(("swap", row["name"], NO_DEGRADATION), row) for row in swap["rows"]]
    parts += [(("control", control["name"], NO_DEGRADATION), control) for control in evaluation["controls"]]
    parts.append((("calibration", "validation", NO_DEGRADATION), evaluation["calibration"] or {}))
    rows = [[*head, *cells] for head, numbers in parts for cells in list_numbers(numbers)]
    return ["kind", "group", "degradation", "metric", "value", "low", "high"], rows


def _find_worst(groups: EvaluationGroups) -> dict[str, Any]:
    """The quadrant and the degradation with the lowest AUROC of all."""
    tested = [
        (estimate, degradation, quadrant)
        for degradation in groups.degradations
        if degradation != NO_DEGRADATION
        for quadrant in QUADRANTS
        for estimate in [groups.read("auroc", "quadrant", str(quadrant), degradation)]
        if estimate["value"] is not None
    ]
    if not tested:
        return {}
    estimate, degradation, quadrant = min(tested, key=lambda entry: entry[0]["value"] or 0.0)
    where = {"eval/worst/degradation": degradation, "eval/worst/quadrant": name_quadrant(quadrant)}
    return spread("eval/worst/auroc", estimate) | where
