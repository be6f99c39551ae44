"""Name runs, configurations and settings, and find the options in which they differ, as the schema defines them.

A *run* is a configuration with a seed. A *configuration* is what runs that differ only by seed have in common. A
*setting* is what configurations that differ only by the number of categories have in common.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from fakeid.config.choices import AugmentName, ResidualName, SourceName
from fakeid.config.options import RESULTS, Affects, Option, list_options, write_value
from fakeid.config.parse import Config, to_plain
from fakeid.config.schema import EvaluationConfig
from fakeid.io import shorten_name

WITHIN_SETTING: Final = ("categories", "seed")
"""Options in which the runs of one setting differ: along its curve, and by chance."""

TRAINED_EVALUATION: Final = tuple(each.path for each in list_options(EvaluationConfig) if each.affects in RESULTS)
"""Options of the group `evaluation` that a training decides, because the checkpoint stores what they determine."""

_ABSENT: Final = object()


def fingerprint(config: Config, *affects: Affects, also: Mapping[str, Any] | None = None) -> str:
    """Hash the options of the given kinds; configurations that agree in all of them get the same fingerprint.

    An option marked `quiet` counts only if its value is not the default.

    Args:
        config: Checked options.
        affects: Keys of `fakeid.config.options.AFFECTS` that select the options.
        also: Further values to hash, by path.

    Returns:
        16 hexadecimal digits.
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
    """Name a run by its options, so that the same options find it again.

    The name consists of readable parts and the fingerprint of every option that can change the result. Paths, logger,
    device and workers do not enter, but the name of the data folder does. A name that is too long for the file system
    is shortened.
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
    """List the options that sweeps vary, in the order of the schema."""
    return tuple(each for each in list_options(Config) if each.axis)


def read_axes(config: Mapping[str, Any]) -> dict[str, Any]:
    """Read the value of each axis by its column; a run that is older than the axis gets the default.

    Args:
        config: Options as nested plain values.
    """
    values = flatten(config)
    return {each.column: values.get(each.path, _plain_default(each)) for each in list_axes()}


def name_setting(config: Mapping[str, Any]) -> str:
    """Name a setting by the axes that differ from their defaults, such as `color=hsv, dropout=0.2`.

    Two settings that differ only in options that are not axes have the same name; see `list_differences`.

    Args:
        config: Options as nested plain values.
    """
    axes, defaults = read_axes(config), read_axes({})
    return _label({name: axes[name] for name in axes if name not in WITHIN_SETTING and axes[name] != defaults[name]})


def list_differences(configs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """List the options in which settings differ, without those that another option implies.

    Args:
        configs: Options of each run as nested plain values, possibly of an earlier release.

    Returns:
        Values by path, one mapping per run; options that a run does not have are missing.
    """
    return tell_apart(
        [{path: value for path, value in flatten(config).items() if _is_setting(path)} for config in configs]
    )


def tell_apart(flat: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Reduce each mapping to the values in which they differ, without those that another option implies.

    Args:
        flat: Values by path, one mapping per run.
    """
    paths = list(dict.fromkeys(path for values in flat for path in values))
    differing = [path for path in paths if len({repr(values.get(path, _ABSENT)) for values in flat}) > 1]
    telling = [path for path in differing if not _is_implied(path, differing, flat)]
    return [{path: values[path] for path in telling if path in values} for values in flat]


def label_changes(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Label each run with the options in which settings differ, such as `residual=srm`; defaults are left out.

    Returns:
        One label per run; "all as by default" if nothing is left.
    """
    return [
        _label({path: value for path, value in values.items() if value != find_default(path)})
        for values in list_differences(configs)
    ]


def label_options(values: Mapping[str, Any]) -> str:
    """Format options as they are typed, such as `color=hsv, dropout=0.2`; empty if there are none."""
    return ", ".join(f"{path.removesuffix('.name')}={format_value(value)}" for path, value in values.items())


def format_value(value: Any) -> str:
    """Format the value of an option as it is typed, but a float without trailing zeros."""
    return f"{value:g}" if isinstance(value, float) else write_value(value)


def find_default(path: str) -> Any:
    """Return the default of an option as a plain value; None if there is no such option."""
    return next((_plain_default(each) for each in list_options(Config) if each.path == path), None)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested values to values by path: {"color": {"name": "hsv"}} becomes {"color.name": "hsv"}."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return found


def _counts(option: Option, values: Mapping[str, Any], affects: Sequence[Affects]) -> bool:
    return option.affects in affects and not (option.quiet and values[option.path] == _plain_default(option))


def _label(changes: Mapping[str, Any]) -> str:
    return label_options(changes) or "all as by default"


def _plain_default(option: Option) -> Any:
    return getattr(option.default, "name", option.default)  # for a choice, its name


def _is_setting(path: str) -> bool:
    """Tell whether an option is part of a setting. An option of another release counts as those of its group do."""
    affects = _list_affects(Config)
    own = affects.get(path)
    if own:
        return path not in WITHIN_SETTING and own in RESULTS
    group = [each for each in list_options(Config) if each.path.partition(".")[0] == path.partition(".")[0]]
    # Quiet options do not decide: `evaluation` has three of them, and otherwise changes no result.
    return not group or any(each.affects in RESULTS and not each.quiet for each in group)


@cache
def _list_affects(schema: Any) -> dict[str, Affects]:
    return {each.path: each.affects for each in list_options(schema)}


def _is_implied(path: str, differing: Sequence[str], flat: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the name of its group, the protocol or the network already determines an option."""
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
    """Tell whether an option follows the protocol, as `data.codec` and `trainer.precision` do unless they are set."""
    group, _, name = path.partition(".")
    return group in ("data", "trainer") and all(
        repr(values.get(path, _ABSENT)) == repr(values.get(f"protocol.{name}", _ABSENT)) for values in flat
    )


def _follows_model(path: str, flat: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether an option follows the network, as the loss does: the paper uses another for Xception than Pelee."""
    if not path.startswith("protocol.") or path == "protocol.name":
        return False
    named = {(repr(v.get("model.name")), repr(v.get("protocol.name")), repr(v.get(path, _ABSENT))) for v in flat}
    return len({(model, protocol) for model, protocol, _ in named}) == len(named)
