"""Settings of runs: the paper's table that each belongs to (Lee & Park 2021), and its name.

The paper's tables differ in model, color and dropout. Other options that differ between the runs of a folder form the
`variant` of a setting; those that limit what a training may spend, such as epochs, form its `budget`. If the resulting
names are too long for a table heading, all settings of the folder get short names.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from string import ascii_uppercase
from typing import Any, Final, TypeAlias, TypeVar

from fakeid.config.identity import find_default, flatten, label_options, list_differences
from fakeid.config.options import list_options
from fakeid.config.parse import Config

_PELEE: Final = "Pelee+HPF"
_XCEPTION: Final = "Xception"
_COLORS: Final = {"rgb": "RGB", "hsv": "HSV", "ycbcr": "YCbCr"}
_MODEL_NAMES: Final = {"pelee": "Pelee", "legacy_xception": _XCEPTION, "color_stats": "Color statistics (Li et al.)"}

_TABLES: Final = {
    (_PELEE, "rgb", 0.0): 1,
    (_PELEE, "hsv", 0.0): 2,
    (_PELEE, "ycbcr", 0.0): 3,
    (_PELEE, "rgb", 0.2): 4,
    (_PELEE, "rgb", 0.5): 5,
    (_PELEE, "hsv", 0.2): 6,
    (_XCEPTION, "rgb", 0.0): 7,
}

TABLES: Final = {
    number: f"{model}, {_COLORS[color]}, dropout {dropout:g}" for (model, color, dropout), number in _TABLES.items()
}
"""Setting of each of the paper's tables."""

FIGURES: Final[Mapping[int, tuple[int, ...]]] = {1: (1,), 2: (1, 2, 3), 3: (1, 4, 5), 4: (1, 6, 7)}
"""Tables that each of the paper's figures shows."""

_AXES: Final = ("model.name", "residual.name", "color.name", "dropout")
"""Options for which `Setting` has fields."""
_BUDGET: Final = tuple(option.path for option in list_options(Config) if option.budget)
"""Options that limit what a training may spend. Trainings with different budgets are not ranked against each other."""

_LONGEST_NAME: Final = 48  # characters; if any name is longer, all settings of a folder get short names
_LONGEST_BUDGET: Final = 24

_Options: TypeAlias = dict[str, Any]
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class ShortName:
    """The short name of a setting, used if full names would be too long.

    Attributes:
        lead: Those of model, color and dropout that differ between settings; may be empty.
        variant: Short form of `Setting.variant`: without the options that most runs share, or a letter.
        budget: Short form of `Setting.budget`.
        shared: Those of model, color and dropout that all settings share and that `lead` omits.
        left_out: Options and values that `variant` omits because most settings share them.
    """

    lead: str
    variant: str
    budget: str
    shared: str = ""
    left_out: str = ""


@dataclass(frozen=True)
class Setting:
    """The options shared by runs that differ only in seed and number of categories.

    Attributes:
        model: Model as written in the paper, such as `Pelee+HPF`.
        color: Color space as typed: `rgb`, `hsv` or `ycbcr`.
        dropout: Dropout rate in [0, 1).
        variant: Other options that distinguish runs of the folder with the same budget, such as `protocol=corrected`;
            empty if there are none.
        budget: Options that distinguish the runs from those with another budget, such as `optim.epochs=5`; empty if
            there are none.
        short: Short name, if the full name of any setting of the folder would be too long.
    """

    model: str
    color: str
    dropout: float
    variant: str = ""
    budget: str = ""
    short: ShortName | None = field(default=None, compare=False)

    @property
    def table(self) -> int | None:
        """Return the number of the paper's table, or None if the paper has none."""
        return _TABLES.get((self.model, self.color, self.dropout))

    @property
    def parts(self) -> tuple[str, str, str]:
        """Name model, color and dropout in readable form."""
        return self.model, _COLORS.get(self.color, self.color), f"dropout {self.dropout:g}"

    @property
    def bare_name(self) -> str:
        """Name the setting without variant and budget."""
        return ", ".join(self.parts)

    @property
    def tag(self) -> str:
        """Return variant and budget as in the name; empty if only model, color and dropout differ."""
        return _join(self.short.variant, self.short.budget) if self.short else _join(self.variant, self.budget)

    @property
    def name(self) -> str:
        """Name the setting, such as `Pelee+HPF, HSV, dropout 0.2`; `explain_short_names` explains short names."""
        return _join(self.short.lead if self.short else self.bare_name, self.tag) or self.bare_name

    @property
    def full_name(self) -> str:
        """Name the setting with every option that distinguishes it."""
        return _join(self.bare_name, self.variant, self.budget)

    @property
    def budget_line(self) -> str:
        """Return the line above the settings of a budget; empty if all have the same budget."""
        if not self.budget:
            return ""
        named = self.short.budget if self.short and self.short.budget != self.budget else "budget"
        return f"{named.capitalize()}: {self.budget}"


