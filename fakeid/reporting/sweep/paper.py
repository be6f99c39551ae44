"""Which setting is which table and figure of the paper (Lee & Park 2021)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from fakeid.reporting.sweep.setting_names import name_options

_PELEE: Final = "Pelee+HPF"
_XCEPTION: Final = "Xception"

_COLORS: Final = {"rgb": "RGB", "hsv": "HSV", "ycbcr": "YCbCr"}

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
"""What each of the paper's tables holds."""

FIGURES: Final[Mapping[int, tuple[int, ...]]] = {1: (1,), 2: (1, 2, 3), 3: (1, 4, 5), 4: (1, 6, 7)}
"""The tables that each figure draws."""

_MODEL_NAMES: Final = {"pelee": "Pelee", "legacy_xception": _XCEPTION, "color_stats": "Color statistics (Li et al.)"}
_AXES: Final = ("model.name", "residual.name", "color.name", "dropout")
"""What the paper's tables differ in, and what `Setting` therefore has fields for."""


@dataclass(frozen=True)
class ShortName:
    """How a setting is called where full names would be too long.

    Attributes:
        lead: Model, color and dropout, as far as they differ between the settings; may be empty.
        variant: Short for `Setting.variant`.
        budget: Short for `Setting.budget`.
        shared: What of model, color and dropout all settings have, and the lead therefore leaves out.
        left_out: Options and values that the variant leaves out, for most settings have them.
    """

    lead: str
    variant: str
    budget: str
    shared: str = ""
    left_out: str = ""


@dataclass(frozen=True)
class Setting:
    """What two runs have in common that differ in seed and number of categories only.

    Attributes:
        model: As the paper writes it, such as `Pelee+HPF`.
        color: As it is typed: `rgb`, `hsv`, `ycbcr`.
        dropout: In [0, 1).
        variant: Whatever else tells the runs of the folder apart that have the same budget, such as
            `protocol=corrected`; empty if nothing does.
        budget: What sets these apart from runs of another budget, such as `optim.epochs=5`; empty if nothing does.
        short: Its name where the full one, or that of another setting of the folder, would be too long.
    """

    model: str
    color: str
    dropout: float
    variant: str = ""
    budget: str = ""
    short: ShortName | None = field(default=None, compare=False)

    @property
    def table(self) -> int | None:
        """Number of the paper's table, None where it has none."""
        return _TABLES.get((self.model, self.color, self.dropout))

    @property
    def short_name(self) -> str:
        """Without variant and budget."""
        return ", ".join(self.parts)

    @property
    def parts(self) -> tuple[str, str, str]:
        """Model, color and dropout for people."""
        return self.model, _COLORS.get(self.color, self.color), f"dropout {self.dropout:g}"

    @property
    def name(self) -> str:
        """For people, such as `Pelee+HPF, HSV, dropout 0.2`; what it is short for is told by `describe_names`."""
        lead = self.short.lead if self.short else self.short_name
        return _join(lead, self.tag) or self.short_name

    @property
    def full_name(self) -> str:
        """With every option that tells it apart."""
        return _join(self.short_name, self.variant, self.budget)

    @property
    def tag(self) -> str:
        """Variant and budget as the name has them; empty if nothing beside model, color and dropout differs."""
        return _join(self.short.variant, self.short.budget) if self.short else _join(self.variant, self.budget)

    @property
    def budget_line(self) -> str:
        """What stands above the settings of a budget; empty if all have the same."""
        if not self.budget:
            return ""
        named = self.short.budget if self.short and self.short.budget != self.budget else "budget"
        return f"{named.capitalize()}: {self.budget}"

    @property
    def axes(self) -> dict[str, object]:
        """By name, what can differ."""
        return {
            "model": self.model, "color": self.color, "dropout": self.dropout, "variant": self.variant,
            "budget": self.budget,
        }  # fmt: skip


def identify_settings(configs: Sequence[Mapping[str, Any]]) -> list[Setting]:
    """Find the setting of each run.

    Args:
        configs: Nested plain values, one a run.
    """
    if not configs:
        return []
    plain = [_identify(config) for config in configs]
    leads, shared = _leave_out_shared(plain)
    named = name_options(configs, [each.short_name for each in plain], _AXES)
    if short := any(names.is_short for names in named):
        named = name_options(configs, leads, _AXES)  # what all have is told once, and leaves room
    return [
        replace(
            each, variant=names.variant, budget=names.budget,
            short=ShortName(lead, names.short_variant, names.short_budget, shared, names.left_out) if short else None,
        )
        for each, lead, names in zip(plain, leads, named, strict=True)
    ]  # fmt: skip


def order_settings(settings: Sequence[Setting]) -> list[Setting]:
    """Order settings, each once: budget by budget, variant by variant, the paper's tables first, and then by name."""
    colors = list(_COLORS)

    def rank(setting: Setting) -> tuple[object, ...]:
        color = colors.index(setting.color) if setting.color in colors else len(colors)
        return (
            setting.budget,
            setting.variant,
            setting.table or 99,
            setting.model,
            color,
            setting.color,
            setting.dropout,
        )

    return sorted(set(settings), key=rank)


def describe_names(settings: Sequence[Setting]) -> tuple[list[str], list[tuple[str, str]]]:
    """Explain short names by sentences, and by pairs of a name and its options; both empty where none is short."""
    named = {setting.short: setting for setting in settings if setting.short}
    sentences = [f"All settings: {text}." for text in dict.fromkeys(short.shared for short in named) if text]
    sentences += [
        f"Names leave out what most runs have: {text}."
        for text in dict.fromkeys(short.left_out for short in named)
        if text
    ]
    pairs = [
        (alias, options)
        for short, setting in named.items()
        for alias, options in ((short.variant, setting.variant), (short.budget, setting.budget))
        if alias != options and not (short.left_out and options == setting.variant)
    ]
    return sentences, sorted(set(pairs), key=lambda pair: (len(pair[0]), pair))


def _leave_out_shared(settings: Sequence[Setting]) -> tuple[list[str], str]:
    """What differs of model, color and dropout, one a run; and what all have."""
    parts = [setting.parts for setting in settings]
    shared = [len(set(column)) == 1 for column in zip(*parts, strict=True)]
    leads = [", ".join(part for part, same in zip(own, shared, strict=True) if not same) for own in parts]
    return leads, ", ".join(part for part, same in zip(parts[0], shared, strict=True) if same)


def _join(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _identify(config: Mapping[str, Any]) -> Setting:
    model = _MODEL_NAMES.get(config["model"]["name"], config["model"]["name"])
    residual = config["residual"]["name"]
    if residual != "none":
        model += f"+{residual.upper()}"
    return Setting(model, config["color"]["name"], float(config["dropout"]))
