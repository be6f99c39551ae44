"""The names under which W&B shows a training: the same for every run, and flat so that panels can use them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

from fakeid.config.identity import format_value, list_axes, name_setting, read_axes
from fakeid.config.parse import Config, to_plain
from fakeid.evaluation.records.results import UNKNOWN, Estimate, Group
from fakeid.evaluation.records.run_summary import POOLED, RunSummary
from fakeid.io import to_plain_record

AXES: Final = tuple(each.column for each in list_axes())
"""Options that a sweep varies; they are at the top level of a run's configuration in W&B."""

SETTING: Final = "setting"
"""Name of the field that joins all axes but categories and seed in one text, to group by."""

_MEASURED: Final = ("accuracy", "real_accuracy", "fake_accuracy", "auroc", "average_precision")
_POOL_NUMBERS: Final = (
    *("accuracy", "accuracy_low", "accuracy_high", "real_accuracy", "fake_accuracy"),
    *("auroc", "auroc_low", "auroc_high", "average_precision", "false_positive_rate"),
)

_COPIED: Final = ("seconds", "images_per_second", "epoch_chosen")
"""Single values of `summary.json` that W&B shows under the same name."""

TRAINING_SUMMARY: Final = (
    *(f"{pool}/{name}" for pool in POOLED for name in _POOL_NUMBERS),
    *("verdict", "threshold/logit", "epochs", "skipped_images", *_COPIED),
)
"""Values of a training in the list of runs, besides its curves; all other numbers are rows of the table `ALL`."""

ALL: Final = "test/all"
"""Name of the table of all test numbers: group, metric, value, low, high."""

HEADLINES: Final = tuple(f"{pool}/{metric}" for pool in reversed(POOLED) for metric in _MEASURED)
"""Final numbers that are also logged as curves of one point, so that W&B draws a chart of them by itself."""

LEARNING_CURVES: Final = ("train/loss", "val/loss", "train/accuracy", "val/accuracy", "val/auroc")
"""Curves with one value per epoch, plotted against `EPOCH`."""

EPOCH: Final = "epoch"

CURVES: Final = {
    "train/*": "none", "val/*": "none", "train/loss": "last", "val/loss": "min", "val/accuracy": "max",
    "val/auroc": "max",
}  # fmt: skip
"""All curves that are logged per epoch, each with the value that the list of runs shows."""

_PROVENANCE: Final = (
    *("run", "data", "audit", "versions", "git_commit", "machine", "threads", "processes", "precision"),
    *("scoring_precision", "sizes", "parameters", "held_out", "threshold"),
)

Rows = tuple[list[str], list[list[Any]]]
"""Column names, and rows with one cell per column."""


def make_key(*parts: str) -> str:
    """Make a name that W&B can query, such as `tables/evaluation_auroc`.

    The parts are joined by slashes and contain only ASCII letters, digits and underscores.
    """
    return "/".join(re.sub(r"\W+", "_", part, flags=re.ASCII).strip("_") or "_" for part in parts)


def spread(name: str, estimate: Estimate) -> dict[str, float | None]:
    """Spread an estimate over three numbers: its value as `name`, its 95 % interval as `name_low` and `name_high`."""
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def describe_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Arrange a configuration for W&B: axes and setting at the top level, everything below `options`.

    Args:
        config: Nested plain values from `fakeid.config.parse.to_plain`.
    """
    return {**read_axes(config), SETTING: name_setting(config), "options": dict(config)}


def list_tags(config: Config) -> list[str]:
    """List the axes of a sweep as `axis=value`, to filter runs by."""
    axes = {**read_axes(to_plain(config)), "categories": config.categories or "all"}
    return [f"{axis}={format_value(value)}"[:64] for axis, value in axes.items()]  # the longest that W&B accepts


def describe_provenance(summary: RunSummary) -> dict[str, Any]:
    """Collect the facts that a finished run adds to its configuration in W&B: its images, code and machine."""
    plain = to_plain_record(summary)
    found = {name: plain[name] for name in _PROVENANCE if plain[name] not in (None, {})}
    if "versions" in found:
        found["versions"] = {make_key(package): version for package, version in found["versions"].items()}
    return found


def sum_up_training(summary: RunSummary) -> dict[str, Any]:
    """Collect the values of `TRAINING_SUMMARY` that are known."""
    found: dict[str, Any] = {name: getattr(summary, name) for name in _COPIED}
    for pool in POOLED:
        group = summary.find(pool)
        for metric in _MEASURED:
            found |= spread(f"{pool}/{metric}", group.read(metric) if group else UNKNOWN)
        wrong = group.read("real_accuracy_at_chosen").complement() if group else UNKNOWN
        found[f"{pool}/false_positive_rate"] = wrong.value
    found["verdict"] = summary.verdict.word if summary.verdict else None
    found["threshold/logit"] = summary.threshold.logit
    found["epochs"] = (summary.config.get("optim") or {}).get("epochs")
    found["skipped_images"] = len(summary.skipped_images)
    return {name: found[name] for name in TRAINING_SUMMARY if found[name] is not None}


def tabulate_summary(summary: RunSummary) -> Rows:
    """Tabulate all numbers of a run: those of each group and of the calibration."""
    groups: dict[str, Group] = {**summary.list_pools(), **summary.categories}
    numbers: dict[str, Mapping[str, Any]] = {
        name: {"num_real": group.num_real, "num_fake": group.num_fake, **group.metrics}
        for name, group in groups.items()
    }
    numbers["calibration"] = asdict(summary.calibration) if summary.calibration else {}
    rows = [[name, *cells] for name, entries in numbers.items() for cells in list_numbers(entries)]
    return ["group", "metric", "value", "low", "high"], rows


def list_numbers(group: Mapping[str, Any]) -> Iterator[list[Any]]:
    """List name, value, low and high of each estimate and number of a group, leaving out everything else."""
    for name, entry in group.items():
        if isinstance(entry, Estimate):
            yield [name, entry.value, entry.low, entry.high]
        elif isinstance(entry, int | float) and not isinstance(entry, bool):
            yield [name, float(entry), None, None]
