"""Residuals by name."""

from collections.abc import Callable

from fakeid.errors import ConfigError
from fakeid.models.residuals.base import NoResidual, Residual
from fakeid.models.residuals.bayar import ConstrainedResidual
from fakeid.models.residuals.dwt_hh import DiagonalWaveletResidual
from fakeid.models.residuals.hpf import HighPassResidual
from fakeid.models.residuals.npr import NeighborResidual
from fakeid.models.residuals.srm import SrmResidual


def build_residual(name: str, in_channels: int, *, channels: str = "sum", border: str = "valid") -> Residual:
    """Build a residual layer.

    Args:
        name: `none`, `hpf`, `srm`, `npr`, `bayar` or `dwt_hh`; see the class of each for its source and its range.
        in_channels: Channels of the input.
        channels: For those that filter (`hpf`, `srm`, `bayar`), `sum` over the channels, as in the papers, or `each`
            on its own. The others always keep the channels apart.
        border: For those that filter, `valid`, which removes 4 px from height and width, or `reflect`.

    Returns:
        A layer; only that of `bayar` has parameters.

    Raises:
        ConfigError: If a name is unknown.
    """
    if channels not in ("sum", "each"):
        raise ConfigError(f"hpf_channels must be sum or each, got {channels!r}")
    if border not in ("valid", "reflect"):
        raise ConfigError(f"hpf_border must be valid or reflect, got {border!r}")
    unfiltered: dict[str, type[Residual]] = {
        "none": NoResidual,
        "npr": NeighborResidual,
        "dwt_hh": DiagonalWaveletResidual,
    }
    if name in unfiltered:
        return unfiltered[name](in_channels)
    filters: dict[str, Callable[..., Residual]] = {
        "hpf": HighPassResidual,
        "srm": SrmResidual,
        "bayar": ConstrainedResidual,
    }
    if name in filters:
        return filters[name](in_channels, sum_channels=channels == "sum", reflect=border == "reflect")
    raise ConfigError(f"residual must be one of none, hpf, srm, npr, bayar, dwt_hh, got {name!r}")
