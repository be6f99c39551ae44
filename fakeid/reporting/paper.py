"""Which setting is which table and figure of the paper (Lee & Park 2021)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fakeid.reporting.settings import label_settings

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


@dataclass(frozen=True)
class Setting:
    """What two runs have in common that differ in seed and number of categories only.

    Attributes:
        model: As the paper writes it, such as `Pelee+HPF`.
        color: As it is typed: `rgb`, `hsv`, `ycbcr`.
        dropout: In [0, 1).
        variant: Whatever else tells the runs of the folder apart, such as `protocol=corrected`; empty if nothing does.
    """

    model: str
    color: str
    dropout: float
    variant: str = ""

    @property
    def table(self) -> int | None:
        """Number of the paper's table, None where it has none."""
        return _TABLES.get((self.model, self.color, self.dropout))

    @property
    def short_name(self) -> str:
        """Without the variant."""
        return f"{self.model}, {_COLORS.get(self.color, self.color)}, dropout {self.dropout:g}"

    @property
    def name(self) -> str:
        """For people, such as `Pelee+HPF, HSV, dropout 0.2`."""
        return self.short_name + (f"; {self.variant}" if self.variant else "")

    @property
    def axes(self) -> dict[str, object]:
        """By name, what can differ."""
        return {"model": self.model, "color": self.color, "dropout": self.dropout, "variant": self.variant}


def identify_settings(configs: Sequence[Mapping[str, Any]]) -> list[Setting]:
    """The setting of each run.

    Args:
        configs: Nested plain values, one a run.
    """
    variants = label_settings(configs, without=_AXES)
    return [_identify(config, variant) for config, variant in zip(configs, variants, strict=True)]


def order_settings(settings: Sequence[Setting]) -> list[Setting]:
    """Each once: variant by variant, the paper's tables first, and then by name."""
    colors = list(_COLORS)

    def rank(setting: Setting) -> tuple[object, ...]:
        color = colors.index(setting.color) if setting.color in colors else len(colors)
        return setting.variant, setting.table or 99, setting.model, color, setting.color, setting.dropout

    return sorted(set(settings), key=rank)


def _identify(config: Mapping[str, Any], variant: str) -> Setting:
    model = _MODEL_NAMES.get(config["model"]["name"], config["model"]["name"])
    residual = config["residual"]["name"]
    if residual != "none":
        model += f"+{residual.upper()}"
    return Setting(model, config["color"]["name"], float(config["dropout"]), "" if variant == "all runs" else variant)
