"""The names under which W&B shows a training: the same for every run, and flat, so that its panels find them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fakeid.evaluation.results import Estimate

_ALWAYS: Final = ("model", "residual", "color", "dropout", "categories", "protocol", "seed")

_LATER: Final = {
    "augment": ("augment", "name", "none"),
    "ema": ("optim", "ema", 0.0),
    "views": ("protocol", "views", "full"),
}
"""Axes that older runs do not have: where they stand, and what those runs did."""

AXES: Final = (*_ALWAYS, *_LATER)
"""Options that a sweep varies, at the top level of a run's configuration there."""

SETTING: Final = "setting"
"""All axes but categories and seed in one word, to group by."""

_POOLS: Final = ("seen", "unseen")
_MEASURED: Final = ("accuracy", "real_accuracy", "fake_accuracy", "auroc", "average_precision")
_POOL_NUMBERS: Final = (
    *("accuracy", "accuracy_low", "accuracy_high", "real_accuracy", "fake_accuracy"),
    *("auroc", "auroc_low", "auroc_high", "average_precision", "false_positive_rate"),
)

_COPIED: Final = ("seconds", "images_per_second", "epoch_chosen")
"""Single values of a `summary.json` that W&B shows under the same name."""

TRAINING_SUMMARY: Final = (
    *(f"{pool}/{name}" for pool in _POOLS for name in _POOL_NUMBERS),
    *("verdict", "threshold/logit", "epochs", "skipped_images", *_COPIED),
)
"""What the list of runs shows of a training, beside its curves; all other numbers are rows of the table `ALL`."""

ALL: Final = "test/all"
"""The table of every number of the test: group, metric, value, low, high."""

HEADLINES: Final = tuple(f"{pool}/{metric}" for pool in reversed(_POOLS) for metric in _MEASURED)
"""Final numbers that are logged as curves of one point too: W&B draws a chart of them without being asked."""

LEARNING_CURVES: Final = ("train/loss", "val/loss", "train/accuracy", "val/accuracy", "val/auroc")
"""Of each epoch; against `EPOCH`."""

EPOCH: Final = "epoch"

CURVES: Final = {
    "train/*": "none", "val/*": "none", "train/loss": "last", "val/loss": "min", "val/accuracy": "max",
    "val/auroc": "max",
}  # fmt: skip
"""Everything that is logged of each epoch, and which of its values the list of runs shows."""

_PROVENANCE: Final = (
    *("run", "data", "audit", "versions", "git_commit", "machine", "threads", "processes", "precision"),
    *("scoring_precision", "sizes", "parameters", "held_out", "threshold"),
)
_ESTIMATE: Final = {"value", "low", "high"}

Rows = tuple[list[str], list[list[Any]]]
"""Columns, and rows of as many cells."""


def make_key(*parts: str) -> str:
    """A name that W&B can query: parts joined by slashes, what is no ASCII letter or digit replaced by underscores.

    Such as `tables/evaluation_auroc`.
    """
    return "/".join(re.sub(r"\W+", "_", part, flags=re.ASCII).strip("_") or "_" for part in parts)


def spread(name: str, estimate: Mapping[str, float | None] | Estimate | None) -> dict[str, float | None]:
    """An estimate as three numbers: its value under the plain name, its 95 % interval as `name_low` and `name_high`."""
    known = Estimate.from_plain(estimate)
    return {name: known.value, f"{name}_low": known.low, f"{name}_high": known.high}


def find_false_positives(metrics: Mapping[str, Any]) -> float | None:
    """Share of the reals called fake at the threshold for few false positives; None where none was chosen.

    Args:
        metrics: Estimates of a group by name.
    """
    right = (metrics.get("real_accuracy_at_chosen") or {}).get("value")
    return None if right is None else 1 - right


def describe_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Axes at the top level and everything below `options`.

    Args:
        config: Nested plain values, as `fakeid.config.to_plain` gives them.
    """
    named = ("model", "residual", "color", "protocol")
    axes = {axis: config[axis]["name"] if axis in named else config[axis] for axis in _ALWAYS}
    axes |= {axis: config.get(group, {}).get(option, default) for axis, (group, option, default) in _LATER.items()}
    model = axes["model"] if axes["residual"] == "none" else f"{axes['model']}+{axes['residual']}"
    setting = f"{model}, {axes['color']}, dropout {axes['dropout']:g}, {axes['protocol']}"
    setting += "".join(f", {axis} {axes[axis]}" for axis, (*_, default) in _LATER.items() if axes[axis] != default)
    return {**axes, SETTING: setting, "options": dict(config)}


def describe_provenance(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What a run's configuration holds besides its options, once it is over: on which images, by what, on what."""
    found = {name: summary[name] for name in _PROVENANCE if summary.get(name) is not None}
    if "versions" in found:
        found["versions"] = {make_key(package): version for package, version in found["versions"].items()}
    return found


def sum_up_training(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `TRAINING_SUMMARY` that are known.

    Args:
        summary: Content of a `summary.json`.
    """
    found: dict[str, Any] = {name: summary.get(name) for name in _COPIED}
    for pool in _POOLS:
        group = summary.get(pool) or {}
        for metric in _MEASURED:
            found |= spread(f"{pool}/{metric}", group.get(metric))
        found[f"{pool}/false_positive_rate"] = find_false_positives(group)
    found["verdict"] = (summary.get("verdict") or {}).get("word")
    found["threshold/logit"] = (summary.get("threshold") or {}).get("logit")
    found["epochs"] = (summary["config"].get("optim") or {}).get("epochs")
    found["skipped_images"] = len(summary.get("skipped_images") or ())
    return {name: found[name] for name in TRAINING_SUMMARY if found[name] is not None}


def tabulate_summary(summary: Mapping[str, Any]) -> Rows:
    """Every number of a `summary.json`: of each group, and of the calibration."""
    groups = {f"{pool} content": summary[pool] for pool in _POOLS if summary.get(pool)}
    groups |= summary["categories"]
    groups |= {"calibration": summary.get("calibration") or {}}
    rows = [[name, *cells] for name, group in groups.items() for cells in list_numbers(group)]
    return ["group", "metric", "value", "low", "high"], rows


def list_numbers(group: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Name, value, low and high of each estimate and each number of a group; all else is left out."""
    for name, entry in group.items():
        if isinstance(entry, Mapping) and set(entry) == _ESTIMATE:
            yield [name, entry["value"], entry["low"], entry["high"]]
        elif isinstance(entry, int | float) and not isinstance(entry, bool):
            yield [name, float(entry), None, None]


def count_seen(summary: Mapping[str, Any]) -> int:
    """How many categories were trained on, for runs that asked for all there are."""
    return sum(group["seen"] for group in summary["categories"].values())
