"""The names under which W&B shows a run: the same for every run, and flat, so that its panels find them."""

from collections.abc import Mapping
from typing import Any, Final

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

HEADLINES: Final = tuple(
    f"{group}/{metric}"
    for group in ("unseen", "seen")
    for metric in ("accuracy", "real_accuracy", "fake_accuracy", "auroc", "average_precision")
)
"""Final numbers that are logged as curves of one point too: W&B draws a chart of them without being asked."""

LEARNING_CURVES: Final = ("train/loss", "val/loss", "train/accuracy", "val/accuracy", "val/auroc")
"""Of each epoch; against `epoch`."""

_ESTIMATE: Final = {"value", "low", "high"}


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


def flatten_summary(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a `summary.json` without its configuration, as `group/name`.

    An estimate becomes its value under the plain name, and its 95 % interval under `name_low` and `name_high`:
    `unseen/accuracy`, `unseen/accuracy_low`, `categories/sheep/auroc`.
    """
    # One key for each unusable image would crowd out the numbers.
    summary = {**summary, "skipped_images": len(summary.get("skipped_images") or ())}
    return _flatten({key: value for key, value in summary.items() if key != "config"})


def count_seen(summary: Mapping[str, Any]) -> int:
    """How many categories were trained on, for runs that asked for all there are."""
    return sum(group["seen"] for group in summary["categories"].values())


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if not isinstance(value, Mapping):
            flat[name] = value
        elif set(value) == _ESTIMATE:
            flat |= {name: value["value"], f"{name}_low": value["low"], f"{name}_high": value["high"]}
        else:
            flat |= _flatten(value, f"{name}/")
    return flat