def identify_settings(configs: Sequence[Mapping[str, Any]]) -> list[Setting]:
    """Find the setting of each run, with short names if any name would be too long for a heading.

    Args:
        configs: All options of each run as nested plain values.

    Returns:
        The setting of each run, in the same order.
    """
    if not configs:
        return []
    variants, budgets = _find_distinguishing_options(configs)
    settings = [
        replace(_read_axes(config), variant=label_options(variant), budget=label_options(budget))
        for config, variant, budget in zip(configs, variants, budgets, strict=True)
    ]
    distinguished = any(setting.variant or setting.budget for setting in settings)
    return _shorten_names(settings, variants) if distinguished else settings


def order_settings(settings: Iterable[Setting]) -> list[Setting]:
    """Sort the distinct settings by budget, by variant, with the paper's tables first, and then by name."""
    colors = list(_COLORS)

    def rank(setting: Setting) -> tuple[object, ...]:
        color = colors.index(setting.color) if setting.color in colors else len(colors)
        table = setting.table or len(_TABLES) + 1
        return setting.budget, setting.variant, table, setting.model, color, setting.color, setting.dropout

    return sorted(set(settings), key=rank)


def split_by_budget(items: Iterable[_Item], find_setting: Callable[[_Item], Setting]) -> list[tuple[str, list[_Item]]]:
    """Group items by budget, each group with a line that names the budget; the line is empty if all have the same."""
    groups: dict[str, list[_Item]] = {}
    for item in items:
        groups.setdefault(find_setting(item).budget_line, []).append(item)
    return list(groups.items())


def explain_short_names(settings: Iterable[Setting]) -> tuple[list[str], list[tuple[str, str]]]:
    """Explain short names by sentences, and by pairs of a name and its options; both are empty without short names."""
    named = {setting.short: setting for setting in settings if setting.short}
    shared, left_out = (dict.fromkeys(text for text in column if text) for column in (
        (short.shared for short in named), (short.left_out for short in named),
    ))  # fmt: skip
    sentences = [f"All settings: {text}." for text in shared]
    sentences += [f"Names omit what most runs share: {text}." for text in left_out]
    pairs = {
        (alias, options)
        for short, setting in named.items()
        for alias, options in ((short.variant, setting.variant), (short.budget, setting.budget))
        if alias != options and not (short.left_out and options == setting.variant)
    }
    return sentences, sorted(pairs, key=lambda pair: (len(pair[0]), pair))


def _read_axes(config: Mapping[str, Any]) -> Setting:
    model = _MODEL_NAMES.get(config["model"]["name"], config["model"]["name"])
    residual = config["residual"]["name"]
    if residual != "none":
        model += f"+{residual.upper()}"
    return Setting(model, config["color"]["name"], float(config["dropout"]))


