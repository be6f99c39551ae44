"""An evaluation's tables as headings and rows of words, the same for Markdown and the page."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fakeid.choices import ThresholdFrom
from fakeid.evaluation.metrics import count_reals_needed
from fakeid.evaluation.operating_point import CHOSEN
from fakeid.evaluation.scores import NO_DEGRADATION
from fakeid.reporting.evaluation_groups import EvaluationGroups, Group, read_metric
from fakeid.reporting.evaluation_matrix import list_matrix_rows
from fakeid.reporting.numbers import (
    NO_ESTIMATE,
    Estimate,
    format_percent,
    format_percent_estimate,
    format_unit_estimate,
)
from fakeid.reporting.sweep_rows import Rows

ORACLE_NOTE: Final = "oracle: chosen on the tested images, no result"
_METRICS: Final[tuple[tuple[str, str, Callable[[Estimate], str]], ...]] = (
    ("accuracy", "accuracy %", format_percent_estimate),
    ("real_accuracy", "real acc. %", format_percent_estimate),
    ("fake_accuracy", "fake acc. %", format_percent_estimate),
    ("balanced_accuracy", "balanced %", format_percent_estimate),
    ("auroc", "AUROC", format_unit_estimate),
    ("average_precision", "average precision", format_unit_estimate),
    ("eer", "EER %", format_percent_estimate),
    ("tpr_at_fpr_01", "TPR at 1 % FPR", format_percent_estimate),
    ("tpr_at_fpr_05", "TPR at 5 % FPR", format_percent_estimate),
    ("ece", "ECE", format_unit_estimate),
    ("nll", "NLL", format_unit_estimate),
    ("brier", "Brier", format_unit_estimate),
)
_DECISIONS: Final = _METRICS[:3]
_RULES: Final = {ThresholdFrom.half.value: "0.5", ThresholdFrom.validation.value: "balanced"}
_LIMITS: Final = {"tpr_at_fpr_01": 0.01, "tpr_at_fpr_05": 0.05}


def list_matrix(groups: EvaluationGroups) -> Rows:
    """AUROC, one row a degradation, one column a quadrant or test set."""
    columns = list_matrix_rows(groups)
    rows = [
        [tested, *(format_unit_estimate(groups.read("auroc", kind, name, tested)) for kind, name in columns)]
        for tested in groups.degradations
    ]
    return ["degradation", *(name for _, name in columns)], rows


def list_thresholds(groups: EvaluationGroups) -> Rows:
    """Accuracies at each threshold, on images as they are; an oracle's only where it was asked for."""
    tested = _list_main(groups)
    named = {"": _RULES[groups.rule], **{f"_at_{rule}": name for rule, name in _RULES.items()}}
    named |= {f"_at_{CHOSEN}": groups.few_alarms, "_at_oracle": "oracle"}
    places = [place for place in named if any(f"accuracy{place}" in group["metrics"] for group in tested)]
    headings = ["images of", "real", "fake"]
    headings += [f"{title} at {named[place]}" for place in places for _, title, _ in _DECISIONS]
    rows = [
        [*_head(group), *(form(read_metric(group, name + place)) for place in places for name, _, form in _DECISIONS)]
        for group in tested
    ]
    return headings, rows


def list_calibration(groups: EvaluationGroups) -> Rows:
    """How far P(fake) can be believed, as trained and calibrated on validation."""
    names = {"ece": "ECE", "nll": "NLL", "brier": "Brier"}
    headings = ["images of", *(f"{title}{when}" for title in names.values() for when in ("", ", calibrated"))]
    rows = [
        [
            group["name"],
            *(
                format_unit_estimate(read_metric(group, metric + when))
                for metric in names
                for when in ("", "_calibrated")
            ),
        ]
        for group in _list_main(groups)
    ]
    return headings, rows


