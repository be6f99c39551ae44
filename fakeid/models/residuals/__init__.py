"""Residuals, which remain when the content of an image is removed: one file for each, all listed here."""

from typing import Final

from fakeid.errors import ConfigError
from fakeid.models.residuals.base import FilterResidual, NoResidual, Residual
from fakeid.models.residuals.bayar import ConstrainedResidual
from fakeid.models.residuals.dwt_hh import DiagonalWaveletResidual
from fakeid.models.residuals.hpf import HighPassResidual
from fakeid.models.residuals.npr import NeighborResidual
from fakeid.models.residuals.srm import SrmResidual

__all__ = ["RESIDUALS", "FilterResidual", "Residual", "build_residual"]

RESIDUALS: Final[dict[str, type[Residual]]] = {
    "none": NoResidual,
    "hpf": HighPassResidual,
    "srm": SrmResidual,
    "npr": NeighborResidual,
    "bayar": ConstrainedResidual,
    "dwt_hh": DiagonalWaveletResidual,
}
"""Residual classes by option value, as in `fakeid.config.choices.ResidualName`."""


def build_residual(name: str, in_channels: int, *, channels: str = "sum", border: str = "valid") -> Residual:
    """Build a residual layer.

    Args:
        name: A key of `RESIDUALS`; see the class of each for its source and range.
        in_channels: Number of input channels.
        channels: For a `FilterResidual`, `sum` over the channels, as in the papers, or `each` on its own. The others
            always keep the channels apart.
        border: For a `FilterResidual`, `valid`, which removes 4 px from height and width, or `reflect`.

    Returns:
        The layer; only that of `bayar` has parameters.

    Raises:
        ConfigError: A name is unknown.
    """
    if channels not in ("sum", "each"):
        raise ConfigError(f"hpf_channels must be sum or each, got {channels!r}")
    if border not in ("valid", "reflect"):
        raise ConfigError(f"hpf_border must be valid or reflect, got {border!r}")
    if name not in RESIDUALS:
        raise ConfigError(f"residual must be one of {', '.join(RESIDUALS)}, got {name!r}")
    kind = RESIDUALS[name]
    if issubclass(kind, FilterResidual):
        return kind(in_channels, sum_channels=channels == "sum", reflect=border == "reflect")
    return kind(in_channels)
