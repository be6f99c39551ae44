"""What a configuration is called, and what tells several apart; all of it follows from the schema.

Three things have names: a *run* is a configuration and a seed, a *configuration* is what runs that differ by seed alone
have in common, and a *setting* is what configurations that differ by the number of categories alone have in common.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from fakeid.config.choices import AugmentName, ResidualName, SourceName
from fakeid.config.options import RESULTS, Affects, Option, list_options
from fakeid.config.parse import Config, to_plain
from fakeid.io import shorten_name

WITHIN_SETTING: Final = ("categories", "seed")
"""The options in which the runs of one setting differ: along its curve, and by chance."""

_ABSENT: Final = object()


def fingerprint(config: Config, *affects: Affects, also: Mapping[str, Any] | None = None) -> str:
    """Compute 16 hexadecimal digits that two configurations share if they agree in all that affects one of these.

    An option that is marked `quiet` counts only where it is not as by default.

    Args:
        config: Checked options.
        affects: Keys of `fakeid.config.options.AFFECTS`.
        also: What else they must agree in, by path.
    """
    values, meaning = flatten(to_plain(config)), dict[str, Any]()
    chosen = {each.path: values[each.path] for each in list_options(type(config)) if _counts(each, values, affects)}
    for path, value in {**chosen, **(also or {})}.items():
        *groups, name = path.split(".")
        place = meaning
        for group in groups:
            place = place.setdefault(group, {})
        place[name] = value
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:16]


def name_run(config: Config) -> str:
    """Name a run by what it means, so that asking for it again finds it.

    Readable parts, then the fingerprint of every option that can change the result. Where things are read and written,
    the logger, the device and its workers do not enter; the name of the data folder does. A name that would be too
    long for the file system is cut.
    """
    in_folder = config.data.source is SourceName.folders and config.paths.data is not None
    data_name = Path(os.path.realpath(config.paths.data or "")).name if in_folder else ""
    parts = [
        data_name or config.data.source.value,
        config.model.name.split("/")[-1],
        *([] if config.residual.name is ResidualName.none else [config.residual.name.value]),
        config.color.name.value,
        *([] if config.augment.name is AugmentName.none else [config.augment.name.value]),
        f"k{'all' if config.categories is None else config.categories}",
        f"d{config.dropout:g}",
        config.protocol.name,
        f"s{config.seed}",
        fingerprint(config, *RESULTS, also={"data.folder": data_name})[:8],
    ]
    return shorten_name("-".join(parts))


def list_axes() -> tuple[Option, ...]:
    """List the options that sweeps vary."""
    return tuple(each for each in list_options(Config) if each.axis)


def read_axes(config: Mapping[str, Any]) -> dict[str, Any]:
    """Read the value of each axis by its column; the default where a run is older than the axis.

    Args:
        config: Nested plain values.
    """
    values = flatten(config)
    return {each.column: values.get(each.path, _plain_default(each)) for each in list_axes()}


def name_setting(config: Mapping[str, Any]) -> str:
    """Name a setting by the axes that are not as by default: `color=hsv, dropout=0.2`.

    Two settings that differ in another option than an axis have the same name; see `list_differences`.

    Args:
        config: Nested plain values.
    """
    axes, defaults = read_axes(config), read_axes({})
    return _label({name: axes[name] for name in axes if name not in WITHIN_SETTING and axes[name] != defaults[name]})


def list_differences(configs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """List the options in which settings differ, but for those that another implies.

    Args:
        configs: Nested plain values, one a run; of an earlier release too.

    Returns:
        Path → value, one a run; an option that a run does not have is missing.
    """
    return tell_apart(
        [{path: value for path, value in flatten(config).items() if _is_setting(path)} for config in configs]
    )


def tell_apart(flat: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Reduce each to the values in which they differ, but for those that another implies.

    Args:
        flat: Path → value.
    """
    paths = list(dict.fromkeys(path for values in flat for path in values))
    differing = [path for path in paths if len({repr(values.get(path, _ABSENT)) for values in flat}) > 1]
    telling = [path for path in differing if not _is_implied(path, differing, flat)]
    return [{path: values[path] for path in telling if path in values} for values in flat]


def label_changes(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Label each run with the options in which settings differ, without fakeid's defaults: `residual=srm`.

    Returns:
        One label a run; "all as by default" where nothing is left.
    """
    return [
        _label({path: value for path, value in values.items() if value != find_default(path)})
        for values in list_differences(configs)
    ]


def label_options(values: Mapping[str, Any]) -> str:
    """Write options as they are typed: `color=hsv, dropout=0.2`; empty where there are none."""
    return ", ".join(f"{path.removesuffix('.name')}={format_value(value)}" for path, value in values.items())


def format_value(value: Any) -> str:
    """Write the value of an option, a number in as few digits as it has."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def find_default(path: str) -> Any:
    """Find the plain value of an option that nobody sets; None where there is no such option."""
    return next((_plain_default(each) for each in list_options(Config) if each.path == path), None)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turn nested values into values by path: {"color": {"name": "hsv"}} into {"color.name": "hsv"}."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return found


def _counts(option: Option, values: Mapping[str, Any], affects: Sequence[Affects]) -> bool:
    return option.affects in affects and not (option.quiet and values[option.path] == _plain_default(option))


def _label(changes: Mapping[str, Any]) -> str:
    return label_options(changes) or "all as by default"


def _plain_default(option: Option) -> Any:
    return getattr(option.default, "name", option.default)  # of a choice its name


def _is_setting(path: str) -> bool:
    """Tell whether a setting is told by it. An option of another release counts as those of its group do."""
    affects = _list_affects(Config)
    own = affects.get(path)
    if own:
        return path not in WITHIN_SETTING and own in RESULTS
    group = [each for each in list_options(Config) if each.path.partition(".")[0] == path.partition(".")[0]]
    # One that was added is an exception: `evaluation.calibrated_under` is in a group that changes no result otherwise.
    return not group or any(each.affects in RESULTS and not each.quiet for each in group)


@cache
def _list_affects(schema: Any) -> dict[str, Affects]:
    return {each.path: each.affects for each in list_options(schema)}


def _is_implied(path: str, differing: Sequence[str], flat: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the name of its group, the protocol or the network says it already."""
    if _follows_protocol(path, flat) or _follows_model(path, flat):
        return True
    parts = path.split(".")
    names = {".".join((*parts[:depth], "name")) for depth in range(1, len(parts))} & set(differing) - {path}
    for name in names:
        pairs = {(repr(values.get(name)), repr(values.get(path, _ABSENT))) for values in flat}
        if len(pairs) == len({said for said, _ in pairs}):
            return True
    return False


def _follows_protocol(path: str, flat: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether it follows the protocol, as `data.codec` and `trainer.precision` do unless they are set."""
    group, _, name = path.partition(".")
    return group in ("data", "trainer") and all(
        repr(values.get(path, _ABSENT)) == repr(values.get(f"protocol.{name}", _ABSENT)) for values in flat
    )


def _follows_model(path: str, flat: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether it follows the network, as the loss does: the paper has one for Pelee and another for Xception."""
    if not path.startswith("protocol.") or path == "protocol.name":
        return False
    named = {(repr(v.get("model.name")), repr(v.get("protocol.name")), repr(v.get(path, _ABSENT))) for v in flat}
    return len({(model, protocol) for model, protocol, _ in named}) == len(named)