def _find_distinguishing_options(configs: Sequence[Mapping[str, Any]]) -> tuple[list[_Options], list[_Options]]:
    """Find the options that distinguish each run within its budget, and those that distinguish its budget."""
    flat = [flatten(config) for config in configs]
    keys = [tuple(repr(values.get(name)) for name in _BUDGET) for values in flat]
    variants: list[_Options] = [{} for _ in configs]
    budgets: list[_Options] = [{} for _ in configs]
    everything = list_differences(configs)
    spent = [name for place, name in enumerate(_BUDGET) if len({key[place] for key in keys}) > 1]
    for key in dict.fromkeys(keys):
        places = [place for place, other in enumerate(keys) if other == key]
        inside = list_differences([configs[place] for place in places])
        differing = {name for values in inside for name in values}.union(_AXES)
        for place, values in zip(places, inside, strict=True):
            variants[place] = {name: value for name, value in values.items() if name not in _AXES}
            shared = {name: value for name, value in everything[place].items() if name not in differing}
            if spent:
                budgets[place] = {name: flat[place].get(name) for name in spent} | shared
    return variants, budgets


def _shorten_names(settings: Sequence[Setting], variants: Sequence[_Options]) -> list[Setting]:
    """Give all settings the longest short names that fit, or none if their full names fit."""
    full = [setting.variant for setting in settings]
    budgets = _number_budgets([setting.budget for setting in settings])
    if budgets == [setting.budget for setting in settings] and _fit([s.bare_name for s in settings], full, budgets):
        return list(settings)
    leads, shared = _leave_out_shared(settings)  # shared parts are stated once, which saves space
    brief, common = _leave_out_common(variants)
    left_out = ""
    if _fit(leads, full, budgets):
        short = full
    elif _fit(leads, brief, budgets) and len(set(zip(full, brief, strict=True))) == len(set(brief)):
        short, left_out = brief, common
    else:
        short = _letter_variants(full)
    return [
        replace(setting, short=ShortName(lead, variant, budget, shared, left_out))
        for setting, lead, variant, budget in zip(settings, leads, short, budgets, strict=True)
    ]


def _fit(*parts: Sequence[str]) -> bool:
    return all(len(_join(*name)) <= _LONGEST_NAME for name in zip(*parts, strict=True))


def _leave_out_shared(settings: Sequence[Setting]) -> tuple[list[str], str]:
    """Split model, color and dropout into the parts that differ, for each setting, and those that all share."""
    parts = [setting.parts for setting in settings]
    shared = [len(set(column)) == 1 for column in zip(*parts, strict=True)]
    leads = [", ".join(part for part, same in zip(own, shared, strict=True) if not same) for own in parts]
    return leads, ", ".join(part for part, same in zip(parts[0], shared, strict=True) if same)


def _leave_out_common(variants: Sequence[_Options]) -> tuple[list[str], str]:
    """Shorten each variant by the most frequent values (on ties, the default), and also return these values."""
    common = {}
    for name in dict.fromkeys(name for values in variants for name in values):
        found = [values[name] for values in variants if name in values]
        counts, default = Counter(map(repr, found)), repr(find_default(name))
        common[name] = max(found, key=lambda value: (counts[repr(value)], repr(value) == default))
    brief = [{name: value for name, value in values.items() if value != common[name]} for values in variants]
    return [label_options(values) for values in brief], label_options(common)


def _number_budgets(budgets: Sequence[str]) -> list[str]:
    if max(map(len, budgets)) <= _LONGEST_BUDGET:
        return list(budgets)
    order = sorted(set(budgets))
    return [f"budget {order.index(budget) + 1}" if budget else "" for budget in budgets]


def _letter_variants(variants: Sequence[str]) -> list[str]:
    """Name variants A, B, …, Z, AA, AB, … in alphabetical order; an empty variant stays empty."""
    order = sorted({variant for variant in variants if variant})
    letters = {variant: _count_in_letters(number) for number, variant in enumerate(order)}
    return [letters.get(variant, "") for variant in variants]


def _count_in_letters(number: int) -> str:
    more, last = divmod(number, len(ascii_uppercase))
    return (_count_in_letters(more - 1) if more else "") + ascii_uppercase[last]


def _join(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
