"""What tells runs apart, in a few words."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from fakeid.config import Config, to_plain

_NOT_SETTINGS: Final = frozenset({
    "categories", "seed", "force", "paths", "logger", "sweep", "evaluation",
    "trainer.accelerator", "trainer.channels_last", "trainer.compile", "trainer.num_workers", "trainer.threads",
    "trainer.keep_memory",
    "data.real", "data.fake", "data.device_cache", "data.audit_per_class",
})  # fmt: skip
"""The axes of the curve, and options that do not change what is measured."""

_ABSENT: Final = object()


def label_settings(configs: Sequence[Mapping[str, Any]], without: Sequence[str] = ()) -> list[str]:
    """A label for each run, made of the options that differ between the runs.

    An option that is implied by its group's name (`protocol.loss` by `protocol.name`) is left out, and `.name` with it:
    `color=hsv, dropout=0.2`.

    Args:
        configs: Nested plain values, one a run.
        without: Options that are told elsewhere, by their dotted names.

    Returns:
        One label for each; "all runs" when nothing differs.
    """
    told = tell_apart(configs)
    told = [{name: value for name, value in values.items() if name not in without} for values in told]
    return [label_options(values) or "all runs" for values in told]


def tell_apart(configs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The options in which the runs differ, by their dotted names, but for those that another implies.

    Args:
        configs: Nested plain values, one a run.

    Returns:
        Name → value, one a run; an option that a run does not have is missing.
    """
    flat = [dict(_flatten(config)) for config in configs]
    keys = list(dict.fromkeys(key for values in flat for key in values))
    differing = [key for key in keys if len({repr(values.get(key, _ABSENT)) for values in flat}) > 1]
    telling = [key for key in differing if not _is_implied(key, differing, flat)]
    return [{key: values[key] for key in telling if key in values} for values in flat]


def label_changes(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    """The same labels without the values that are fakeid's defaults: `residual=srm`.

    Args:
        configs: Nested plain values, one a run.

    Returns:
        One label for each; "all as by default" where nothing is left.
    """
    changes = [
        {name: value for name, value in values.items() if value != find_default(name)} for values in tell_apart(configs)
    ]
    return [label_options(values) or "all as by default" for values in changes]


def label_options(values: Mapping[str, Any]) -> str:
    """Options by their dotted names as they are typed: `color=hsv, dropout=0.2`; empty where there are none."""
    parts = []
    for key, value in values.items():
        text = f"{value:g}" if isinstance(value, float) else str(value)
        parts.append(f"{key.removesuffix('.name')}={text}")
    return ", ".join(parts)


def find_default(option: str) -> Any:
    """The value of an option that nobody sets, by its dotted name; None where there is no such option."""
    value: Any = _list_defaults()
    for part in option.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


@cache
def _list_defaults() -> Mapping[str, Any]:
    return to_plain(Config())


def _flatten(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Nested values as ("group.option", value), without those that are no settings."""
    pairs: list[tuple[str, Any]] = []
    for key, value in values.items():
        if f"{prefix}{key}" in _NOT_SETTINGS:
            continue
        pairs += _flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [(f"{prefix}{key}", value)]
    return pairs


def _is_implied(key: str, differing: Sequence[str], flat: Sequence[Mapping[str, Any]]) -> bool:
    if _follows_protocol(key, flat) or _follows_model(key, flat):
        return True
    parts = key.split(".")
    name_keys = {".".join((*parts[:depth], "name")) for depth in range(1, len(parts))} & set(differing) - {key}
    for name_key in name_keys:
        pairs = {(repr(values.get(name_key)), repr(values.get(key, _ABSENT))) for values in flat}
        if len(pairs) == len({name for name, _ in pairs}):
            return True
    return False


def _follows_protocol(key: str, flat: Sequence[Mapping[str, Any]]) -> bool:
    """As `data.codec` and `trainer.precision` do those of the protocol, unless they are set."""
    group, _, option = key.partition(".")
    return group in ("data", "trainer") and all(
        repr(values.get(key, _ABSENT)) == repr(values.get(f"protocol.{option}", _ABSENT)) for values in flat
    )


def _follows_model(key: str, flat: Sequence[Mapping[str, Any]]) -> bool:
    """As the loss does: the paper's protocol has one for Pelee and another for Xception."""
    if not key.startswith("protocol.") or key == "protocol.name":
        return False
    named = {(repr(v.get("model.name")), repr(v.get("protocol.name")), repr(v.get(key, _ABSENT))) for v in flat}
    return len({(model, protocol) for model, protocol, _ in named}) == len(named)
