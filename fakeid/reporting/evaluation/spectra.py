"""Mean power spectra of reals and fakes, which show the up-sampling traces of generators."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fakeid.evaluation.ranking import Floats
from fakeid.evaluation.spectrum import compute_azimuthal_average, compute_power_spectrum
from fakeid.reporting.style import DASHES, GRAY, GREEN, ORANGE, PURPLE, SKY, VERMILION, new_figure, shorten, styled

Images = npt.NDArray[np.uint8]

_MOST_SHOWN: Final = 5
"""Maximum number of curves for generators; if there are more generators, the last curve pools the rest."""

_COLORS: Final = (VERMILION, ORANGE, GREEN, PURPLE, SKY)
_TAILS: Final = (2, 99.8)  # percentiles at which the color scale of the maps ends
_NAME_PX: Final = 14
_MAP_PX: Final = 178  # width at which six maps, the maximum, fit side by side on a page


@styled
def plot_spectra(reals: Images, fakes_by_name: Mapping[str, Images]) -> Figure:
    """Plot maps of the log power by frequency, their azimuthal means, and these means relative to the reals.

    Args:
        reals: Real images, RGB uint8 (n, H, W, 3).
        fakes_by_name: Fakes by generator, in the same format and size.

    Returns:
        The figure.
    """
    pooled = _pool({name: images for name, images in fakes_by_name.items() if len(images)})
    spectra = {"reals": compute_power_spectrum(reals)} if len(reals) else {}
    spectra |= {name: compute_power_spectrum(images) for name, images in pooled.items()}
    if not spectra:
        spectra = {"no images": np.full((2, 2), np.nan)}
    heights = (_MAP_PX + 45, 380)
    figure = new_figure(max(1100, 90 + _MAP_PX * len(spectra)), sum(heights))
    halves: Any = figure.subfigures(2, 1, height_ratios=heights)
    above, below = halves
    _draw_maps(above.subplots(1, len(spectra), squeeze=False)[0], spectra)
    profile_ax, ratio_ax = below.subplots(1, 2)
    _draw_profiles(profile_ax, spectra, None)
    _draw_profiles(ratio_ax, spectra, spectra.get("reals"))
    profile_ax.set(title="Azimuthal mean", ylabel="power (dB)")
    ratio_ax.set(title="Relative to the reals", ylabel="dB above reals")
    if profile_ax.lines:
        below.legend(*profile_ax.get_legend_handles_labels(), loc="outside lower center", ncols=6)
    return figure


def _pool(images: Mapping[str, Images]) -> dict[str, Images]:
    if len(images) <= _MOST_SHOWN:
        return dict(images)
    names = list(images)
    shown = {name: images[name] for name in names[: _MOST_SHOWN - 1]}
    rest = names[_MOST_SHOWN - 1 :]
    return shown | {f"{len(rest)} others": np.concatenate([images[name] for name in rest])}


def _draw_maps(axes: Sequence[Axes], spectra: Mapping[str, Floats]) -> None:
    finite = np.concatenate([power[np.isfinite(power)] for power in spectra.values()])
    low, high = np.percentile(finite, _TAILS) if len(finite) else (0.0, 1.0)
    for ax, (name, power) in zip(axes, spectra.items(), strict=True):
        ax.imshow(power, vmin=low, vmax=high, cmap="viridis", interpolation="none", extent=(-0.5, 0.5, 0.5, -0.5))
        ax.set_title(shorten(name, _MAP_PX - 30, _NAME_PX), fontsize=9, loc="center", pad=5)
        ax.grid(visible=False)
        ax.set_axis_off()


def _draw_profiles(ax: Axes, spectra: Mapping[str, Floats], reference: Floats | None) -> None:
    zero = 0.0 if reference is None else compute_azimuthal_average(reference)[1][1:]
    for i, (name, power) in enumerate(spectra.items()):
        if np.isnan(power).any():
            continue
        frequencies, profile = compute_azimuthal_average(power)
        is_real = name == "reals"
        look = {"color": GRAY, "linestyle": "-", "linewidth": 2.6} if is_real else {
            "color": _COLORS[(i - 1) % len(_COLORS)], "linestyle": DASHES[(i - 1) % len(DASHES)]
        }  # fmt: skip
        # Frequency 0 holds nothing, because the mean was subtracted.
        ax.plot(frequencies[1:], 10 * (profile[1:] - zero), label=shorten(name, 260, _NAME_PX), **look)
    ax.set_xlabel("spatial frequency (cycles per pixel)")
    ax.set_xlim(0, 0.5)
