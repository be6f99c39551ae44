"""Define the names of degradations as typed on the command line. Imports no OpenCV and touches no pixels."""

from dataclasses import dataclass
from typing import Final

from fakeid.errors import ConfigError

NO_DEGRADATION: Final = "none"
"""Name of the absence of a degradation, for clean images."""

DEFAULT_DEGRADATIONS: Final = (
    *("jpeg-95", "jpeg-90", "jpeg-75", "jpeg-50", "jpeg-30"),
    *("webp-80", "webp-50"),
    *("blur-1", "blur-2"),
    *("downup-0.75", "downup-0.5"),
    "crop-0.8",
    *("noise-2", "noise-8"),
    "social",
)
"""Degradations of a full robustness test, in addition to clean images (`none`); each kind from mild to strong."""


@dataclass(frozen=True)
class _Strength:
    """Meaning and range of the number that follows a degradation's name."""

    meaning: str
    low: float
    high: float
    whole: bool = False

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high and (value.is_integer() or not self.whole)

    def __str__(self) -> str:
        return f"{self.meaning} ({'a whole number ' * self.whole}from {self.low:g} to {self.high:g})"


_STRENGTHS: Final[dict[str, _Strength | None]] = {
    NO_DEGRADATION: None,
    "jpeg": _Strength("QUALITY", 1, 100, whole=True),
    "webp": _Strength("QUALITY", 1, 100, whole=True),
    "blur": _Strength("SIGMA_PX", 0.1, 20),
    "downup": _Strength("SCALE", 0.05, 1),
    "crop": _Strength("SHARE", 0.05, 1),
    "noise": _Strength("SIGMA_LEVELS", 0.1, 100),
    "social": None,
}


@dataclass(frozen=True)
class Degradation:
    """One degradation, made by `parse_degradation`; `fakeid.images.degrade` describes what each does.

    Its `str` is the unique word used on the command line and in the scores.

    Attributes:
        name: `none`, `jpeg`, `webp`, `blur`, `downup`, `crop`, `noise` or `social`.
        strength: JPEG or WebP quality, sigma of the blur in pixels, scale, share of each side that is kept, or sigma
            of the noise in 8-bit levels; None for `none` and `social`.
    """

    name: str
    strength: float | None = None

    def __post_init__(self) -> None:
        assert _is_known(self.name, self.strength), f"no such degradation: {self.name} {self.strength}"

    def __str__(self) -> str:
        return self.name if self.strength is None else f"{self.name}-{str(float(self.strength)).removesuffix('.0')}"


def parse_degradation(word: str) -> Degradation:
    """Parse a degradation such as `jpeg-75`, `blur-1.5` or `social`.

    Args:
        word: Name, followed by a hyphen and a number if the degradation has a strength.

    Returns:
        Degradation whose `str` is its shortest form: `blur-1.50` becomes `blur-1.5`.

    Raises:
        ConfigError: The name is unknown, or the strength is missing, superfluous or out of range.
    """
    name, hyphen, number = word.partition("-")
    try:
        strength = float(number) if hyphen else None
    except ValueError:
        strength = float("nan")  # in no range
    if not _is_known(name, strength):
        known = [name if strength is None else f"{name}-{strength}" for name, strength in _STRENGTHS.items()]
        raise ConfigError(
            f"a degradation must be {', '.join(known[:-1])} or {known[-1]}, for example jpeg-75, got {word!r}"
        )
    return Degradation(name, strength)


def _is_known(name: str, strength: float | None) -> bool:
    if name not in _STRENGTHS:
        return False
    allowed = _STRENGTHS[name]
    if allowed is None or strength is None:
        return allowed is None and strength is None
    return allowed.holds(float(strength))
