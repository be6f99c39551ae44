"""Photos and their simulated copies: the difference, and the decoder's trace in the spectrum."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from fakeid.evaluation.spectrum import compute_power_spectrum
from fakeid.reporting.style import new_figure, styled

_SIDE_PX: Final = 230
_BRIGHTEST: Final = 99.5  # percentile of the absolute difference that is drawn as white or black
_GRAY: Final = 127.5
_TILES_A_SIDE: Final = 3
_STEPS: Final = 9  # tile positions along a side

Image = npt.NDArray[np.uint8]


@styled
def plot_pairs(pairs: Mapping[str, tuple[Image, Image]]) -> Figure:
    """Draw one row per generator family: photo, copy, difference, and the spectra of both on one scale.

    The difference is amplified about middle gray by the integer factor given in its title. Spectra show the log power
    of each image minus its median filter (Wang et al. 2020), averaged over tiles, with frequency 0 in the middle.

    Args:
        pairs: A photo and its copy by family, RGB uint8 (H, W, 3) of one size; at least one pair.

    Returns:
        The figure.
    """
    figure = new_figure(5 * _SIDE_PX, len(pairs) * (_SIDE_PX + 30))
    grid = figure.subplots(len(pairs), 5, squeeze=False)
    for row, (family, (photo, copy)) in zip(grid, pairs.items(), strict=True):
        factor, difference = amplify_difference(photo, copy)
        spectra = [compute_power_spectrum(cut_tiles(image)) for image in (photo, copy)]
        scale: dict[str, Any] = {"vmin": min(map(np.min, spectra)), "vmax": max(map(np.max, spectra)), "cmap": "gray"}
        shown: list[npt.NDArray[Any]] = [photo, copy, difference, *spectra]
        for ax, image, title in zip(
            row,
            shown,
            ("photo", f"copy: {family}", f"difference times {factor}", "spectrum of the photo", "of the copy"),
            strict=True,
        ):
            ax.imshow(image, interpolation="none", **(scale if image.ndim == 2 else {}))
            ax.set_title(title)
            ax.set_axis_off()
    return figure


def cut_tiles(image: Image) -> npt.NDArray[np.uint8]:
    """Cut an image into overlapping tiles, a third of its sides long, whose averaged spectrum is smooth.

    Args:
        image: Image, RGB uint8 (H, W, 3).

    Returns:
        Tiles, RGB uint8 (N, H // 3, W // 3, 3) with N = 81.
    """
    height, width = (side // _TILES_A_SIDE for side in image.shape[:2])
    rows, columns = (
        np.linspace(0, side - tile, _STEPS).astype(int)
        for side, tile in zip(image.shape[:2], (height, width), strict=True)
    )
    return np.stack([image[top : top + height, left : left + width] for top in rows for left in columns])


def amplify_difference(photo: Image, copy: Image) -> tuple[int, Image]:
    """Amplify the difference between a copy and its photo as far as nearly none of it is clipped.

    Args:
        photo: Photo, RGB uint8 (H, W, 3).
        copy: Copy of the photo, in the same format and size.

    Returns:
        The integer factor, at least 1, and the amplified difference about middle gray, RGB uint8 (H, W, 3).
    """
    difference = copy.astype(np.float32) - photo
    largest = float(np.percentile(np.abs(difference), _BRIGHTEST))
    factor = max(1, int(_GRAY / max(largest, 1)))
    return factor, np.asarray(np.clip(np.rint(_GRAY + factor * difference), 0, 255), np.uint8)