def list_groups(groups: EvaluationGroups, *, degraded: bool) -> Rows:
    """Every metric of every group, on images as they are or on degraded ones."""
    headings = ["group", "of", *(["degradation"] if degraded else []), "real", "fake"]
    headings += [title for _, title, _ in _METRICS]
    rows = []
    for group in groups.list_tested():
        if (group["degradation"] != NO_DEGRADATION) == degraded:
            name, *counts = _head(group)
            kind = group["kind"].replace("_", " ")
            middle = [group["degradation"]] if degraded else []
            rows.append([name, kind, *middle, *counts, *(_write_metric(group, m, form) for m, _, form in _METRICS)])
    return headings, rows


def list_swap(swap: Mapping[str, Any]) -> Rows:
    """What the calls do when one class alone goes through JPEG."""
    metrics = [metric for metric in _METRICS if metric[0] in ("real_accuracy", "fake_accuracy", "auroc")]
    rows = [[row["name"], *(form(row.get(name) or NO_ESTIMATE) for name, _, form in metrics)] for row in swap["rows"]]
    return [f"images (JPEG quality {swap['quality']})", *(title for _, title, _ in metrics)], rows


def list_controls(evaluation: Mapping[str, Any]) -> Rows:
    """Sets without any GAN that a detector should leave alone."""
    rows = [
        [
            control["name"],
            *(format_percent_estimate(control[f"fake_share{of}"]) for of in ("", "_of_reals", "_of_fakes")),
            {True: "yes", False: "no", None: "unclear"}[control["fires"]],
            control["verdict"],
        ]
        for control in evaluation["controls"]
    ]
    return [
        "control",
        f"called fake % at {EvaluationGroups(evaluation).few_alarms}",
        "of reals %",
        "of fakes %",
        "fires",
        "verdict",
    ], rows


def list_test_sets(evaluation: Mapping[str, Any]) -> Rows:
    """Where the tested images come from, and in which files."""
    rows = [
        [
            found["name"] + (" (control)" if found["control"] else ""),
            found["where"],
            *(_describe_share(found, label) for label in ("real", "fake")),
            *(_describe_formats((found["file_formats"] or {}).get(label)) for label in ("real", "fake")),
        ]
        for found in evaluation["test_sets"]
    ]
    return ["test set", "from", "real", "fake", "files of reals", "files of fakes"], rows


def list_detector(evaluation: Mapping[str, Any]) -> Rows:
    """What was tested, and what it had been trained on."""
    detector, trained_on = evaluation["detector"], evaluation["trained_on"]
    rows = [[name.replace("_px", " (px)"), _spell(value)] for name, value in detector.items()]
    rows += [[f"trained on {name}", ", ".join(trained_on[name]) or "none"] for name in ("categories", "generators")]
    return ["detector", ""], rows


def _list_main(groups: EvaluationGroups) -> list[Group]:
    """The rows of the matrix, tested as they are."""
    found = [groups.find(kind, name) for kind, name in list_matrix_rows(groups)]
    return [group for group in found if group is not None]


def _write_metric(group: Group, metric: str, form: Callable[[Estimate], str]) -> str:
    return describe_lack(group, metric) or form(read_metric(group, metric))


def describe_lack(group: Group, metric: str) -> str:
    """Why a group has no number, such as `needs 500 reals, has 50`; empty where it has one, or for other reasons."""
    needed = count_reals_needed(_LIMITS[metric]) if metric in _LIMITS else 0
    return f"needs {needed} reals, has {group['num_real']}" if group["num_real"] < needed else ""


def _head(group: Group) -> list[str]:
    return [group["name"], str(group["num_real"]), str(group["num_fake"])]


def _describe_share(found: Mapping[str, Any], label: str) -> str:
    tested, left_out = found[f"num_{label}"], found.get("left_out", {}).get(label, 0)
    return f"{tested} of {tested + left_out}" if left_out else str(tested)


def _describe_formats(shares: Mapping[str, float] | None) -> str:
    if not shares:
        return ""
    ordered = sorted(shares.items(), key=lambda share: -share[1])
    return ", ".join(f"{name} {format_percent(share).removesuffix('.0')} %" for name, share in ordered)


def _spell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
