"""Evidence sheet of one image: where its score comes from, compared with a photo known to be genuine."""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from fakeid.evaluation.spectrum import compute_power_spectrum
from fakeid.reporting.style import new_figure, styled

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

_SIDE_PX: Final = 300
_MOST: Final = 6.0
"""Absolute calibrated logit at both ends of the color scale of every sheet; P(fake) is 0.0025 and 0.9975 there."""

_AMPLIFIED: Final = 12
_GRAY: Final = 127.5
_LONGEST_PX: Final = 1024  # longest side as drawn; evidence and residual are computed at full size
_SPECTRUM_PX: Final = 256
_BLUR_PX: Final = 4  # reach of the blur in each direction
_LONGEST_NAME: Final = 26


@dataclass(frozen=True, eq=False)
class LocatedImage:
    """An image and the evidence at each of its pixels.

    Attributes:
        name: Name of the image file.
        rgb_u8: The image as scored, RGB uint8 (H, W, 3).
        evidence: Evidence map (H, W) on the scale of the calibrated logit; NaN where nothing is scored.
    """

    name: str
    rgb_u8: Image
    evidence: Floats


@styled
def plot_evidence(image: LocatedImage, genuine: LocatedImage, heading: str) -> Figure:
    """Draw an image with its evidence, residual and spectrum above the same panels for a genuine photo.

    Evidence is drawn on one fixed scale: the calibrated logit that the whole image would have if all of it were like
    this place. Residuals are the image minus its Gaussian blur with a sigma of one pixel, amplified about middle gray.
    Spectra show the log power of the image minus its median filter, with frequency 0 in the middle; both share one
    scale.

    Args:
        image: The image under examination.
        genuine: A photo that is known to be genuine.
        heading: Verdict and reason.

    Returns:
        The figure.
    """
    figure = new_figure(4 * _SIDE_PX + 60, 2 * _SIDE_PX + 90)
    figure.suptitle(heading, x=0.01, ha="left", fontsize=10, wrap=True)
    grid = figure.subplots(2, 4)
    spectra = [compute_power_spectrum(_cut_center(each.rgb_u8)[None]) for each in (image, genuine)]
    scale: dict[str, Any] = {"vmin": min(map(np.min, spectra)), "vmax": max(map(np.max, spectra)), "cmap": "gray"}
    drawn: Any = None
    for row, each, spectrum, kind in zip(grid, (image, genuine), spectra, ("", "genuine: "), strict=True):
        row[0].imshow(_shrink(each.rgb_u8))
        row[0].set_title(_shorten(f"{kind}{each.name}"))
        drawn = row[1].imshow(_shrink(each.evidence), cmap="RdBu_r", vmin=-_MOST, vmax=_MOST, interpolation="none")
        row[1].set_title(f"evidence, mean {np.nanmean(each.evidence):+.1f}")
        row[2].imshow(_amplify_center(each.rgb_u8), interpolation="none")
        row[2].set_title(f"residual times {_AMPLIFIED}, middle")
        row[3].imshow(spectrum, interpolation="none", **scale)
        row[3].set_title("spectrum, middle")
        for ax in row:
            ax.set_axis_off()
    bar = figure.colorbar(drawn, ax=grid[:, 1], location="bottom", shrink=0.9, aspect=30)
    bar.set_label("below 0 for real, above 0 for fake")
    return figure


def _shorten(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 9]}…{name[-8:]}"


def _cut_center(image: Image) -> Image:
    side = min(_SPECTRUM_PX, image.shape[0], image.shape[1])
    top, left = ((length - side) // 2 for length in image.shape[:2])
    center: Image = image[top : top + side, left : left + side]
    return center


def _amplify_center(rgb_u8: Image) -> Image:
    """Amplify the residual of the center alone, because that of a large photo would take a gigabyte."""
    side = min(_SPECTRUM_PX, *rgb_u8.shape[:2])
    top, left = ((length - side) // 2 for length in rgb_u8.shape[:2])
    above, before = min(top, _BLUR_PX), min(left, _BLUR_PX)
    levels = rgb_u8[top - above : top + side + _BLUR_PX, left - before : left + side + _BLUR_PX].astype(np.float32)
    residual = (levels - cv2.GaussianBlur(levels, (0, 0), 1.0))[above : above + side, before : before + side]
    return np.asarray(np.clip(_GRAY + _AMPLIFIED * residual, 0, 255), np.uint8)


def _shrink(pixels: Any) -> Any:
    factor = _LONGEST_PX / max(pixels.shape[:2])
    return pixels if factor >= 1 else cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
